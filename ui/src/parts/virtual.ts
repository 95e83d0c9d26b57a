// Which rows of a long list are drawn. Pure.

/** Rows beyond this number are drawn only where they are seen. */
export const VIRTUAL_FROM = 200;

export interface Window {
  /** The first row that is drawn. */
  first: number;
  /** One after the last. */
  end: number;
  /** Height of what is not drawn above. */
  above: number;
  /** Height of what is not drawn below. */
  below: number;
}

/**
 * The rows to draw: what is seen, and `spare` rows on both sides. `top` is how far the list is scrolled; up to
 * `from` rows are drawn all.
 */
export function visible(
  count: number,
  row: number,
  top: number,
  height: number,
  spare = 8,
  from = VIRTUAL_FROM,
): Window {
  if (count <= from) return { first: 0, end: count, above: 0, below: 0 };
  const first = Math.min(count, Math.max(0, Math.floor(top / row) - spare));
  const end = Math.min(count, Math.max(first, Math.ceil((top + height) / row) + spare));
  return { first, end, above: first * row, below: (count - end) * row };
}
