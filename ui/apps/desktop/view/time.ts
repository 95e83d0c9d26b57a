// Points in time as they come over the wire. Pure.

/** Milliseconds since 1970 of an RFC 3339 text. */
export function millis(text: string): number {
  return Date.parse(text);
}

/** The same, where there may be none. */
export function millisMaybe(text: string | null | undefined): number | undefined {
  return text === null || text === undefined ? undefined : Date.parse(text);
}

/** Eight in the morning of the next day, which is what people mean by tomorrow. */
export function tomorrow(now: number): Date {
  const day = new Date(now);
  day.setDate(day.getDate() + 1);
  day.setHours(8, 0, 0, 0);
  return day;
}
