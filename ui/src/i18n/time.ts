// Points in time and lengths of time as people read them. Pure: the clock is an argument.
import type { Language } from './speech.svelte';

const LOCALE: Record<Language, string> = { en: 'en-GB', ko: 'ko-KR' };
const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

const UNITS: Record<Language, Record<'d' | 'h' | 'min' | 's', string>> = {
  en: { d: ' d', h: ' h', min: ' min', s: ' s' },
  ko: { d: '일', h: '시간', min: '분', s: '초' },
};

/** `3 h 12 min`, `45 s`; the two largest units, and one when `short`. */
export function duration(ms: number, language: Language, short = false): string {
  const units = UNITS[language];
  const left = Math.max(0, Math.floor(ms / SECOND)) * SECOND;
  const parts: [number, string][] = [
    [Math.floor(left / DAY), units.d],
    [Math.floor((left % DAY) / HOUR), units.h],
    [Math.floor((left % HOUR) / MINUTE), units.min],
    [Math.floor((left % MINUTE) / SECOND), units.s],
  ];
  const first = parts.findIndex(([count]) => count > 0);
  if (first === -1) return `0${units.s}`;
  // Seconds beside minutes say nothing after the first ten of them.
  const width = short || (first === 2 && left >= 10 * MINUTE) ? 1 : 2;
  const shown = parts.slice(first, first + width).filter(([count]) => count > 0);
  return shown.map(([count, unit]) => `${count}${unit}`).join(' ');
}

/** Milliseconds of a machine: `18 ms`, `2.9 s`. */
export function shortSpan(ms: number, language: Language): string {
  if (ms < SECOND) return `${Math.round(ms)} ms`;
  const seconds = (ms / SECOND).toLocaleString(LOCALE[language], { maximumFractionDigits: 1 });
  return ms < MINUTE ? `${seconds}${UNITS[language].s}` : duration(ms, language);
}

/** The point in time, exactly. */
export function exactTime(at: number, language: Language): string {
  return new Date(at).toLocaleString(LOCALE[language], { dateStyle: 'medium', timeStyle: 'medium' });
}

/** The time of day when it is today, else the day and the time. */
export function clockTime(at: number, now: number, language: Language): string {
  const same = new Date(at).toDateString() === new Date(now).toDateString();
  const time = new Date(at).toLocaleTimeString(LOCALE[language], { hour: 'numeric', minute: '2-digit' });
  if (same) return time;
  return `${day(at, now, language)} ${time}`;
}

/** `Thu 26 Nov`, with the year when it is another. */
export function day(at: number, now: number, language: Language): string {
  const year = new Date(at).getFullYear() === new Date(now).getFullYear() ? undefined : ('numeric' as const);
  return new Date(at).toLocaleDateString(LOCALE[language], { year, month: 'short', day: 'numeric', weekday: 'short' });
}

/** `November 2026`, from `2026-11`. */
export function month(text: string, language: Language): string {
  const [year = 0, number = 1] = text.split('-').map(Number);
  return new Date(year, number - 1, 1).toLocaleDateString(LOCALE[language], { year: 'numeric', month: 'long' });
}

/** `just now`, `3 min ago`, `in 2 h`. */
export function relative(at: number, now: number, language: Language): string {
  const off = at - now;
  if (Math.abs(off) < 5 * SECOND) return language === 'ko' ? '방금' : 'just now';
  const length = duration(Math.abs(off), language, true);
  if (language === 'ko') return off < 0 ? `${length} 전` : `${length} 뒤`;
  return off < 0 ? `${length} ago` : `in ${length}`;
}
