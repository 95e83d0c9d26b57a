// Where a first run stands. What is done is the daemon's knowledge; here is only which step is looked at, and whether the
// owner left it for later.
import type { Setup } from '$lib/generated/desk';
import { desk } from '$lib/state/desk.svelte';

export const NUMBERED = ['consent', 'doctor', 'limits', 'wallet', 'connect'] as const;
export type Step = (typeof NUMBERED)[number] | 'done';
export const STEPS: readonly Step[] = [...NUMBERED, 'done'];

/** The first step that is open. The checkup is looked at once and never in the way. */
export function firstOpen(setup: Setup): Step {
  if (setup.consent === null) return 'consent';
  if (!setup.limits_chosen) return 'doctor';
  if (!setup.payee_known) return 'wallet';
  return setup.enrolled === null ? 'connect' : 'done';
}

class Wizard {
  #step = $state<Step>();
  #wish = $state<boolean>();

  get step(): Step {
    return this.#step ?? (desk.status ? firstOpen(desk.status.setup) : 'consent');
  }

  /** Opens by itself until the first run is done, and stays to its last page once it was opened. */
  get open(): boolean {
    return this.#wish ?? (desk.status !== undefined && !desk.status.setup.done);
  }

  set open(open: boolean) {
    this.#wish = open;
    if (open) this.#step = undefined;
  }

  /** Opens at a step. */
  at(step: Step): void {
    this.#wish = true;
    this.#step = step;
  }

  /** Goes on. The step says its own name, as what it did may have moved the first open one already. */
  after(step: Step): void {
    this.at(STEPS[STEPS.indexOf(step) + 1] ?? 'done');
  }

  back(): void {
    this.at(STEPS[Math.max(0, STEPS.indexOf(this.step) - 1)] ?? 'consent');
  }
}

export const wizard = new Wizard();
