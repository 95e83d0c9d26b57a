// The team's projects: page after page as they are looked at, searched at once among what is here and then by the coordinator.
import type { ProblemText } from '$lib/i18n';
import { api, problemOf, taken, type Project } from './client';
import { excluding, including } from './view/keyed';
import type { Sort } from './view/list';

const PAGE = 200;

class Projects {
  all = $state.raw<ReadonlyMap<string, Project>>(new Map());
  total = $state<number>();
  problem = $state.raw<ProblemText>();
  busy = $state(false);
  /** What the coordinator was asked to find, and how many it knows of. */
  asked = $state.raw<{ text: string; total: number }>();
  #cursor: string | undefined;
  #sort: Sort = '-updated_at';
  #turn = 0;

  /** Whether all of them are here. */
  get whole(): boolean {
    return this.total !== undefined && this.all.size >= this.total;
  }

  /** The first page, anew; what is here stays until it comes. */
  async load(sort: Sort = this.#sort): Promise<void> {
    this.#sort = sort;
    this.#cursor = undefined;
    await this.#page(true);
  }

  /** One page more, if there is one. */
  async more(): Promise<void> {
    if (this.busy || this.whole || this.#cursor === undefined) return;
    await this.#page(false);
  }

  /** Asks the coordinator for what is not here yet. */
  async search(text: string): Promise<void> {
    const q = text.trim();
    if (q === '' || this.whole) return;
    try {
      const page = await taken(api.GET('/v1/projects', { params: { query: { q, limit: PAGE, sort: this.#sort } } }));
      this.#keep(page.items);
      this.asked = { text: q, total: page.total };
    } catch (thrown) {
      this.problem = problemOf(thrown);
    }
  }

  put(one: Project): void {
    this.#keep([one]);
  }

  drop(id: string): void {
    this.all = excluding(this.all, [id]);
    if (this.total !== undefined) this.total -= 1;
  }

  forget(): void {
    this.#turn += 1;
    this.all = new Map();
    this.total = undefined;
    this.problem = undefined;
    this.asked = undefined;
    this.busy = false;
  }

  async #page(first: boolean): Promise<void> {
    const turn = ++this.#turn;
    this.busy = true;
    try {
      const query = { limit: PAGE, sort: this.#sort, ...(this.#cursor === undefined ? {} : { cursor: this.#cursor }) };
      const page = await taken(api.GET('/v1/projects', { params: { query } }));
      if (turn !== this.#turn) return;
      // What went away meanwhile is not in any page: a list that is too long is begun anew.
      if (first && (page.items.length === page.total || this.all.size > page.total)) this.all = new Map();
      this.#keep(page.items);
      this.total = page.total;
      this.#cursor = page.next_cursor ?? undefined;
      this.problem = undefined;
    } catch (thrown) {
      if (turn === this.#turn) this.problem = problemOf(thrown);
    }
    if (turn === this.#turn) this.busy = false;
  }

  #keep(items: Project[]): void {
    this.all = including(this.all, items);
  }
}

export const projects = new Projects();
