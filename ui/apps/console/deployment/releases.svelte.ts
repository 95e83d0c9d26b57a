// The releases of one deployment, newest first, and single ones with their plan and last words.
import type { ProblemText } from '$lib/i18n';
import { api, problemOf, taken, type Release } from '../client';

const PAGE = 50;

export class Releases {
  items = $state.raw<Release[]>();
  /** The last words of the newest one, where it failed: told together with the list, so that nothing is moved by them. */
  lastWords = $state.raw<string[]>([]);
  total = $state(0);
  problem = $state.raw<ProblemText>();
  busy = $state(false);
  #cursor: string | undefined;
  #whole: Record<string, Release> = {};

  constructor(readonly deployment: string) {}

  get more(): boolean {
    return this.#cursor !== undefined;
  }

  async load(): Promise<void> {
    try {
      const page = await this.#page();
      const older = this.items?.filter((one) => one.number < (page.items.at(-1)?.number ?? 0)) ?? [];
      if (older.length === 0) this.#cursor = page.next_cursor ?? undefined;
      this.lastWords = await this.#wordsOf(page.items[0]);
      this.items = [...page.items, ...older];
      this.total = page.total;
      this.problem = undefined;
    } catch (thrown) {
      this.problem = problemOf(thrown);
    }
  }

  async older(): Promise<void> {
    if (this.busy || this.#cursor === undefined) return;
    this.busy = true;
    try {
      const page = await this.#page(this.#cursor);
      this.#cursor = page.next_cursor ?? undefined;
      this.items = [...(this.items ?? []), ...page.items];
    } catch (thrown) {
      this.problem = problemOf(thrown);
    }
    this.busy = false;
  }

  /** One with its plan and last lines. What has ended does not change any more. */
  async read(number: number, state = this.items?.find((one) => one.number === number)?.state): Promise<Release> {
    const key = `${number} ${state ?? ''}`;
    const known = this.#whole[key];
    if (known) return known;
    const path = { deployment: this.deployment, number };
    const whole = await taken(api.GET('/v1/deployments/{deployment}/releases/{number}', { params: { path } }));
    if (whole.state !== 'rolling') this.#whole[key] = whole;
    return whole;
  }

  /** Reads what is shown of one: itself, and the one that it is compared with. */
  async closely(number: number, serving: number | undefined): Promise<[Release, Release | undefined]> {
    const other = this.#before(number, serving);
    return Promise.all([this.read(number), other === undefined ? undefined : this.read(other)]);
  }

  /** An older one is compared with what serves now, since that is what going back would change; others with the one before. */
  #before(number: number, serving: number | undefined): number | undefined {
    if (serving !== undefined && serving > number) return serving;
    return this.items?.find((one) => one.number < number && one.state !== 'cancelled' && one.state !== 'failed')
      ?.number;
  }

  async #wordsOf(newest: Release | undefined): Promise<string[]> {
    if (newest?.state !== 'failed') return [];
    const whole = await this.read(newest.number, newest.state).catch(() => undefined);
    return whole?.last_lines ?? [];
  }

  #page(cursor?: string) {
    const query = { limit: PAGE, ...(cursor === undefined ? {} : { cursor }) };
    const params = { path: { deployment: this.deployment }, query };
    return taken(api.GET('/v1/deployments/{deployment}/releases', { params }));
  }
}
