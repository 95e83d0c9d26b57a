// The pages of accounts in each of their states.
import type { Page } from 'playwright-core';
import { refusal, type FakeApi } from '../fake';
import type { Route } from '../fake/answers';
import { MINA, world, type World } from '../world';
import { has, type Scene } from './scene';

interface Part {
  /** Changes to the usual world. */
  world?: Partial<World>;
  routes?: Record<string, Route>;
  act?: Scene['act'];
  hint?: boolean;
  ready?: string;
}

const scene = (name: string, path: string, part: Part = {}): Scene => ({
  name,
  path,
  ready: has(part.ready ?? 'main h1'),
  act: part.act,
  // Whoever comes with nothing waits for the longest, and sees most of what may jump.
  hint: part.hint ?? false,
  prepare: (api: FakeApi) => {
    Object.assign(api.people, structuredClone(part.world));
    for (const [route, told] of Object.entries(part.routes ?? {})) api.answer(route, told);
  },
});
const out = { signedIn: false };
const refused = () => refusal(503, 'unavailable', 'The coordinator is busy.', 'Try again in a moment.');
const silent = () => 'silence' as const;
const fill = (page: Page, text: string, at = 0) => page.locator('main input').nth(at).fill(text);
const press = (page: Page) => page.locator('main button.primary').first().click();
const WORLD = world();

export const ACCOUNT: Scene[] = [
  scene('landing', '/', { world: out }),
  scene('landing-on', '/', { world: out, act: (page) => page.getByRole('switch').click() }),
  scene('landing-no-github', '/', { world: { ...out, github: false, development: true } }),
  scene('waiting', '/settings/profile', {
    routes: { 'GET /v1/session': silent },
    hint: true,
    ready: '[aria-busy]',
  }),
  scene('session-failed', '/', { routes: { 'GET /v1/session': refused }, ready: '.problem' }),
  scene('sign-in', '/sign-in', { world: out, ready: '.github' }),
  scene('sign-in-token', '/sign-in', {
    world: out,
    ready: '.github',
    act: async (page) => {
      await page.locator('summary').click();
      await fill(page, 'ttk_thisisnotavalidtokenatall00');
      await page.locator('details button.button').click();
      await page.locator('[role=alert]').waitFor();
    },
  }),
  scene('sign-in-development', '/sign-in', {
    world: { ...out, development: true },
    ready: '.github',
    act: async (page) => {
      await fill(page, 'not a login');
      await page.locator('section button.button').click();
      await page.locator('[role=alert]').waitFor();
    },
  }),
  scene('sign-in-problem', '/sign-in?problem=sign_in_denied', { world: out, ready: '.github' }),
  scene('sign-in-failed', '/sign-in', { world: out, routes: { 'GET /v1/sign-in': refused }, ready: '.problem' }),
  scene('sign-in-needed', '/settings/tokens', { world: out, ready: '.github' }),
  scene('expired', '/settings/profile', {
    ready: '.settings',
    act: async (page, api) => {
      api.answer('GET /v1/tokens', () => refusal(401, 'unauthorized'));
      await page.locator('a[href="/settings/tokens"]').click();
      await page.locator('.why').waitFor();
    },
  }),
  scene('menu', '/settings/profile', {
    ready: '.settings',
    act: async (page) => {
      await page.locator('header .tools button').click();
      await page.locator('[role=menu]').waitFor();
    },
  }),
  scene('profile', '/settings', { ready: '.settings h2' }),
  scene('profile-new', '/settings', {
    world: { user: { ...MINA, email: null, email_verified: false } },
    ready: '.settings h2',
    act: async (page) => {
      await fill(page, '   ', 0);
      await fill(page, 'mina@', 1);
      await page.locator('main input').nth(0).focus();
    },
  }),
  scene('profile-code', '/settings', {
    ready: '.settings h2',
    act: async (page) => {
      await fill(page, 'new@example.com', 1);
      await page.locator('main section').nth(1).locator('button.button').click();
      await page.locator('input[inputmode=numeric]').fill('999999');
      await page.locator('.wrong').waitFor();
    },
  }),
  scene('profile-token', '/settings', { world: { user: null } }),
  scene('sessions', '/settings/sessions', { ready: 'main li' }),
  scene('sessions-alone', '/settings/sessions', {
    world: { sessions: WORLD.sessions.slice(0, 1) },
    ready: 'main li',
  }),
  scene('sessions-loading', '/settings/sessions', { routes: { 'GET /v1/me/sessions': silent }, ready: '[aria-busy]' }),
  scene('sessions-failed', '/settings/sessions', { routes: { 'GET /v1/me/sessions': refused }, ready: '.problem' }),
  scene('tokens', '/settings/tokens', { ready: 'main li' }),
  scene('tokens-empty', '/settings/tokens', { world: { tokens: [] }, ready: '.empty' }),
  scene('tokens-new', '/settings/tokens', {
    ready: 'main li',
    act: async (page) => {
      await page.locator('main header button.button').click();
      await page.locator('.new button.primary').click();
    },
  }),
  scene('tokens-made', '/settings/tokens', {
    world: { tokens: [] },
    ready: '.empty',
    act: async (page) => {
      await press(page);
      await fill(page, 'CI of shop');
      await page.locator('.new button.primary').click();
      await page.locator('.secret').waitFor();
    },
  }),
  scene('tokens-revoke', '/settings/tokens', {
    ready: 'main li',
    act: async (page) => {
      await page.locator('main li button').first().click();
      await page.getByRole('dialog').waitFor();
    },
  }),
  scene('tokens-small', '/settings/tokens', { world: { scope: 'read' } }),
  scene('team', '/settings/team', { ready: 'main li' }),
  scene('team-viewer', '/settings/team', { world: { role: 'viewer' }, ready: 'main li' }),
  scene('team-alone', '/settings/team', {
    world: { personal: true, teamName: 'mina', members: WORLD.members.slice(0, 1), invitations: [] },
    ready: 'main li',
  }),
  scene('team-role', '/settings/team', {
    ready: 'main li',
    act: async (page) => {
      await page.locator('main li button').first().click();
      await page.locator('[role=menu]').waitFor();
    },
  }),
  scene('team-invite', '/settings/team', {
    ready: 'main li',
    act: async (page) => {
      await page.locator('main header button.button').last().click();
      await page.locator('.ask').waitFor();
    },
  }),
  scene('team-invited', '/settings/team', {
    ready: 'main li',
    act: async (page) => {
      await page.locator('main header button.button').last().click();
      await page.locator('.ask button.primary').click();
      await page.locator('.secret').waitFor();
    },
  }),
  scene('team-new', '/settings/team?new', { ready: '[role=dialog]' }),
  scene('audit', '/settings/audit', { ready: 'main li' }),
  scene('audit-empty', '/settings/audit', { world: { audit: [] }, ready: '.empty' }),
  scene('device', '/device'),
  scene('device-gone', '/device', {
    act: async (page) => {
      await fill(page, 'gonegone');
      await press(page);
      await page.locator('[role=alert]').waitFor();
    },
  }),
  scene('device-asks', '/device?code=abcdefgh', {
    act: async (page) => {
      await press(page);
      await page.locator('.warning').waitFor();
    },
  }),
  scene('device-approved', '/device?code=abcdefgh', {
    act: async (page) => {
      await press(page);
      await page.locator('.warning').waitFor();
      await press(page);
      await page.locator('.answer').waitFor();
    },
  }),
  scene('invitation', '/invitations/abc', { ready: '.lead' }),
  scene('invitation-out', '/invitations/abc', { world: out, ready: '.github' }),
  scene('invitation-gone', '/invitations/gone', { ready: '.problem' }),
  ...['', '/front-end', '/back-end', '/database', '/provider', '/payment'].map((chapter) =>
    scene(`guide${chapter.replace('/', '-')}`, `/guide${chapter}`, { world: out, ready: 'article h1' }),
  ),
  scene('guide-in', '/guide/database#connect', { world: out, ready: 'article h1' }),
];
