// Notices by the day on which they came. Pure.
import type { Notice } from '$lib/generated/desk';
import { millis } from './time';

export interface Day {
  /** Midnight of the day, local. */
  at: number;
  notices: Notice[];
}

/** Groups notices that come newest first; days keep that order. */
export function byDay(notices: Notice[]): Day[] {
  const days: Day[] = [];
  for (const notice of notices) {
    const at = new Date(millis(notice.at)).setHours(0, 0, 0, 0);
    const last = days.at(-1);
    if (last?.at === at) last.notices.push(notice);
    else days.push({ at, notices: [notice] });
  }
  return days;
}
