// What differs between two releases, as their owner would ask. Pure.
import type { Release } from '../client';

export interface Change {
  what: 'commit' | 'branch' | 'platform' | 'image' | 'size' | 'archive';
  before: string | undefined;
  after: string | undefined;
}

export interface Diff {
  changes: Change[];
  /** Keys of the environment: values are nobody's business here. */
  added: string[];
  removed: string[];
  /** Lines of the plan that differ, such as `port: 3000`. */
  plan: { before: string[]; after: string[] };
  /** How much larger the image is, in bytes. */
  grown: number | undefined;
}

const PARTS = [
  ['commit', (one) => one.commit],
  ['branch', (one) => one.branch],
  ['archive', (one) => (one.commit ? undefined : one.source_digest)],
  ['platform', (one) => one.platform],
  ['image', (one) => one.image],
] as const satisfies [Change['what'], (one: Release) => string | null | undefined][];

/** A plan as lines that can be compared: `warnings.0: …`; the Dockerfile line by line. */
export function planLines(plan: unknown, path = ''): string[] {
  if (plan === null || plan === undefined) return [];
  if (typeof plan === 'string' && plan.includes('\n')) return plan.split('\n').map((line) => `${path}| ${line}`);
  if (typeof plan !== 'object') return [`${path}: ${String(plan)}`];
  const keys = Object.entries(plan as Record<string, unknown>);
  return keys.flatMap(([key, value]) => planLines(value, path === '' ? key : `${path}.${key}`));
}

function without(lines: string[], others: string[]): string[] {
  const left = new Map<string, number>();
  for (const line of others) left.set(line, (left.get(line) ?? 0) + 1);
  return lines.filter((line) => {
    const count = left.get(line) ?? 0;
    if (count > 0) left.set(line, count - 1);
    return count === 0;
  });
}

/** From one release to a later one. */
export function diff(before: Release, after: Release): Diff {
  const changes: Change[] = [];
  for (const [what, of] of PARTS) {
    const [was, is] = [of(before) ?? undefined, of(after) ?? undefined];
    if (was !== is) changes.push({ what, before: was, after: is });
  }
  const [had, has] = [before.env_keys ?? [], after.env_keys ?? []];
  const [old, fresh] = [planLines(before.plan), planLines(after.plan)];
  const sizes = [before.image_bytes, after.image_bytes];
  return {
    changes,
    added: has.filter((key) => !had.includes(key)),
    removed: had.filter((key) => !has.includes(key)),
    plan:
      before.plan && after.plan
        ? { before: without(old, fresh), after: without(fresh, old) }
        : { before: [], after: [] },
    grown: typeof sizes[0] === 'number' && typeof sizes[1] === 'number' ? sizes[1] - sizes[0] : undefined,
  };
}

export function isSame(one: Diff): boolean {
  const { changes, added, removed, plan } = one;
  return changes.length + added.length + removed.length + plan.before.length + plan.after.length === 0;
}
