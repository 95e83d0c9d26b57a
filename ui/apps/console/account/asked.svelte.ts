// Something that is asked of the coordinator: not there yet, there, or not to be had; and old when asking again failed.
import type { ProblemText } from '$lib/i18n';
import { problemOf } from '../client';

export class Asked<T> {
  value = $state.raw<T>();
  problem = $state.raw<ProblemText>();
  busy = $state(false);

  constructor(private readonly ask: () => Promise<T>) {}

  load = async (): Promise<void> => {
    this.busy = true;
    try {
      this.value = await this.ask();
      this.problem = undefined;
    } catch (thrown) {
      this.problem = problemOf(thrown);
    }
    this.busy = false;
  };
}

/** Deeds of a form: one at a time, and what went wrong with the last. */
export class Deed {
  busy = $state(false);
  problem = $state.raw<ProblemText>();

  /** Returns whether it was done. */
  async run(deed: () => Promise<void>): Promise<boolean> {
    if (this.busy) return false;
    this.busy = true;
    this.problem = undefined;
    try {
      await deed();
    } catch (thrown) {
      this.problem = problemOf(thrown);
    }
    this.busy = false;
    return this.problem === undefined;
  }
}
