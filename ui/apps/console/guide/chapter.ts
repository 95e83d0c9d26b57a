// What a chapter of the guide is made of, and how its text is read. Pure.
import type { CommandName } from './commands';

/** `h`: a headline with its place in the address; `note`: what must not be overlooked. */
export type Block =
  | ['h', id: string, text: string]
  | ['p', text: string]
  | ['list', items: string[]]
  | ['code', name: CommandName]
  | ['note', text: string];

export interface Chapter {
  id: string;
  title: string;
  /** One or two sentences: what one can do afterwards. */
  lead: string;
  blocks: Block[];
}

export type Piece = { text: string } | { code: string } | { link: string; text: string };

const MARK = /`([^`]+)`|\[([^\]]+)\]\((\/[^)\s]*)\)/g;

/** Text with `code` and [links](/of-this-site), as pieces: nothing else is ever markup. */
export function pieces(text: string): Piece[] {
  const found: Piece[] = [];
  let from = 0;
  for (const match of text.matchAll(MARK)) {
    if (match.index > from) found.push({ text: text.slice(from, match.index) });
    const [whole, code, label, link] = match;
    found.push(code !== undefined ? { code } : { link: link ?? '/', text: label ?? '' });
    from = match.index + whole.length;
  }
  if (from < text.length) found.push({ text: text.slice(from) });
  return found;
}

/** The chapter of an address and its neighbours; the first one where no chapter is named. */
export function around(
  chapters: Chapter[],
  id: string | undefined,
): { chapter?: Chapter; before?: Chapter; next?: Chapter } {
  const at = id === undefined ? 0 : chapters.findIndex((chapter) => chapter.id === id);
  if (at < 0) return {};
  return { chapter: chapters[at], before: chapters[at - 1], next: chapters[at + 1] };
}
