// Server-sent events out of pieces of text, as the standard cuts them. Pure.

export interface SseEvent {
  event: string;
  data: string;
  /** The last id that was told. */
  id: string | undefined;
}

/** A line longer than this is nobody's event. */
const LINE_MAX = 16 * 1024 * 1024;

export class SseReader {
  #rest = '';
  #event = '';
  #data: string[] = [];
  #id: string | undefined;

  /** Takes a piece and gives the events that it ends. Throws where a line never ends. */
  feed(piece: string): SseEvent[] {
    const events: SseEvent[] = [];
    const lines = (this.#rest + piece).split(/\r\n|\n|\r(?!$)/);
    this.#rest = lines.pop() ?? '';
    if (this.#rest.length > LINE_MAX) throw new RangeError('an event without an end');
    for (const line of lines) this.#line(line, events);
    return events;
  }

  #line(line: string, events: SseEvent[]): void {
    if (line === '') {
      const name = this.#event === '' ? 'message' : this.#event;
      if (this.#data.length > 0) events.push({ event: name, data: this.#data.join('\n'), id: this.#id });
      this.#event = '';
      this.#data = [];
      return;
    }
    if (line.startsWith(':')) return;
    const colon = line.indexOf(':');
    const field = colon === -1 ? line : line.slice(0, colon);
    const value = colon === -1 ? '' : line.slice(colon + 1).replace(/^ /, '');
    if (field === 'event') this.#event = value;
    else if (field === 'data') this.#data.push(value);
    else if (field === 'id' && !value.includes('\0')) this.#id = value;
  }
}
