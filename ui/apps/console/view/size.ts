// Sizes that one can choose, and how long money lasts with one more. Pure.
import type { Billing } from '../client';

const MIB = 1024 * 1024;

export interface Size {
  key: 'small' | 'medium' | 'large' | 'huge';
  memory: number;
  /** Thousandths of a processor. */
  cpu: number;
}

export const SIZES = [
  { key: 'small', memory: 256 * MIB, cpu: 250 },
  { key: 'medium', memory: 512 * MIB, cpu: 1000 },
  { key: 'large', memory: 2048 * MIB, cpu: 2000 },
  { key: 'huge', memory: 8192 * MIB, cpu: 4000 },
] as const satisfies [Size, Size, ...Size[]];

const HOUR_MS = 3_600_000;

/** How long the free money lasts when this is added to what runs, in milliseconds; absent where nothing costs anything. */
export function lasts(view: Pick<Billing, 'free' | 'cost_per_hour'>, perHour: string): number | undefined {
  const rate = BigInt(view.cost_per_hour) + BigInt(perHour);
  if (rate <= 0n) return undefined;
  return Number((BigInt(view.free) * BigInt(HOUR_MS)) / rate);
}

/** Whether the free money is enough for what a fixed term costs. */
export function enough(view: Pick<Billing, 'free'>, cost: string): boolean {
  return BigInt(view.free) >= BigInt(cost);
}

/** Codes that a visit to the wallet mends. */
export const PAID: readonly string[] = [
  'wallet_required',
  'mandate_required',
  'mandate_exhausted',
  'mandate_invalid',
  'funds_insufficient',
];
