// What each size costs by the hour, asked when it is looked at.
import type { ProblemText } from '$lib/i18n';
import { api, problemOf, taken, type PriceBook } from '../client';
import { iso } from '../view/term';
import { SIZES, type Size } from '../view/size';

export class Prices {
  of = $state.raw<Partial<Record<Size['key'], PriceBook>>>({});
  problem = $state.raw<ProblemText>();
  #turn = 0;

  /** Asks for all sizes; with an end date, also what each costs until then. */
  async load(until: number | undefined): Promise<void> {
    const turn = ++this.#turn;
    const end = until === undefined ? {} : { until: iso(until) };
    try {
      const books = await Promise.all(
        SIZES.map(({ memory, cpu }) =>
          taken(api.GET('/v1/billing/prices', { params: { query: { memory_bytes: memory, milli_cpu: cpu, ...end } } })),
        ),
      );
      if (turn !== this.#turn) return;
      this.of = Object.fromEntries(SIZES.map(({ key }, index) => [key, books[index]]));
      this.problem = undefined;
    } catch (thrown) {
      if (turn === this.#turn) this.problem = problemOf(thrown);
    }
  }

  /** Nothing is charged here. */
  get off(): boolean {
    return this.problem?.code === 'payments_off';
  }
}
