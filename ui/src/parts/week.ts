// Hours of a week as spans of minutes, and painting on them. Pure.

/** Minutes after midnight; `to` is not in it. */
export interface Span {
  from: number;
  to: number;
}

/** Seven days, Monday first. */
export type Week = Span[][];

export const DAYS = 7;
export const HOURS = 24;
const HOUR = 60;

/** How much of an hour is in the spans, 0 to 1. */
export function covered(day: Span[], hour: number): number {
  const [start, end] = [hour * HOUR, (hour + 1) * HOUR];
  const minutes = day.reduce((sum, span) => sum + Math.max(0, Math.min(end, span.to) - Math.max(start, span.from)), 0);
  return minutes / HOUR;
}

/** A day with the minutes `from..to` marked or not; spans ascend and do not touch. */
export function paintDay(day: Span[], from: number, to: number, on: boolean): Span[] {
  const kept = day.flatMap((span) => [
    { from: span.from, to: Math.min(span.to, from) },
    { from: Math.max(span.from, to), to: span.to },
  ]);
  const spans = [...kept, ...(on ? [{ from, to }] : [])].filter((span) => span.to > span.from);
  spans.sort((a, b) => a.from - b.from);
  const joined: Span[] = [];
  for (const span of spans) {
    const last = joined.at(-1);
    if (last && span.from <= last.to) last.to = Math.max(last.to, span.to);
    else joined.push({ ...span });
  }
  return joined;
}

export interface Cell {
  day: number;
  hour: number;
}

/** The week with all cells between two corners marked or not. */
export function paint(week: Week, a: Cell, b: Cell, on: boolean): Week {
  const [first, last] = [Math.min(a.day, b.day), Math.max(a.day, b.day)];
  const [from, to] = [Math.min(a.hour, b.hour) * HOUR, (Math.max(a.hour, b.hour) + 1) * HOUR];
  return week.map((day, index) => (index < first || index > last ? day : paintDay(day, from, to, on)));
}

/** Hours in a week that are marked. */
export function hours(week: Week): number {
  return week.flat().reduce((sum, span) => sum + span.to - span.from, 0) / HOUR;
}

/** `09:00`, `24:00`. */
export function clock(minutes: number): string {
  return `${String(Math.floor(minutes / HOUR)).padStart(2, '0')}:${String(minutes % HOUR).padStart(2, '0')}`;
}
