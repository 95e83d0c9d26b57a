import { describe, expect, it } from 'vitest';
import { SseReader } from './sse';

describe('events of a stream', () => {
  it('come whole, however the text is cut', () => {
    const text =
      'event: line\nid: 7\ndata: {"a":1}\n\n: heartbeat\n\nevent: end\r\ndata: {}\r\n\r\ndata: x\ndata:  y\n\n';
    const whole = new SseReader().feed(text);
    expect(whole).toEqual([
      { event: 'line', data: '{"a":1}', id: '7' },
      { event: 'end', data: '{}', id: '7' },
      { event: 'message', data: 'x\n y', id: '7' },
    ]);
    for (let size = 1; size < 9; size += 1) {
      const reader = new SseReader();
      const got = [];
      for (let at = 0; at < text.length; at += size) got.push(...reader.feed(text.slice(at, at + size)));
      expect(got, `pieces of ${size}`).toEqual(whole);
    }
  });

  it('need data, and an end', () => {
    expect(new SseReader().feed('event: line\n\ndata: x')).toEqual([]);
  });
});
