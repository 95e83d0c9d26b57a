// Both languages say the same things: every key, every blank, and nothing left in the other's tongue.
import { describe, expect, it } from 'vitest';
import desktopEn from '../../apps/desktop/words/en';
import desktopKo from '../../apps/desktop/words/ko';
import consoleEn from '../../apps/console/words/en';
import consoleKo from '../../apps/console/words/ko';
import { blanks } from '../../src/i18n/message';
import partsEn from '../../src/i18n/en';
import partsKo from '../../src/i18n/ko';

const apps: [string, Record<string, string>, Record<string, string>][] = [
  ['desktop', { ...partsEn, ...desktopEn }, { ...partsKo, ...desktopKo }],
  ['console', { ...partsEn, ...consoleEn }, { ...partsKo, ...consoleKo }],
];

describe.each(apps)('the dictionaries of the %s', (_, en, ko) => {
  it('have the same keys, but for problems that English takes as they come', () => {
    const own = Object.keys(ko).filter((key) => !(key in en));
    expect(own.every((key) => key.startsWith('problem.'))).toBe(true);
    expect(Object.keys(en).filter((key) => !(key in ko))).toEqual([]);
  });

  it('fill the same blanks', () => {
    for (const key of Object.keys(en)) expect(blanks(ko[key] ?? ''), key).toEqual(blanks(en[key] ?? ''));
  });

  it('say what went wrong and the next move of each problem', () => {
    for (const key of Object.keys(ko).filter((one) => /^problem\.[a-z_]+$/.test(one)))
      expect(ko, key).toHaveProperty([`${key}.next`]);
  });

  it('are written without shouting, and in the polite form', () => {
    for (const [key, text] of [...Object.entries(en), ...Object.entries(ko)]) expect(text, key).not.toMatch(/!|\.\.\./);
    for (const [key, text] of Object.entries(ko)) expect(text, key).not.toMatch(/(습니다|합니다|니까)[.?]?/);
  });
});
