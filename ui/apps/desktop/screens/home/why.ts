// Why it lends or rests, in a sentence.
import { show } from '$lib/i18n';
import type { LendingState } from '$lib/generated/desk';
import { t } from '../../words';

/** The reason of a state; `running`: workloads that are live. */
export function why(state: LendingState, running: number, now: number): string {
  switch (state.state) {
    case 'lending':
      return running === 0 ? t('why.lending_idle') : t('why.lending', { n: running });
    case 'paused':
      return state.until === null
        ? t('why.paused')
        : t('why.paused_until', { time: show.clockTime(Date.parse(state.until), now) });
    case 'outside_schedule':
      return state.opens === null
        ? t('why.no_hours')
        : t('why.outside_schedule', { time: show.clockTime(Date.parse(state.opens), now) });
    case 'on_battery':
      return state.percent === null ? t('why.on_battery') : t('why.on_battery_percent', { percent: state.percent });
    case 'exclusive_app':
      return t('why.exclusive_app', { program: state.program });
    case 'owner_active':
      return t(state.fullscreen ? 'why.fullscreen' : 'why.owner_active');
    case 'leaving':
      return t('why.leaving', { time: show.clockTime(Date.parse(state.by), now) });
    case 'off':
      return t('why.off');
    case 'not_set_up':
      return t('why.not_set_up');
  }
}
