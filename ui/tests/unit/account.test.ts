// What the console decides about people: who may do what, where one goes, codes, sentences.
import { describe, expect, it } from 'vitest';
import { AUDIT_ACTIONS, byDay, deed, plainLine } from '../../apps/console/account/audit';
import {
  browserName,
  deviceCode,
  deviceCodeWhole,
  emailCode,
  emailCodeWhole,
  initials,
} from '../../apps/console/account/code';
import * as rules from '../../apps/console/account/rules';
import type { Role, Scope, TeamDetail } from '../../apps/console/account/types';
import en from '../../apps/console/words/en.audit';
import ko from '../../apps/console/words/ko.audit';
import { fill } from '../../src/i18n/message';

const ACTIONS: rules.Action[] = ['read', 'deploy', 'lend', 'pay', 'administer', 'personal'];
const view = (role: Role, scope: Scope) => ({
  team: { id: 'acc_1', name: 'a', personal: false, role, created_at: '' },
  scope,
});

describe('what one may do', () => {
  it.each([
    ['viewer', 'full', 'read personal'],
    ['developer', 'full', 'read deploy personal'],
    ['owner', 'full', 'read deploy lend pay administer personal'],
    ['owner', 'deploy', 'read deploy'],
    ['owner', 'read', 'read'],
  ] as const)('is, as %s with the scope %s: %s', (role, scope, allowed) => {
    expect(ACTIONS.filter((action) => !rules.denied(view(role, scope), action)).join(' ')).toBe(allowed);
  });

  it('names the role first, as a greater scope would not help', () => {
    expect(rules.denied(view('viewer', 'read'), 'pay')).toEqual({ role: 'owner' });
    expect(rules.denied(view('owner', 'read'), 'pay')).toEqual({ scope: 'full' });
  });

  it('gives away no scope above its own', () => {
    expect(rules.scopesWithin('deploy')).toEqual(['read', 'deploy']);
  });

  it('keeps the last owner, and only the last', () => {
    const member = (id: string, role: Role) => ({ user: { id, login: id, name: id }, role, since: '' });
    const team = (...members: TeamDetail['members']) => ({ members });
    expect(rules.lastOwner(team(member('a', 'owner'), member('b', 'developer')), 'a')).toBe(true);
    expect(rules.lastOwner(team(member('a', 'owner'), member('b', 'developer')), 'b')).toBe(false);
    expect(rules.lastOwner(team(member('a', 'owner'), member('b', 'owner')), 'a')).toBe(false);
  });
});

describe('the way back after signing in', () => {
  it.each(['/billing', '/deployments/shop/logs?find=a%20b', '/guide/database#connect', '/invitations/x-Y_9'])(
    'is %s',
    (path) => expect(rules.safeReturn(path)).toBe(path),
  );
  it.each([
    undefined,
    '',
    'billing',
    '//evil.example',
    '/\\evil.example',
    '/a\\b',
    'https://evil.example/',
    '/\t/evil.example',
    '/ 한글',
    '/sign-in?return=/x',
    '/v1/session',
    `/${'a'.repeat(600)}`,
  ])('is home and not %j', (path) => expect(rules.safeReturn(path)).toBe('/'));
});

describe('what is typed', () => {
  it('only asks for a csrf token where something changes', () => {
    expect(['GET', 'head', 'POST', 'PUT', 'patch', 'DELETE'].filter(rules.changes)).toEqual([
      'POST',
      'PUT',
      'patch',
      'DELETE',
    ]);
  });

  it('is a code of a device, whatever the hand does', () => {
    expect(deviceCode('abcd')).toBe('ABCD');
    expect(deviceCode('ab cd-e')).toBe('ABCD-E');
    expect(deviceCode(' abcd–efgh9 ')).toBe('ABCD-EFGH');
    expect(deviceCodeWhole('ABCD-EFGH')).toBe(true);
    expect(deviceCodeWhole('ABCD-EFG')).toBe(false);
  });

  it('is a code of a mail, pasted with words around it or in full width', () => {
    expect(emailCode('code: 123 456.')).toBe('123456');
    expect(emailCode('１２３４５６７')).toBe('123456');
    expect(emailCodeWhole('12345')).toBe(false);
  });

  it('is an address, a login or a token, or is not', () => {
    expect(['a@b.co', ' mina.park+x@mail.example.org '].every(rules.looksLikeEmail)).toBe(true);
    expect(['a@b', '@b.co', 'a b@c.de', '<a@b.co>', 'a@b.c'].some(rules.looksLikeEmail)).toBe(false);
    expect(['mina', 'jun-ho', 'A1'].every(rules.looksLikeLogin)).toBe(true);
    expect(['', '-a', 'a--b', 'a-', 'a_b', 'a'.repeat(40)].some(rules.looksLikeLogin)).toBe(false);
    expect(rules.looksLikeToken(' ttk_0123456789abcdef ')).toBe(true);
    expect(rules.looksLikeToken('ghp_0123456789abcdef')).toBe(false);
  });
});

describe('people and browsers', () => {
  it('have letters of their own', () => {
    expect(['Mina Park', '서준호', 'jun-ho', 'ada', 'x', '', '🦀 crab'].map(initials)).toEqual([
      'MP',
      '서',
      'JH',
      'AD',
      'X',
      '?',
      '🦀C',
    ]);
  });

  it('are called as people call them', () => {
    const chrome = 'Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0 Safari/537.36';
    expect(browserName(chrome)).toEqual({ browser: 'Chrome', system: 'Windows' });
    expect(browserName(`${chrome} Edg/140.0`)).toEqual({ browser: 'Edge', system: 'Windows' });
    expect(browserName('Mozilla/5.0 (Linux; Android 16) Chrome/140.0 Mobile')).toEqual({
      browser: 'Chrome',
      system: 'Android',
    });
    expect(browserName('curl/8.1')).toEqual({ browser: undefined, system: undefined });
    expect(browserName(null)).toEqual({});
  });
});

describe('the audit log', () => {
  const speak = (words: Record<string, string>) => (key: string, params?: Record<string, string>) => {
    const message = words[key];
    return message === undefined ? undefined : fill(message, params);
  };

  it.each([
    ['en', en],
    ['ko', ko],
  ])('has a sentence for each deed in %s, with and without a subject', (_, words) => {
    for (const action of AUDIT_ACTIONS) {
      const said = deed({ action, subject: 'shop' }, speak(words));
      expect(said, action).toContain('shop');
      const alone = deed({ action, subject: null }, speak(words));
      for (const text of [said, alone]) expect(text, action).not.toMatch(/[{}]|audit\.|undefined/);
      expect(alone, action).not.toContain(action);
    }
  });

  it('shows the code of a deed without words', () => {
    expect(deed({ action: 'cluster.reshape', subject: 'attic' }, speak(en))).toBe('did cluster.reshape to attic');
    expect(deed({ action: 'cluster.reshape' }, speak(ko))).toBe('cluster.reshape 작업을 했어요');
  });

  it('lets no text turn the line around or hide in it', () => {
    expect(plainLine('shop\u202egpj.exe\u0000\u200b')).toBe('shopgpj.exe');
    expect([...plainLine('가'.repeat(500))].length).toBe(120);
  });

  it('keeps the order of the day', () => {
    const line = (id: number, at: string) => ({ id, at, actor: 'a', via: 'session' as const, action: 'x' });
    const items = [line(3, '2026-11-27T02:00:00Z'), line(2, '2026-11-27T01:00:00Z'), line(1, '2026-11-26T01:00:00Z')];
    const days = byDay(items, (at) => new Date(at).toISOString().slice(0, 10));
    expect(days.map(({ day, items }) => [day, items.map(({ id }) => id)])).toEqual([
      ['2026-11-27', [3, 2]],
      ['2026-11-26', [1]],
    ]);
  });
});
