// A line of a log as runs of text with classes. The parser is anser's; what it makes are text nodes, never HTML. Pure.
import Anser from 'anser';

export interface Run {
  text: string;
  classes: string;
}

// Cursor moves, titles and other orders to a terminal say nothing in a list of lines; colours are left to the parser.
// eslint-disable-next-line no-control-regex
const ORDERS = /\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)|\x1b\[[0-9;?]*[A-LN-Za-ln-z]|\x1b[()#][0-9A-Za-z]|[\x00-\x08\x0b\x0c\x0e-\x1a\x7f]/g;
const COLOURS = new Set(['red', 'green', 'yellow', 'blue', 'magenta', 'cyan']);

/** The runs of a line. A line without colours is one run. */
export function runs(line: string): Run[] {
  // What was written over by a carriage return was never meant to stay.
  const text = (line.replace(/\r+$/, '').split('\r').at(-1) ?? '').replace(ORDERS, '');
  if (!text.includes('\x1b')) return [{ text, classes: '' }];
  return Anser.ansiToJson(text, { use_classes: true, remove_empty: true }).map((part) => {
    const colour = part.fg?.replace(/^ansi-(bright-)?/, '') ?? '';
    const marks = part.decorations.filter((mark) => mark === 'bold' || mark === 'dim' || mark === 'italic' || mark === 'underline');
    return { text: part.content, classes: [COLOURS.has(colour) ? `ansi-${colour}` : '', ...marks].join(' ').trim() };
  });
}

/** A line without colours, for searching and copying. */
export function plain(line: string): string {
  return runs(line)
    .map((run) => run.text)
    .join('');
}
