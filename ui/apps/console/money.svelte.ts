// The tenant's money as the coordinator tells it: loaded when it is looked at, and again when the coordinator says that it
// changed, or when the reader comes back.
// What is known of the chain stays in this browser, since the way out must not need the coordinator.
import type { Coin, ProblemText } from '$lib/i18n';
import { exact } from '$lib/i18n/money';
import { untrack } from 'svelte';
import { api, problemOf, taken, type Agreement, type Billing, type ChainView } from './client';
import { live } from './live.svelte';

/** Changes that come faster are asked for together. */
const APART_MS = 1000;
const KEPT = 'ttalkak.chain';

class Money {
  view = $state.raw<Billing>();
  problem = $state.raw<ProblemText>();
  /** When `view` was so. */
  at = $state(0);

  /** The chain: as told now, else as told when this browser last heard. */
  get chain(): ChainView | undefined {
    return this.view?.chain ?? kept();
  }

  async load(): Promise<void> {
    try {
      const view = await taken(api.GET('/v1/billing'));
      this.view = view;
      this.at = Date.now();
      this.problem = undefined;
      localStorage.setItem(KEPT, JSON.stringify(view.chain));
    } catch (thrown) {
      this.problem = problemOf(thrown);
    }
  }

  /** Keeps it fresh while a component is there: to be called where it is made. */
  look(): void {
    const again = () => void this.load();
    $effect(() => {
      window.addEventListener('focus', again);
      return () => window.removeEventListener('focus', again);
    });
    let asked = -APART_MS;
    $effect(() => {
      void live.heard.billing;
      const wait = Math.max(0, asked + APART_MS - performance.now());
      const timer = setTimeout(
        () => {
          asked = performance.now();
          again();
        },
        untrack(() => (this.view ? wait : 0)),
      );
      return () => clearTimeout(timer);
    });
  }

  forget(): void {
    this.view = undefined;
    this.problem = undefined;
  }
}

function kept(): ChainView | undefined {
  try {
    const text = localStorage.getItem(KEPT);
    return text === null ? undefined : (JSON.parse(text) as ChainView);
  } catch {
    return undefined;
  }
}

export const money = new Money();

/** The token, with what one of it is worth. */
export function coinOf(view: Pick<Billing, 'chain' | 'display'>): Coin {
  const worth = Object.fromEntries(
    view.display.map((rate) => [rate.currency, exact(String(rate.micros_per_token), 6)]),
  );
  return { symbol: view.chain.symbol, decimals: view.chain.decimals, worth };
}

export function agreementsOf(view: Billing): Agreement[] {
  return view.deployments.flatMap((one) => one.agreements);
}
