// The guide says the same in both languages, and its links lead somewhere.
import { describe, expect, it } from 'vitest';
import { around, pieces, type Block, type Chapter } from '../../apps/console/guide/chapter';
import { COMMANDS, commandText } from '../../apps/console/guide/commands';
import { parse } from '../../apps/console/routes';
import en from '../../apps/console/words/en.guide';
import ko from '../../apps/console/words/ko.guide';

/** What must be equal whatever the language. */
const shape = (block: Block): string =>
  block[0] === 'h' || block[0] === 'code'
    ? `${block[0]} ${block[1]}`
    : block[0] === 'list'
      ? `list ${block[1].length}`
      : block[0];
const texts = (chapter: Chapter): string[] =>
  chapter.blocks.flatMap((block) =>
    block[0] === 'list' ? block[1] : block[0] === 'p' || block[0] === 'note' ? [block[1]] : [],
  );
const marks = (chapter: Chapter) =>
  texts(chapter)
    .flatMap(pieces)
    .flatMap((piece) => ('code' in piece ? [piece.code] : 'link' in piece ? [piece.link] : []));

describe('the guide', () => {
  it('has the same chapters, headlines, commands and links in both languages', () => {
    expect(ko.map(({ id, blocks }) => [id, blocks.map(shape)])).toEqual(
      en.map(({ id, blocks }) => [id, blocks.map(shape)]),
    );
    // The order within a sentence is the language's own.
    expect(ko.map((chapter) => marks(chapter).sort())).toEqual(en.map((chapter) => marks(chapter).sort()));
  });

  it('uses every command, and leads only to pages and chapters that exist', () => {
    const used = en.flatMap(({ blocks }) => blocks.flatMap((block) => (block[0] === 'code' ? [block[1]] : [])));
    expect([...used].sort()).toEqual(Object.keys(COMMANDS).sort());
    const links = en
      .flatMap(texts)
      .flatMap(pieces)
      .flatMap((piece) => ('link' in piece ? [piece.link] : []));
    for (const link of links) {
      const route = parse(link);
      expect(route, link).toBeDefined();
      if (route?.page === 'guide') expect(around(en, route.params.chapter).chapter, link).toBeDefined();
    }
  });

  it('has a place in the address for each headline, once in a chapter', () => {
    for (const { id, blocks } of en) {
      const places = blocks.flatMap((block) => (block[0] === 'h' ? [block[1]] : []));
      expect(new Set(places).size, id).toBe(places.length);
      for (const place of places) expect(place).toMatch(/^[a-z-]+$/);
    }
  });

  it('is written without shouting, and in the polite form', () => {
    for (const text of [...en, ...ko].flatMap(({ title, lead, blocks }) => [title, lead, ...blocks.flat(2)]))
      expect(text).not.toMatch(/!(?!\[)|\.\.\.|(습니다|합니다|니까)/);
  });

  it('knows its neighbours', () => {
    expect(around(en, undefined).chapter?.id).toBe('start');
    expect(around(en, 'start').before).toBeUndefined();
    expect(around(en, 'payment').next).toBeUndefined();
    expect(around(en, 'nothing')).toEqual({});
  });
});

describe('its text', () => {
  it('knows code and links of this site, and nothing else', () => {
    expect(pieces('Set `PORT`, see [Back end](/guide/back-end).')).toEqual([
      { text: 'Set ' },
      { code: 'PORT' },
      { text: ', see ' },
      { link: '/guide/back-end', text: 'Back end' },
      { text: '.' },
    ]);
    expect(pieces('[x](javascript:alert(1)) <b>')).toEqual([{ text: '[x](javascript:alert(1)) <b>' }]);
  });

  it('names this coordinator in commands', () => {
    expect(commandText('login', 'https://console.example.com')).toBe(
      'ttalkak login --coordinator https://console.example.com',
    );
  });
});
