// What a deployment's state says to its owner: a tone, a word, why, since when; and how far a rollout is. Pure.
import type { Deployment, Release } from '../client';

export type Tone = 'good' | 'coming' | 'warn' | 'bad' | 'off';
type State = Deployment['state'];

export const TONES = {
  requested: 'coming',
  placed: 'coming',
  building: 'coming',
  starting: 'coming',
  connecting: 'coming',
  live: 'good',
  crashed: 'bad',
  offline: 'warn',
  draining: 'coming',
  ended: 'off',
} as const satisfies Record<State, Tone>;

/** The stages of a rollout, as its owner sees them. */
export const STAGES = ['source', 'machine', 'build', 'start', 'connect', 'publish'] as const;
export type Stage = (typeof STAGES)[number];

const OF_STEP: Record<string, Stage> = {
  hold_funds: 'source',
  fetch_source: 'source',
  plan_build: 'source',
  choose_offer: 'machine',
  agree: 'machine',
  grant_lease: 'machine',
  await_image: 'build',
  await_escrow: 'start',
  await_running: 'start',
  await_tunnel: 'connect',
  await_healthy: 'connect',
  publish_route: 'publish',
  mark_live: 'publish',
  drain_previous: 'publish',
};

/** Where a step belongs. A step of a newer coordinator is at the place of what is known of the state. */
export function stageOf(step: string, state: State): Stage {
  const known = OF_STEP[step];
  if (known) return known;
  if (state === 'building') return 'build';
  if (state === 'starting') return 'start';
  if (state === 'connecting') return 'connect';
  return state === 'placed' ? 'machine' : 'source';
}

/** `step 4 of 7: npm ci`, taken apart. */
export function progressOf(text: string | null | undefined): { step: number; of: number; what: string } | undefined {
  const match = /^step (\d{1,4}) of (\d{1,4})(?:: ?(.*))?$/su.exec(text ?? '');
  if (!match) return undefined;
  const [step, of] = [Number(match[1]), Number(match[2])];
  return of === 0 || step > of ? undefined : { step, of, what: match[3] ?? '' };
}

/** About how long a rollout still takes, by the last one that went well; absent where none did or it takes longer. */
export function left(
  startedAt: number,
  now: number,
  before: Pick<Release, 'created_at' | 'live_at'>[],
): number | undefined {
  const good = before.find((one) => one.live_at);
  if (!good?.live_at) return undefined;
  const took = Date.parse(good.live_at) - Date.parse(good.created_at);
  const rest = took - (now - startedAt);
  return rest > 0 ? rest : undefined;
}

export type Deed = 'restart' | 'redeploy' | 'stop' | 'start' | 'cancel' | 'rollback' | 'delete';

/** What can be asked of a deployment as it stands; the coordinator has the last word. */
export function deeds(one: Pick<Deployment, 'state' | 'rollout' | 'release'>): Record<Deed, boolean> {
  const ended = one.state === 'ended';
  const leaving = one.state === 'draining';
  const served = typeof one.release === 'number';
  return {
    restart: !ended && !leaving && served && !one.rollout,
    redeploy: !leaving,
    stop: !ended && !leaving,
    start: ended && served,
    cancel: !!one.rollout && !leaving,
    rollback: !leaving,
    delete: true,
  };
}

/** Whether its problem is about what is now, and not about a rollout that was mended since. */
export function troubled(one: Pick<Deployment, 'state' | 'problem' | 'rollout'>): boolean {
  return !!one.problem && !one.rollout;
}
