// Collections that are replaced instead of changed, so that whoever reads them sees it. Pure.

interface Keyed {
  id: string;
}

/** With these, each in the place of the one with its id. */
export function including<T extends Keyed>(all: ReadonlyMap<string, T>, items: Iterable<T>): ReadonlyMap<string, T> {
  const next = new Map(all);
  for (const item of items) next.set(item.id, item);
  return next;
}

export function excluding<T>(all: ReadonlyMap<string, T>, ids: readonly string[]): ReadonlyMap<string, T> {
  return new Map([...all].filter(([id]) => !ids.includes(id)));
}

export function grouped<T>(items: Iterable<T>, by: (item: T) => string): ReadonlyMap<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const item of items) {
    const group = groups.get(by(item));
    if (group) group.push(item);
    else groups.set(by(item), [item]);
  }
  return groups;
}
