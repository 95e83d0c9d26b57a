// What parts decide: rows that are drawn, hours that are marked, lines of a log.
import { describe, expect, it } from 'vitest';
import { plain, runs } from '../../src/parts/ansi';
import { append, find, LINES_MAX, type LogLine } from '../../src/parts/log';
import { visible } from '../../src/parts/virtual';
import { covered, hours, paint, paintDay } from '../../src/parts/week';

const line = (seq: number, text = `line ${seq}`): LogLine => ({ seq, at: seq, text, tone: 'out' });

describe('a long list', () => {
  it('draws only what is seen and keeps its height', () => {
    const range = visible(5000, 40, 40_000, 400);
    expect(range.end - range.first).toBeLessThan(30);
    expect(range.above + (range.end - range.first) * 40 + range.below).toBe(5000 * 40);
  });
  it('draws all of a short one', () => {
    expect(visible(200, 40, 999, 1)).toEqual({ first: 0, end: 200, above: 0, below: 0 });
  });
  it('holds when it is scrolled past its end', () => {
    const range = visible(300, 40, 1e9, 400);
    expect(range.first).toBeLessThanOrEqual(range.end);
    expect(range.below).toBe(0);
  });
});

describe('a week', () => {
  it('joins spans that touch and cuts those that are taken out', () => {
    expect(paintDay([{ from: 0, to: 60 }], 60, 120, true)).toEqual([{ from: 0, to: 120 }]);
    expect(paintDay([{ from: 0, to: 1440 }], 60, 120, false)).toEqual([
      { from: 0, to: 60 },
      { from: 120, to: 1440 },
    ]);
  });
  it('keeps odd minutes that nobody touched', () => {
    expect(paintDay([{ from: 510, to: 555 }], 0, 60, true)).toEqual([
      { from: 0, to: 60 },
      { from: 510, to: 555 },
    ]);
    expect(covered([{ from: 510, to: 555 }], 8)).toBe(0.5);
  });
  it('is painted between any two corners', () => {
    const empty = Array.from({ length: 7 }, () => []);
    const week = paint(empty, { day: 4, hour: 10 }, { day: 2, hour: 8 }, true);
    expect(hours(week)).toBe(9);
    expect(week[3]).toEqual([{ from: 480, to: 660 }]);
    expect(hours(paint(week, { day: 0, hour: 0 }, { day: 6, hour: 23 }, false))).toBe(0);
  });
});

describe('a log', () => {
  it('takes no line twice and forgets the oldest', () => {
    const log = append([line(1), line(2)], [line(2), line(3)]);
    expect(log.map((one) => one.seq)).toEqual([1, 2, 3]);
    const long = append(
      [],
      Array.from({ length: LINES_MAX + 10 }, (_, seq) => line(seq)),
    );
    expect([long.length, long[0]?.seq]).toEqual([LINES_MAX, 10]);
  });
  it('is searched without its colours', () => {
    expect(find([line(1, '\u001b[31mErr\u001b[0mor'), line(2)], 'ERROR')).toEqual([0]);
  });
  it('shows colours and drops orders to a terminal', () => {
    expect(runs('\u001b[1;32mok\u001b[0m done')).toEqual([
      { text: 'ok', classes: 'ansi-green bold' },
      { text: ' done', classes: '' },
    ]);
    expect(plain('\u001b]0;title\u0007\u001b[2K50 %\r100 %\u0000')).toBe('100 %');
    expect(plain('<b>&amp;</b>')).toBe('<b>&amp;</b>');
  });
});
