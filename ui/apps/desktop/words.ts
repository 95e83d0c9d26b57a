// What the desktop's screens say things with.
import { speaker, type PartWords, type Source } from '$lib/i18n';
import type { DesktopWords } from './words/en';

export const source: Source = { en: () => import('./words/en'), ko: () => import('./words/ko') };

export const t = speaker<DesktopWords & PartWords>();
