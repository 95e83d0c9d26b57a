// Which ways in this coordinator has; asked once, as they do not change while it runs.
import type { ProblemText } from '$lib/i18n';
import { problemOf } from '../client';
import { people } from './api';
import type { SignInWays } from './types';

class Ways {
  value = $state.raw<SignInWays>();
  problem = $state.raw<ProblemText>();

  async load(): Promise<void> {
    if (this.value) return;
    this.problem = undefined;
    try {
      this.value = await people.ways();
    } catch (thrown) {
      this.problem = problemOf(thrown);
    }
  }
}

export const ways = new Ways();
