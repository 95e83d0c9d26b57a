// Days and months of earnings. Pure.

/** Noon of a local day, so that no change of summer time moves it to another. */
export function dayMillis(day: string): number {
  return new Date(`${day}T12:00:00`).getTime();
}

/** The last months, newest first, as `2026-11`. */
export function lastMonths(now: number, count: number): string[] {
  const today = new Date(now);
  return Array.from({ length: count }, (_, back) => {
    const month = new Date(today.getFullYear(), today.getMonth() - back, 1);
    return `${month.getFullYear()}-${String(month.getMonth() + 1).padStart(2, '0')}`;
  });
}
