// The team's deployments as they are now: told by the coordinator, never asked again and again. Pages read what stands here.
import type { ProblemText } from '$lib/i18n';
import { api, problemOf, taken, type Deployment } from './client';
import { follow } from './stream';
import { excluding, including } from './view/keyed';

/** `stale`: nothing new is heard since `since`. `offline`: the same, and this machine has no line. */
export type Standing = 'loading' | 'live' | 'stale' | 'offline';

/** So many the first event has at most; more are fetched when they are looked at. */
const FIRST_MAX = 200;
/** A break that is mended at once is nobody's business. */
const GRACE_MS = 2500;
/** What nobody looks at gives its connection back: a browser has six for one host. */
const UNSEEN_MS = 20_000;

interface News {
  items: Deployment[];
  gone: string[];
}

class Live {
  standing = $state<Standing>('loading');
  /** When the last news came before the break. */
  since = $state(0);
  problem = $state.raw<ProblemText>();
  /** Grow when something of it changed. */
  heard = $state({ projects: 0, billing: 0 });
  #all = $state.raw<ReadonlyMap<string, Deployment>>(new Map());
  #stop: (() => void) | undefined;
  #first = true;
  #grace: ReturnType<typeof setTimeout> | undefined;

  /** Newest change first. */
  readonly deployments = $derived(
    [...this.#all.values()].sort((a, b) => (a.updated_at < b.updated_at ? 1 : a.updated_at > b.updated_at ? -1 : 0)),
  );

  /** By id or name. */
  find(key: string): Deployment | undefined {
    return this.#all.get(key) ?? this.deployments.find((one) => one.name === key);
  }

  /** Begins to hear, until the returned function is called. */
  start(): () => void {
    let unseen: ReturnType<typeof setTimeout> | undefined;
    const looked = () => {
      clearTimeout(unseen);
      if (!document.hidden) this.#connect();
      else unseen = setTimeout(() => this.#disconnect(), UNSEEN_MS);
    };
    const offline = () => this.#lost(true);
    document.addEventListener('visibilitychange', looked);
    window.addEventListener('offline', offline);
    this.#connect();
    return () => {
      clearTimeout(unseen);
      document.removeEventListener('visibilitychange', looked);
      window.removeEventListener('offline', offline);
      this.#disconnect();
      this.forget();
    };
  }

  /** Asks for everything again, as after another team was chosen. */
  restart(): void {
    this.#disconnect();
    this.forget();
    this.#connect();
  }

  forget(): void {
    clearTimeout(this.#grace);
    this.#all = new Map();
    this.standing = 'loading';
    this.problem = undefined;
  }

  /** What an answer told, unless something newer is known. */
  put(...views: Deployment[]): void {
    const fresh = views.filter((view) => (this.#all.get(view.id)?.updated_at ?? '') <= view.updated_at);
    this.#all = including(this.#all, fresh);
  }

  drop(...ids: string[]): void {
    if (!ids.some((id) => this.#all.has(id))) return;
    this.#all = excluding(this.#all, ids);
  }

  /** Fetches one by id or name. Throws a failure; what is gone is dropped. */
  async read(key: string): Promise<Deployment> {
    try {
      const view = await taken(api.GET('/v1/deployments/{deployment}', { params: { path: { deployment: key } } }));
      this.put(view);
      return view;
    } catch (thrown) {
      const known = this.find(key);
      if (problemOf(thrown).code === 'not_found' && known) this.drop(known.id);
      throw thrown;
    }
  }

  #connect(): void {
    this.#stop ??= follow({
      path: '/v1/events',
      onopen: () => (this.#first = true),
      onevent: ({ event, data }) => this.#hear(event, data),
      onlost: (problem) => {
        if (problem?.code === 'not_found' || problem?.code === 'http_404') {
          void this.#once();
          return false;
        }
        this.problem = problem ?? this.problem;
        this.#lost(!navigator.onLine);
        return problem?.code !== 'unauthorized';
      },
    });
  }

  #disconnect(): void {
    clearTimeout(this.#grace);
    this.#stop?.();
    this.#stop = undefined;
  }

  #hear(event: string, data: string): void {
    clearTimeout(this.#grace);
    this.#grace = undefined;
    this.problem = undefined;
    if (event === 'deployments') this.#take(JSON.parse(data) as News);
    if (event === 'projects') this.heard.projects += 1;
    if (event === 'billing') this.heard.billing += 1;
    this.standing = 'live';
    this.since = Date.now();
  }

  #take({ items, gone }: News): void {
    // The first one is everything: what it leaves out went away while nobody listened.
    const whole = this.#first && items.length < FIRST_MAX;
    this.#all = including(whole ? new Map<string, Deployment>() : excluding(this.#all, gone), items);
    if (this.#first) {
      this.heard.projects += 1;
      this.heard.billing += 1;
    }
    this.#first = false;
  }

  #lost(now: boolean): void {
    if (this.standing === 'loading') return;
    const tell = () => (this.standing = navigator.onLine ? 'stale' : 'offline');
    clearTimeout(this.#grace);
    if (now || this.standing === 'stale' || this.standing === 'offline') tell();
    else this.#grace = setTimeout(tell, GRACE_MS);
  }

  /** A coordinator that tells nothing is asked once, and when the reader comes back. */
  async #once(): Promise<void> {
    const again = () => void this.#fetch();
    window.addEventListener('focus', again);
    const stop = this.#stop;
    this.#stop = () => {
      window.removeEventListener('focus', again);
      stop?.();
    };
    await this.#fetch();
  }

  async #fetch(): Promise<void> {
    try {
      const query = { limit: FIRST_MAX, sort: '-updated_at' as const };
      const page = await taken(api.GET('/v1/deployments', { params: { query } }));
      this.#first = true;
      this.#hear('deployments', JSON.stringify({ items: page.items, gone: [] }));
    } catch (thrown) {
      this.problem = problemOf(thrown);
      this.#lost(!navigator.onLine);
    }
  }
}

export const live = new Live();
