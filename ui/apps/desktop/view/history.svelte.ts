// The last values of a gauge while a screen looks: the daemon tells the present only.

import { untrack } from 'svelte';

const KEPT = 60;

export class History {
  values = $state.raw<number[]>([]);

  add(value: number): void {
    // Whoever adds does not wait for what was added.
    this.values = [...untrack(() => this.values).slice(1 - KEPT), value];
  }
}
