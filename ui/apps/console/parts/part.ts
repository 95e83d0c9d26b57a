// The parts of a project that a deployment can be, with what each means.
import type { Deployment } from '../client';
import { t } from '../words';

export type Part = NonNullable<Deployment['part']>;

/** `taken`: the deployment that is the back end already. */
export function partOptions(taken: string | undefined) {
  return [
    { key: 'front_end' as const, label: t('new.part_front'), hint: t('new.part_front_hint'), disabled: false },
    {
      key: 'back_end' as const,
      label: t('new.part_back'),
      hint: taken === undefined ? t('new.part_back_hint') : t('new.part_taken', { name: taken }),
      disabled: taken !== undefined,
    },
    { key: 'alone' as const, label: t('new.part_alone'), hint: t('new.part_alone_hint'), disabled: false },
  ];
}
