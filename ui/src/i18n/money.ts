// Amounts of a token. They come as decimal strings of base units and are never made into floating point before they are
// rounded for a person. Pure.
import { number } from './number';
import type { Language } from './speech.svelte';

export interface Coin {
  symbol: string | null;
  decimals: number;
  worth: Partial<Record<string, string>>;
}

const CURRENCIES: Record<Language, string> = { en: 'USD', ko: 'KRW' };

/** Base units as an exact decimal number of tokens, without needless zeros: `0.479834`. */
export function exact(base: string, decimals: number): string {
  const negative = base.startsWith('-');
  const digits = base.replace('-', '').padStart(decimals + 1, '0');
  const whole = digits.slice(0, digits.length - decimals) || '0';
  const part = decimals === 0 ? '' : digits.slice(-decimals).replace(/0+$/, '');
  return `${negative ? '-' : ''}${whole}${part === '' ? '' : `.${part}`}`;
}

/** Tokens as a person reads them: two decimals, or as many as show the first two digits that are not zero. */
export function tokens(base: string, decimals: number, language: Language): string {
  const value = Number(exact(base, decimals));
  const size = Math.abs(value);
  const digits = size === 0 || size >= 1 ? 2 : Math.min(decimals, 1 - Math.floor(Math.log10(size)));
  return number(value, language, Math.max(2, digits), Math.min(2, decimals));
}

/** A person's number of tokens as base units; absent when it is not one. */
export function baseUnits(text: string, decimals: number): string | undefined {
  const match = /^(\d{1,20})(?:\.(\d*))?$/.exec(text.trim());
  if (!match) return undefined;
  const part = (match[2] ?? '').replace(/0+$/, '');
  if (part.length > decimals) return undefined;
  return BigInt(`${match[1]}${part.padEnd(decimals, '0')}`).toString();
}

/** What an amount is about worth, in the reader's currency; absent where nobody says. */
export function worth(base: string, coin: Coin, language: Language): string | undefined {
  const wished = CURRENCIES[language];
  const currency = coin.worth[wished] === undefined ? Object.keys(coin.worth)[0] : wished;
  const price = currency === undefined ? undefined : Number(coin.worth[currency]);
  if (currency === undefined || price === undefined || !Number.isFinite(price)) return undefined;
  return currencyText(Number(exact(base, coin.decimals)) * price, currency, language);
}

/** An amount of a currency, with more decimals the smaller it is. */
export function currencyText(value: number, currency: string, language: Language): string {
  const digits = currency === 'KRW' ? (Math.abs(value) < 10 ? 1 : 0) : Math.abs(value) < 0.1 ? 4 : 2;
  const sign = value < 0 ? '-' : '';
  const shown = number(Math.abs(value), language, digits, currency === 'KRW' ? 0 : 2);
  if (currency === 'KRW') return language === 'ko' ? `${sign}${shown}원` : `${sign}₩${shown}`;
  return currency === 'USD' ? `${sign}$${shown}` : `${sign}${shown} ${currency}`;
}
