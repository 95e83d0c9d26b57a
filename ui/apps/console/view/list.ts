// Finding and sorting among what is loaded, so that typing is answered at once. Pure.
import type { Project } from '../client';

export const SORTS = ['-updated_at', 'name', '-created_at'] as const;
export type Sort = (typeof SORTS)[number];

/** Names compare the same in every language and at every speed. */
const byName = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0);

const BY: Record<Sort, (a: Project, b: Project) => number> = {
  '-updated_at': (a, b) => byName(b.updated_at, a.updated_at) || byName(a.name, b.name),
  '-created_at': (a, b) => byName(b.created_at, a.created_at) || byName(a.name, b.name),
  name: (a, b) => byName(a.name, b.name),
};

/** What matches a text, sorted. */
export function found(all: Iterable<Project>, text: string, sort: Sort): Project[] {
  const wanted = text.trim().toLowerCase();
  const list = [...all].filter((one) => wanted === '' || one.name.toLowerCase().includes(wanted));
  return list.sort(BY[sort]);
}
