// A line of a log as runs of text with classes. The parser is anser's; what it makes are text nodes, never HTML. Pure.
import Anser from 'anser';

export interface Run {
  text: string;
  classes: string;
}

const ESC = '\u001b';
const BELL = '\u0007';
// Titles, cursor moves and other orders to a terminal say nothing in a list of lines; colours are left to the parser.
const TITLE = `${ESC}\\][^${BELL}${ESC}]*(?:${BELL}|${ESC}\\\\)`;
const ORDERS = new RegExp(`${TITLE}|${ESC}\\[[0-9;?]*[A-LN-Za-ln-z]|${ESC}[()#][0-9A-Za-z]`, 'g');
// All other control characters but tab.
const CONTROLS = /[^\P{Cc}\t]/gu;
const COLOURS = new Set(['red', 'green', 'yellow', 'blue', 'magenta', 'cyan']);
const MARKS = new Set<string>(['bold', 'dim', 'italic', 'underline']);

/** The runs of a line. A line without colours is one run. */
export function runs(line: string): Run[] {
  // What was written over by a carriage return was never meant to stay.
  const last = line.replace(/\r+$/, '').split('\r').at(-1) ?? '';
  const text = last.replace(ORDERS, '');
  if (!text.includes(ESC)) return [{ text: text.replace(CONTROLS, ''), classes: '' }];
  return Anser.ansiToJson(text, { use_classes: true, remove_empty: true }).map((part) => {
    const colour = part.fg?.replace(/^ansi-(bright-)?/, '') ?? '';
    const marks = part.decorations.filter((mark) => MARKS.has(mark));
    return {
      text: part.content.replace(CONTROLS, ''),
      classes: [...(COLOURS.has(colour) ? [`ansi-${colour}`] : []), ...marks].join(' '),
    };
  });
}

/** A line without colours, for searching and copying. */
export function plain(line: string): string {
  return runs(line)
    .map((run) => run.text)
    .join('');
}
