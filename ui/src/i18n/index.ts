// What parts and screens say things with, in the language that is spoken now.
import type { PartWords } from './en';
import * as moneyText from './money';
import * as numberText from './number';
import { speaker, speech } from './speech.svelte';
import * as timeText from './time';

export { also, bring, speaker, speech, systemLanguage, type Language, type Source } from './speech.svelte';
export type { Coin } from './money';
export type { PartWords } from './en';

/** The words of parts. */
export const say = speaker<PartWords>();

/** Numbers, money and time in the language that is spoken now. */
export const show = {
  number: (value: number, digits = 0) => numberText.number(value, speech.language, digits),
  bytes: (value: number) => numberText.bytes(value, speech.language),
  rate: (value: number) => numberText.rate(value, speech.language),
  processors: (milli: number) => numberText.processors(milli, speech.language),
  percent: (part: number, whole: number) => numberText.percent(part, whole, speech.language),
  tokens: (base: string, decimals: number) => moneyText.tokens(base, decimals, speech.language),
  worth: (base: string, coin: moneyText.Coin) => moneyText.worth(base, coin, speech.language),
  currency: (value: number, currency: string) => moneyText.currencyText(value, currency, speech.language),
  duration: (ms: number, short = false) => timeText.duration(ms, speech.language, short),
  shortSpan: (ms: number) => timeText.shortSpan(ms, speech.language),
  exactTime: (at: number) => timeText.exactTime(at, speech.language),
  clockTime: (at: number, now: number) => timeText.clockTime(at, now, speech.language),
  day: (at: number, now: number) => timeText.day(at, now, speech.language),
  month: (text: string) => timeText.month(text, speech.language),
  relative: (at: number, now: number) => timeText.relative(at, now, speech.language),
};

/** A failure as it comes over a wire. */
export interface ProblemText {
  code: string;
  message: string;
  next: string;
}

/** A failure in the words of screens: by code where we have words, else as it came. */
export function problemWords(problem: ProblemText): ProblemText {
  return {
    code: problem.code,
    message: speech.maybe(`problem.${problem.code}`) ?? problem.message,
    next: speech.maybe(`problem.${problem.code}.next`) ?? problem.next,
  };
}
