// End dates, as a form takes them and as the coordinator allows them (`logic/term_end.rs`). Pure.

const LEAST_MS = 5 * 60_000;
const MOST_MS = 5 * 365 * 24 * 3_600_000;

/** Why a time cannot be an end. */
export function endFault(at: number | undefined, now: number): 'unclear' | 'near' | 'far' | undefined {
  if (at === undefined) return 'unclear';
  if (at - now < LEAST_MS) return 'near';
  return at - now > MOST_MS ? 'far' : undefined;
}

/** What a field for date and time shows: `2026-11-27T09:30`, in the reader's own zone. */
export function toField(at: number): string {
  const date = new Date(at);
  const two = (value: number) => String(value).padStart(2, '0');
  const day = `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
  return `${day}T${two(date.getHours())}:${two(date.getMinutes())}`;
}

/** The time in milliseconds since 1970; absent when it is none. */
export function fromField(text: string): number | undefined {
  const at = Date.parse(text);
  return /^\d{4,}-\d\d-\d\dT\d\d:\d\d/.test(text) && Number.isFinite(at) ? at : undefined;
}

/** As the API takes it. */
export const iso = (at: number): string => new Date(at).toISOString();
