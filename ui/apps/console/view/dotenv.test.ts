import { describe, expect, it } from 'vitest';
import { BYTES_MAX, isSecret, parse, tooMuch } from './dotenv';

const values = (text: string) => Object.fromEntries(parse(text).variables.map(({ key, value }) => [key, value]));

describe('a .env file', () => {
  it('is read as dotenv reads it', () => {
    const text = [
      '\ufeff# made by hand',
      'PORT=3000',
      'export HOST = 0.0.0.0   # all',
      "GREETING='hello # world'",
      'LINES="one\\ntwo \\"x\\""',
      'KEY_FILE="-----BEGIN',
      'abc',
      '-----END"',
      'EMPTY=',
      'HASH=#none',
      'COLOUR=a#b',
      'URL=https://x.test/?a=b&c=d',
      '  ',
    ].join('\r\n');
    expect(values(text)).toEqual({
      PORT: '3000',
      HOST: '0.0.0.0',
      GREETING: 'hello # world',
      LINES: 'one\ntwo "x"',
      KEY_FILE: '-----BEGIN\nabc\n-----END',
      EMPTY: '',
      HASH: '',
      COLOUR: 'a#b',
      URL: 'https://x.test/?a=b&c=d',
    });
    expect(parse(text).faults).toEqual([]);
  });

  it('tells the lines that are no variables, by their number', () => {
    const { variables, faults, doubled } = parse('A=1\nwhat is this\n1B=2\nB="a\nb"\nC="never\nA=3');
    expect(faults).toEqual([
      { line: 2, fault: 'form' },
      { line: 3, fault: 'key' },
      { line: 6, fault: 'quote' },
    ]);
    expect(variables.map(({ key, value }) => `${key}=${value}`)).toEqual(['A=3', 'B=a\nb']);
    expect(doubled).toEqual(['A']);
  });

  it('never becomes more than text', () => {
    expect(values('__proto__=x\nA=$(rm -rf /)\nB=${A}')).toEqual({ A: '$(rm -rf /)', B: '${A}', ['__proto__']: 'x' });
  });

  it('is refused when it is too much', () => {
    expect(tooMuch(parse('A=1').variables)).toBeUndefined();
    expect(tooMuch([{ key: 'A', value: '가'.repeat(BYTES_MAX / 2) }])).toBe('bytes');
    expect(tooMuch(Array.from({ length: 257 }, (_, n) => ({ key: `K${n}`, value: '' })))).toBe('keys');
  });

  it('hides what looks like a secret, and nothing that is public anyway', () => {
    for (const key of ['DB_PASSWORD', 'STRIPE_SECRET', 'API_KEY', 'GITHUB_TOKEN', 'KEY', 'SENTRY_DSN'])
      expect(isSecret(key, 'x'), key).toBe(true);
    expect(isSecret('DATABASE_URL', 'postgres://me:pw@db/shop')).toBe(true);
    for (const key of ['PORT', 'MONKEY_NAME', 'VITE_API_KEY', 'NEXT_PUBLIC_TOKEN', 'KEYBOARD'])
      expect(isSecret(key, 'x'), key).toBe(false);
    expect(isSecret('DATABASE_URL', 'postgres://db/shop')).toBe(false);
  });

  it('of many megabytes takes no second to read', () => {
    const begin = performance.now();
    parse('A="x'.repeat(50_000));
    parse('='.repeat(200_000));
    for (const odd of ['', 'A=', 'export', 'x y'])
      for (const end of ['', 'x', '=']) parse(`${' '.repeat(100_000)}${odd}${' '.repeat(100_000)}${end}`);
    expect(performance.now() - begin).toBeLessThan(1000);
  });
});
