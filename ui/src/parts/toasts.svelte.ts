// Short messages about what was done, with an undo where there is one.
import type { ProblemText } from '$lib/i18n';

const STAYS_MS = 6000;

export interface Toast {
  id: number;
  text?: string | undefined;
  problem?: ProblemText | undefined;
  action?: { label: string; run: () => void } | undefined;
}

class Toasts {
  items = $state.raw<Toast[]>([]);
  #next = 1;

  /** Says that something was done; goes by itself. */
  say(text: string, action?: Toast['action']): void {
    const id = this.#add({ text, action });
    setTimeout(() => this.remove(id), STAYS_MS);
  }

  /** Says that something was not done; stays until it is closed. */
  problem(problem: ProblemText): void {
    this.items = this.items.filter((item) => item.problem?.code !== problem.code);
    this.#add({ problem });
  }

  remove(id: number): void {
    this.items = this.items.filter((item) => item.id !== id);
  }

  #add(toast: Omit<Toast, 'id'>): number {
    const id = this.#next++;
    // Three fit without covering what they are about.
    this.items = [...this.items, { ...toast, id }].slice(-3);
    return id;
  }
}

export const toasts = new Toasts();
