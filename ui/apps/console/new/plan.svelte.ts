// What a deploy of the draft would do, asked while it is filled in: the plan, and whether it could begin now.
import type { components } from '$lib/generated/api';
import type { ProblemText } from '$lib/i18n';
import { api, problemOf, taken } from '../client';
import { checkAddress } from '../view/name';
import { planOf, servesFiles } from '../view/plan';
import { draft } from './draft.svelte';

type PlanView = components['schemas']['PlanView'];
/** After the last key: an address that is being typed is not asked for at each letter. */
const ASK_MS = 700;

export class Planned {
  told = $state.raw<PlanView>();
  problem = $state.raw<ProblemText>();
  asking = $state(false);
  readonly plan = $derived(planOf(this.told?.plan));
  /** What stands in the way of beginning now. */
  readonly obstacle = $derived(this.told?.verdict.problem);
  /** Nothing runs in it: browsers load it, and something else answers them. */
  readonly files = $derived(!!this.plan && servesFiles(this.plan));

  /** Asks again whenever the draft changes in what matters. To be called while a part is made. */
  watch(): void {
    $effect(() => {
      const { source, env, memory_bytes, milli_cpu, until, dockerfile } = draft.wish();
      if (source.kind !== 'git' || checkAddress(draft.url)) {
        this.told = this.problem = undefined;
        return;
      }
      const body = { source, env, memory_bytes, milli_cpu, until, dockerfile };
      let here = true;
      const timer = setTimeout(() => {
        this.asking = true;
        taken(api.POST('/v1/plans', { body: JSON.parse(JSON.stringify(body)) as typeof body }))
          .then(
            (told) => here && ([this.told, this.problem] = [told, undefined]),
            (thrown: unknown) => here && ([this.told, this.problem] = [undefined, problemOf(thrown)]),
          )
          .finally(() => here && (this.asking = false));
      }, ASK_MS);
      return () => {
        here = false;
        this.asking = false;
        clearTimeout(timer);
      };
    });
  }
}
