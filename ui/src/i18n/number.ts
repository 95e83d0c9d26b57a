// Numbers as people read them. Pure: language and values come in, text goes out.
import type { Language } from './speech.svelte';

const LOCALE: Record<Language, string> = { en: 'en-GB', ko: 'ko-KR' };
const KIB = 1024;
const SIZES = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];

/** A number with at most `digits` decimals, and at least `least`. */
export function number(value: number, language: Language, digits = 0, least = 0): string {
  return value.toLocaleString(LOCALE[language], { maximumFractionDigits: digits, minimumFractionDigits: least });
}

/** `512 MiB`, `1.5 GiB`. One decimal below ten, none above. */
export function bytes(value: number, language: Language): string {
  let size = value;
  let step = 0;
  while (Math.abs(size) >= KIB && step < SIZES.length - 1) {
    size /= KIB;
    step += 1;
  }
  return `${number(size, language, size < 10 && step > 0 ? 1 : 0)} ${SIZES[step]}`;
}

/** `1.2 MiB/s`. */
export function rate(perSecond: number, language: Language): string {
  return `${bytes(perSecond, language)}/s`;
}

/** Thousandths of a processor as processors: `0.5`, `2`. */
export function processors(milli: number, language: Language): string {
  return number(milli / 1000, language, milli % 1000 === 0 ? 0 : milli < 1000 ? 2 : 1);
}

/** `42 %`; `part` of `whole`. */
export function percent(part: number, whole: number, language: Language): string {
  const value = whole <= 0 ? 0 : (100 * part) / whole;
  return `${number(value, language, value > 0 && value < 10 ? 1 : 0)}${language === 'ko' ? '%' : ' %'}`;
}
