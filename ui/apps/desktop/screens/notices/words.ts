// A notice in words, and where to see more.
import { problemWords, show } from '$lib/i18n';
import type { Notice } from '$lib/generated/desk';
import { desk } from '$lib/state/desk.svelte';
import { t } from '../../words';

export interface Said {
  title: string;
  text?: string;
  page?: { name: string; lease?: string };
}

function money(amount: string): string {
  const token = desk.earnings?.token;
  return `${show.tokens(amount, token?.decimals ?? 6)} ${token?.symbol ?? ''}`.trim();
}

/** What a notice says. One of a newer daemon says that it is not understood. */
export function words(notice: Notice): Said {
  switch (notice.kind) {
    case 'workload_live':
      return {
        title: t('notice.workload_live', { name: notice.name }),
        page: { name: 'workload', lease: notice.lease },
      };
    case 'workload_gone':
      return { title: t('notice.workload_gone', { name: notice.name }), text: t(`notice.gone_${notice.why}`) };
    case 'workload_troubled':
      return {
        title: t('notice.workload_troubled', { name: notice.name }),
        text: problemWords(notice.problem).message,
        page: { name: 'workload', lease: notice.lease },
      };
    case 'lending_changed':
      return { title: t(`lending.${notice.state.state}`), page: { name: 'home' } };
    case 'engine_down':
      return { title: t('notice.engine_down'), text: problemWords(notice.problem).message, page: { name: 'doctor' } };
    case 'engine_up':
      return { title: t('notice.engine_up'), text: t('notice.away', { time: show.duration(notice.away) }) };
    case 'link_down':
      return { title: t('notice.link_down'), text: problemWords(notice.problem).message, page: { name: 'doctor' } };
    case 'link_up':
      return { title: t('notice.link_up'), text: t('notice.away', { time: show.duration(notice.away) }) };
    case 'link_refused':
      return {
        title: t('notice.link_refused'),
        text: problemWords(notice.problem).message,
        page: { name: 'settings' },
      };
    case 'settings_broken':
      return {
        title: t('notice.settings_broken'),
        text: t('notice.kept_as', { path: notice.kept_as }),
        page: { name: 'limits' },
      };
    case 'below_use':
      return { title: t('notice.below_use', { n: notice.drained }), page: { name: 'limits' } };
    case 'write_failed':
      return {
        title: t(notice.full ? 'notice.disk_full' : 'notice.write_failed'),
        text: `${notice.path}: ${notice.why}`,
        page: { name: 'disk' },
      };
    case 'clock_jumped':
      return {
        title: t(notice.by_ms > 0 ? 'notice.clock_ahead' : 'notice.clock_back', {
          time: show.duration(Math.abs(notice.by_ms)),
        }),
      };
    case 'resumed':
      return { title: t('notice.resumed', { time: show.duration(notice.slept) }) };
    case 'ports_exhausted':
      return { title: t('notice.ports_exhausted'), page: { name: 'ports' } };
    case 'doctor':
      return notice.problem === null
        ? { title: t('notice.doctor_well', { check: t(`check.${notice.check}`) }) }
        : { title: t(`check.${notice.check}`), text: problemWords(notice.problem).message, page: { name: 'doctor' } };
    case 'first_earning':
      return { title: t('notice.first_earning', { amount: money(notice.amount) }), page: { name: 'earnings' } };
    case 'paid':
      return { title: t('notice.paid', { amount: money(notice.amount) }), page: { name: 'earnings' } };
    case 'back_up_wallet':
      return { title: t('notice.back_up_wallet'), text: t('notice.back_up_wallet_text'), page: { name: 'settings' } };
    case 'crashed':
      return { title: t('notice.crashed'), page: { name: 'logs' } };
    case 'left':
      return { title: t('notice.left') };
    case 'summer_time':
      return { title: t(notice.ahead ? 'notice.summer_ahead' : 'notice.summer_back'), page: { name: 'rules' } };
    case 'update_ready':
      return { title: t('notice.update_ready', { version: notice.version }), page: { name: 'settings' } };
    default:
      return { title: t('notice.unknown') };
  }
}
