// What a screen says about lending. Pure: words are given as keys.
import type { Lending, LendingState, Treatment } from '$lib/generated/desk';
import type { Tone } from '$lib/parts/StatusLine.svelte';

export type LendingKind = LendingState['state'];

/** How grave each state is. Resting by a rule is no trouble. */
const TONE: Record<LendingKind, Tone> = {
  not_set_up: 'warn',
  off: 'off',
  leaving: 'warn',
  paused: 'off',
  outside_schedule: 'off',
  on_battery: 'off',
  exclusive_app: 'off',
  owner_active: 'off',
  lending: 'good',
};

export function lendingTone(lending: Lending): Tone {
  return TONE[lending.state.state];
}

/** The great switch is on, though a rule may rest it. */
export function switchedOn(state: LendingState): boolean {
  return state.state !== 'off' && state.state !== 'not_set_up' && state.state !== 'leaving';
}

/** When the present state ends by itself, as far as it says so. */
export function endsAt(state: LendingState): string | null {
  switch (state.state) {
    case 'leaving':
      return state.by;
    case 'paused':
      return state.until;
    case 'outside_schedule':
      return state.opens;
    case 'owner_active':
      return state.lends_at;
    case 'not_set_up':
    case 'off':
    case 'on_battery':
    case 'exclusive_app':
    case 'lending':
      return null;
  }
}

/** A treatment by its name, for a choice. */
export function treatment(kind: Treatment['treatment'], notice = 10): Treatment {
  return kind === 'stop' ? { treatment: 'stop', notice_minutes: notice } : { treatment: kind };
}
