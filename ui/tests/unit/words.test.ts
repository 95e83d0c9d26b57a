// Both languages say the same things: every key, every blank, and nothing left in the other's tongue.
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import desktopEn from '../../apps/desktop/words/en';
import desktopKo from '../../apps/desktop/words/ko';
import consoleEn from '../../apps/console/words/en';
import consoleKo from '../../apps/console/words/ko';
import { blanks } from '../../src/i18n/message';
import partsEn from '../../src/i18n/en';
import partsKo from '../../src/i18n/ko';

// The list of codes is closed, and stands in parts: from the desk on, they are the provider's alone.
const CODES = readFileSync(new URL('../../../crates/protocol/src/error/code.rs', import.meta.url), 'utf8');
const codes = [...CODES.matchAll(/^ {4}\w+ = "(\w+)", \d+, "(.*)";$/gm)].map(([, code = '', next = ''], at, all) => ({
  code,
  next,
  desk: (all[at]?.index ?? 0) > CODES.indexOf("// The provider's desk"),
}));
/** What one types, and nobody presses. */
const COMMAND = /`ttalkak|--[a-z]|\/v1\//;

const apps: [string, Record<string, string>, Record<string, string>][] = [
  ['desktop', { ...partsEn, ...desktopEn }, { ...partsKo, ...desktopKo }],
  ['console', { ...partsEn, ...consoleEn }, { ...partsKo, ...consoleKo }],
];

describe.each(apps)('the dictionaries of the %s', (app, en, ko) => {
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

  it('have Korean words for every code', () => {
    const here = codes.filter(({ desk }) => app === 'desktop' || !desk).map(({ code }) => code);
    expect(here.length).toBeGreaterThan(100);
    expect(
      [...here, 'unknown']
        .flatMap((code) => [`problem.${code}`, `problem.${code}.next`])
        .filter((key) => !/[가-힣]/.test(ko[key] ?? '')),
    ).toEqual([]);
  });

  it('are written without shouting, and in the polite form', () => {
    for (const [key, text] of [...Object.entries(en), ...Object.entries(ko)]) expect(text, key).not.toMatch(/!|\.\.\./);
    for (const [key, text] of Object.entries(ko)) expect(text, key).not.toMatch(/(습니다|합니다|니까)[.?]?/);
  });
});

describe('the codes', () => {
  it('are all that the API describes', () => {
    const api = JSON.parse(readFileSync(new URL('../../../coordinator/openapi.json', import.meta.url), 'utf8')) as {
      components: { schemas: { ErrorCode: { enum: string[] } } };
    };
    expect([...codes.map(({ code }) => code), 'unknown'].sort()).toEqual(
      [...api.components.schemas.ErrorCode.enum].sort(),
    );
  });

  it('lead nobody in the console to a command', () => {
    const en: Record<string, string> = { ...partsEn, ...consoleEn };
    const led = codes.filter(({ code, next, desk }) => !desk && COMMAND.test(en[`problem.${code}.next`] ?? next));
    expect(led.map(({ code }) => code)).toEqual([]);
  });
});
