// The newest commit of a deployment, asked for once and again when another release serves.
import { api, taken, type Deployment, type Release } from './client';

export type Commit = Pick<Release, 'commit' | 'subject' | 'branch' | 'number'>;

class Commits {
  #known = $state.raw<ReadonlyMap<string, Commit>>(new Map());
  #asked = new Set<string>();

  /** Absent while it is not known. */
  of(one: Deployment): Commit | undefined {
    return this.#known.get(keyOf(one)) ?? this.#known.get(one.id);
  }

  /** To be called where it is shown. */
  async ask(one: Deployment): Promise<void> {
    const key = keyOf(one);
    if (this.#asked.has(key)) return;
    this.#asked.add(key);
    try {
      const params = { path: { deployment: one.id }, query: { limit: 10 } };
      const { items } = await taken(api.GET('/v1/deployments/{deployment}/releases', { params }));
      const serving = items.find((release) => release.number === one.release) ?? items[0];
      if (serving) this.#known = new Map([...this.#known, [key, serving], [one.id, serving]]);
    } catch {
      this.#asked.delete(key);
    }
  }
}

const keyOf = (one: Deployment) => `${one.id} ${one.release ?? 0}`;

export const commits = new Commits();
