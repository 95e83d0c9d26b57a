import { describe, expect, it } from 'vitest';
import { check, checkAddress, suggest } from './name';
import { pieces } from './text';

describe('a name', () => {
  it('that could mislead is refused, with what is wrong', () => {
    const cases = {
      '': 'empty',
      www: 'reserved',
      ttalkak: 'reserved',
      'shop\u202e': 'unseen',
      'sh\u200bop': 'unseen',
      'shop\u0000': 'unseen',
      'sh\nop': 'unseen',
      ѕhop: 'foreign',
      shöp: 'foreign',
      가게: 'foreign',
      ｓhop: 'foreign',
      Shop: 'capital',
      'my shop': 'space',
      a_b: 'character',
      'a.b': 'character',
      '<b>': 'character',
      '-x': 'edge',
      'x-': 'edge',
      'xn--80ak6aa92e': 'double',
    };
    for (const [name, fault] of Object.entries(cases)) expect(check(name)?.fault, name).toBe(fault);
    expect(check('a'.repeat(50))).toEqual({ fault: 'long', over: 2 });
    expect(check('shop\u202e')).toEqual({ fault: 'unseen', what: 'U+202E' });
    expect(check('my-shop-2')).toBeUndefined();
  });

  it('is made out of a repository', () => {
    expect(suggest('https://example.com/me/My_Shop.git')).toBe('my-shop');
    expect(suggest('/home/me/hello/')).toBe('hello');
    expect(suggest('딸깍')).toBeUndefined();
    expect(suggest('https://example.com/me/api')).toBeUndefined();
    expect(suggest(`x/${'ab-'.repeat(40)}`)?.length).toBeLessThanOrEqual(48);
  });
});

describe('an address', () => {
  it('is looked at before anybody is asked', () => {
    expect(checkAddress('https://github.com/me/shop.git')).toBeUndefined();
    expect(checkAddress('file:///srv/shop')).toBeUndefined();
    const cases = {
      '  ': 'empty',
      'git@github.com:me/shop.git': 'scheme',
      'ssh://git@github.com/me/shop': 'scheme',
      'javascript:alert(1)': 'scheme',
      'https://me:secret@github.com/me/shop': 'credentials',
      'https://github.com': 'malformed',
      'github.com/me/shop': 'malformed',
      'https://github.com/me/sh\u202eop': 'unseen',
    };
    for (const [text, fault] of Object.entries(cases)) expect(checkAddress(text), text).toBe(fault);
  });
});

describe('text of strangers', () => {
  it('shows what would not be seen', () => {
    expect(pieces('fix\u202e\n<b>')).toEqual([
      { text: 'fix', mark: false },
      { text: 'U+202E', mark: true },
      { text: 'U+000A', mark: true },
      { text: '<b>', mark: false },
    ]);
    expect(pieces('고침 👩‍💻 ✔️')).toEqual([{ text: '고침 👩‍💻 ✔️', mark: false }]);
    expect(pieces('')).toEqual([]);
  });
});
