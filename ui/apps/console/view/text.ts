// Text of strangers: names, branches, commit messages. What cannot be seen is made to be seen, and what turns the direction
// of writing is shown instead of done. Pure.

export interface Piece {
  text: string;
  /** It stands for a character that would not be seen. */
  mark: boolean;
}

// Controls, marks of direction, joiners and other letters without a shape, tags, and what is not given to anybody.
// A variation selector and a joiner inside of an emoji have their place there.
const UNSEEN =
  /[\p{Cc}\p{Zl}\p{Zp}\p{Cs}\p{Co}\p{Cn}\u00ad\u061c\u115f\u1160\u180e\u200b\u200c\u200e\u200f\u202a-\u202e\u2060-\u206f\u3164\ufeff\uffa0\ufff9-\ufffb]|[\u{e0000}-\u{e007f}]/u;

/** The pieces of a text. Marks read `U+202E`; a line's end is a mark, too, as it would break a row. */
export function pieces(text: string): Piece[] {
  const found: Piece[] = [];
  let plain = '';
  for (const char of text) {
    if (!UNSEEN.test(char)) {
      plain += char;
      continue;
    }
    if (plain !== '') found.push({ text: plain, mark: false });
    plain = '';
    found.push({ text: code(char), mark: true });
  }
  if (plain !== '') found.push({ text: plain, mark: false });
  return found;
}

/** How a character that is not seen is written. */
export function code(char: string): string {
  return `U+${(char.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')}`;
}

/** The first character of a text that would not be seen. */
export function unseen(text: string): string | undefined {
  for (const char of text) if (UNSEEN.test(char)) return char;
  return undefined;
}
