// The lines that a person reads before signing or sending. Every field of a struct has its line; a field that nobody has
// words for is shown as it is, and never left out. Pure, but for the words.
import { show } from '$lib/i18n';
import { exact } from '$lib/i18n/money';
import type { ChainView } from '../client';
import { t } from '../words';
import type { Typed } from './typed';

export interface Fact {
  label: string;
  value: string;
  /** An address or hash, compared letter by letter. */
  code?: boolean;
}

const DAY = 86_400;
const ZERO = '0x0000000000000000000000000000000000000000';

/** Base units exactly, with the symbol: what is signed is not rounded. */
export function units(base: string, chain: Pick<ChainView, 'decimals' | 'symbol'>): string {
  return `${exact(base, chain.decimals)} ${chain.symbol}`;
}

export function moment(seconds: number): string {
  // Beyond what a date can be, the number itself is the truth.
  return Math.abs(seconds) > 8.64e12 ? String(seconds) : show.exactTime(seconds * 1000);
}

/** After how long a cap is fresh again. */
export function span(seconds: number): string {
  if (seconds === 0) return t('mandate.per_never');
  if (seconds === DAY) return t('mandate.per_day');
  if (seconds === 7 * DAY) return t('mandate.per_week');
  if (seconds === 30 * DAY) return t('mandate.per_month');
  return t('mandate.per_seconds', { seconds });
}

/** Every line of what is signed, from that itself. */
export function factsOf(typed: Typed, chain: ChainView): Fact[] {
  const { message, domain } = typed;
  const amount = (name: string) => units(String(message[name]), chain);
  const words: Record<string, () => Fact> = {
    tenant: () => ({ label: t('fact.pays'), value: String(message['tenant']), code: true }),
    owner: () => ({ label: t('fact.from'), value: String(message['owner']), code: true }),
    spender: () => ({ label: t('fact.taker'), value: String(message['spender']), code: true }),
    token: () => {
      const token = String(message['token']);
      return { label: t('fact.token'), value: token === ZERO ? t('fact.coin') : token, code: token !== ZERO };
    },
    ratePerHourMax: () => ({
      label: t('fact.rate_max'),
      value: t('fact.rate_max_value', { amount: amount('ratePerHourMax') }),
    }),
    cap: () => ({ label: t('fact.cap'), value: amount('cap') }),
    value: () => ({ label: t('fact.amount'), value: amount('value') }),
    period: () => ({ label: t('fact.period'), value: span(Number(message['period'])) }),
    start: () => ({ label: t('fact.start'), value: moment(Number(message['start'])) }),
    expiry: () => ({ label: t('fact.expiry'), value: moment(Number(message['expiry'])) }),
    deadline: () => ({ label: t('fact.deadline'), value: moment(Number(message['deadline'])) }),
    salt: () => ({ label: t('fact.salt'), value: String(message['salt']) }),
    nonce: () => ({ label: t('fact.salt'), value: String(message['nonce']) }),
  };
  const lines = Object.keys(message).map(
    (name) => words[name]?.() ?? { label: name, value: String(message[name]), code: true },
  );
  return [
    ...lines,
    { label: t('fact.contract'), value: domain.verifyingContract, code: true },
    { label: t('fact.chain'), value: String(domain.chainId) },
  ];
}
