// Limits as sliders show them. Pure.
import type { Bounds, Limits } from '$lib/generated/desk';

const GIB = 1024 ** 3;
const MIB = 1024 ** 2;

/** Steps that land on whole numbers people think in. */
export const STEP = { cpu: 250, memory: 256 * MIB, disk: GIB };

/** A value on the grid of a step and within bounds. */
export function snap(value: number, step: number, [least, most]: [number, number]): number {
  return Math.min(most, Math.max(least, Math.round(value / step) * step));
}

export interface Changed {
  limits: Limits;
  changed: boolean;
}

/** Whether two limits are the same. */
export function same(a: Limits, b: Limits): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}

/** Mistakes that can be seen without asking, by field. */
export function faults(
  limits: Limits,
  bounds: Bounds,
): Partial<Record<keyof Limits, 'range' | 'order' | 'few' | 'least'>> {
  const found: ReturnType<typeof faults> = {};
  const [first, last] = bounds.port;
  if (limits.port_first < first || limits.port_first > last || !Number.isInteger(limits.port_first))
    found.port_first = 'range';
  if (limits.port_last < first || limits.port_last > last || !Number.isInteger(limits.port_last))
    found.port_last = 'range';
  else if (limits.port_last < limits.port_first) found.port_last = 'order';
  else if (limits.port_last - limits.port_first + 1 < bounds.ports_min) found.port_last = 'few';
  if (limits.download !== null && limits.download < bounds.bandwidth_min) found.download = 'least';
  if (limits.upload !== null && limits.upload < bounds.bandwidth_min) found.upload = 'least';
  return found;
}
