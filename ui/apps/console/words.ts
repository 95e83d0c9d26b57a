// What the console says things with.
import { also, speaker, type PartWords, type Source } from '$lib/i18n';
import type { ConsoleWords } from './words/en';

export const source: Source = { en: () => import('./words/en'), ko: () => import('./words/ko') };

/** Words that one page alone says. */
const OWN = {
  audit: { en: () => import('./words/en.audit'), ko: () => import('./words/ko.audit') },
  wallet: { en: () => import('./words/en.wallet'), ko: () => import('./words/ko.wallet') },
} as const satisfies Record<string, Source>;

/** A page that is loaded together with words of its own. */
export async function saying<P>(words: keyof typeof OWN, page: Promise<P>): Promise<P> {
  const [loaded] = await Promise.all([page, also(OWN[words])]);
  return loaded;
}

export const t = speaker<ConsoleWords & PartWords>();
