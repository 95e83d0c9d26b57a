// Why something is not offered to this reader, in words: their role, or the token that they came in with.
import { session } from '../session.svelte';
import { t } from '../words';
import type { Action, Denied } from './rules';

export const deniedText = (why: Denied): string =>
  'role' in why
    ? t('denied.role', { role: t(`role.${why.role}`) })
    : t('denied.scope', { scope: t(`scope.${why.scope}`) });

/** The reason; absent when the action is allowed. */
export function whyNot(action: Action): string | undefined {
  const why = session.denied(action);
  return why && deniedText(why);
}
