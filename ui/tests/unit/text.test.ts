// Numbers, money, time and particles as people read them.
import { describe, expect, it } from 'vitest';
import { josa } from '../../src/i18n/josa';
import { fill } from '../../src/i18n/message';
import { baseUnits, exact, tokens, worth } from '../../src/i18n/money';
import { bytes, percent, processors } from '../../src/i18n/number';
import { duration, relative } from '../../src/i18n/time';

const SECOND = 1000;
const coin = { symbol: 'tUSD', decimals: 6, worth: { KRW: '1385.2', USD: '1' } };

describe('money', () => {
  it('is exact to the last base unit, however large', () => {
    expect(exact('479834', 6)).toBe('0.479834');
    expect(exact('1', 18)).toBe('0.000000000000000001');
    expect(exact('79228162514264337593543950335', 6)).toBe('79228162514264337593543.950335');
    expect(exact('5000000', 6)).toBe('5');
    expect(exact('-1500000', 6)).toBe('-1.5');
    expect(exact('7', 0)).toBe('7');
  });
  it('shows small amounts with their first digits', () => {
    expect(tokens('166', 6, 'en')).toBe('0.00017');
    expect(tokens('4798340', 6, 'en')).toBe('4.80');
    expect(tokens('0', 6, 'en')).toBe('0.00');
  });
  it('is read from what a person types, or refused', () => {
    expect(baseUnits('12.50', 6)).toBe('12500000');
    expect(baseUnits(' 0.000001 ', 6)).toBe('1');
    for (const bad of ['', '1,5', '-1', '1e3', '0.0000001', 'abc', '1.2.3'])
      expect(baseUnits(bad, 6), bad).toBeUndefined();
  });
  it('is worth something in the reader’s currency, and nothing where nobody says', () => {
    expect(worth('1000000', coin, 'ko')).toBe('1,385원');
    expect(worth('1000000', coin, 'en')).toBe('$1.00');
    expect(worth('1000000', { ...coin, worth: {} }, 'en')).toBeUndefined();
  });
});

describe('numbers', () => {
  it('bear units', () => {
    expect(bytes(0, 'en')).toBe('0 B');
    expect(bytes(1.25 * 1024 ** 3, 'en')).toBe('1.3 GiB');
    expect(bytes(256 * 1024 ** 2, 'ko')).toBe('256 MiB');
    expect(processors(500, 'en')).toBe('0.5');
    expect(processors(2000, 'ko')).toBe('2');
    expect(percent(1, 0, 'en')).toBe('0 %');
    expect(percent(1, 30, 'ko')).toBe('3.3%');
  });
});

describe('time', () => {
  it('is said in two units at most', () => {
    expect(duration(0, 'en')).toBe('0 s');
    expect(duration(61 * SECOND, 'en')).toBe('1 min 1 s');
    expect(duration((3 * 3600 + 12 * 60 + 5) * SECOND, 'ko')).toBe('3시간 12분');
    expect(duration(26 * 3600 * SECOND, 'en', true)).toBe('1 d');
  });
  it('lies behind or ahead', () => {
    expect(relative(0, 3600 * SECOND, 'en')).toBe('1 h ago');
    expect(relative(7200 * SECOND, 0, 'ko')).toBe('2시간 뒤');
    expect(relative(0, 2 * SECOND, 'ko')).toBe('방금');
  });
});

describe('messages', () => {
  it('choose the plural and the particle', () => {
    expect(fill('{n} {n|app|apps}', { n: 1 })).toBe('1 app');
    expect(fill('{n} {n|app|apps}', { n: 0 })).toBe('0 apps');
    expect(fill('{name:을/를} 멈춰요', { name: '점심투표' })).toBe('점심투표를 멈춰요');
    expect(fill('{a} {b}', { a: 'x' })).toBe('x {b}');
  });
  it('fit particles to Korean, digits and Latin', () => {
    expect(josa('책', '이/가')).toBe('책이');
    expect(josa('서울', '으로/로')).toBe('서울로');
    expect(josa('3', '은/는')).toBe('3은');
    expect(josa('1.3 GiB', '을/를')).toBe('1.3 GiB를');
    expect(josa('shop', '을/를')).toBe('shop을(를)');
  });
});
