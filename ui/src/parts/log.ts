// A log as it is shown and searched. Pure.
import { plain } from './ansi';

/** Where a line comes from, or how grave it is. */
export type LogTone = 'out' | 'error' | 'warn' | 'build' | 'system' | 'debug';

export interface LogLine {
  seq: number;
  /** Milliseconds since 1970. */
  at: number;
  text: string;
  tone: LogTone;
}

/** So many lines are kept of one log; more are a download, not a screen. */
export const LINES_MAX = 5000;

/** A log with further lines, without doubled ones, and not longer than [`LINES_MAX`]. */
export function append(log: LogLine[], more: LogLine[]): LogLine[] {
  const last = log.at(-1)?.seq ?? -1;
  const fresh = more.filter((line) => line.seq > last);
  return fresh.length === 0 ? log : [...log, ...fresh].slice(-LINES_MAX);
}

/** The places in the list of the lines that have a text, whatever its case. */
export function find(log: LogLine[], text: string): number[] {
  const wanted = text.trim().toLowerCase();
  if (wanted === '') return [];
  const found: number[] = [];
  log.forEach((line, index) => {
    if (plain(line.text).toLowerCase().includes(wanted)) found.push(index);
  });
  return found;
}

/** A log as a file of text. */
export function asText(log: LogLine[]): string {
  return log.map((line) => `${new Date(line.at).toISOString()} ${plain(line.text)}\n`).join('');
}
