// What the console says things with.
import { speaker, type PartWords, type Source } from '$lib/i18n';
import type { ConsoleWords } from './words/en';

export const source: Source = { en: () => import('./words/en'), ko: () => import('./words/ko') };

export const t = speaker<ConsoleWords & PartWords>();
