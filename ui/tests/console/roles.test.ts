// Whoever may not change a thing sees why, and nothing that they could press in vain: every page, as a viewer, and as somebody
// who came in with a token that may only read. The API's own description says what is refused.
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { launch } from '../browser/browser';
import { visit } from './browser';
import { FakeApi, FILES } from './fake';
import type { World } from './world';

let browser: Browser;
beforeAll(async () => {
  browser = await launch(FILES);
});
afterAll(() => browser.close());

const READERS = {
  viewer: { who: { role: 'viewer' }, why: 'This takes the role' },
  reader: { who: { scope: 'read' }, why: 'You came in with a token that may do too little.' },
} as const satisfies Record<string, { who: Partial<World>; why: string }>;
type Reader = keyof typeof READERS;

/** What only shows, finds, copies or leads somewhere: these names and no others. */
const SHOWS = [
  'Copy',
  'Search projects',
  'Order Last changed',
  'More actions',
  'Build log',
  'App log',
  'Release Current',
  'Search',
  'Download this log',
  'Look closer',
  'Close',
  'Month',
  'Download CSV',
];

interface Walk {
  path: string;
  ready: string;
  /** Whether the page tells the reason in words; else the disabled control does. */
  told?: boolean;
  /** What a viewer may do all the same: it is their own. */
  own?: string[];
  prepare?: (api: FakeApi) => void;
}
const PAGES: Walk[] = [
  { path: '/', ready: '.row' },
  { path: '/', ready: '.empty', prepare: (api) => (api.deployments = []) },
  { path: '/projects', ready: '.row' },
  { path: '/projects', ready: '.empty', prepare: (api) => (api.deployments = []) },
  { path: '/projects/shop', ready: '.row' },
  { path: '/new', ready: '.cost dl', told: true },
  { path: '/deployments/shop-front', ready: '.commit' },
  { path: '/deployments/checkout', ready: 'ol' },
  { path: '/deployments/mailer', ready: '.trouble' },
  { path: '/deployments/sketch', ready: '.commit' },
  { path: '/deployments/shop-front/logs', ready: '.line' },
  { path: '/deployments/shop-front/releases?release=2', ready: '.diff dl' },
  { path: '/deployments/shop-front/env', ready: '.key', told: true },
  { path: '/deployments/shop-front/settings', ready: '.danger', told: true },
  { path: '/billing', ready: '.row' },
  { path: '/settings/profile', ready: '.settings h2', own: ['Name', 'Email address', 'Save name', 'Send a code'] },
  {
    path: '/settings/sessions',
    ready: '.settings h2',
    own: ['End all others', 'Sign out : Firefox on Linux', 'End : Safari on iOS', 'End : Unknown browser'],
  },
  {
    path: '/settings/tokens',
    ready: '.settings h2',
    own: ['New token', 'Revoke : CI of shop', 'Revoke : ttalkak on laptop', 'Revoke : first token'],
  },
  { path: '/settings/team', ready: 'main li', told: true, own: ['New team'] },
  { path: '/settings/audit', ready: '.settings h2', told: true },
  { path: '/device', ready: 'main h1', own: ['Code', 'Go on'] },
  { path: '/invitations/abc', ready: '.lead', own: ['Join the team'] },
];

const ROLES = /^\s*- '?(?:button|textbox|searchbox|spinbutton|combobox|checkbox|switch|radio|slider|tab)\b(.*)$/;

/** The names of what can be pressed, typed into or switched, as a screen reader tells them. */
async function enabled(page: Page): Promise<string[]> {
  const found: string[] = [];
  for (const line of (await page.locator('main').ariaSnapshot()).split('\n')) {
    const rest = ROLES.exec(line)?.[1];
    if (rest === undefined) continue;
    const name = /^ "((?:[^"\\]|\\.)*)"/.exec(rest)?.[1] ?? '';
    if (!rest.includes('[disabled]')) found.push(name);
  }
  return found;
}

/** Until the page has asked for all that it asks by itself. Its stream of events never ends. */
async function quiet(api: FakeApi, page: Page): Promise<void> {
  for (let asked = -1; asked !== api.asked.length;) {
    asked = api.asked.length;
    await page.waitForTimeout(500);
  }
}

async function walk(reader: Reader, { path, prepare, ready }: Walk) {
  const api = await FakeApi.start();
  Object.assign(api.people, READERS[reader].who);
  prepare?.(api);
  const { page } = await visit(browser, api, path);
  const close = async () => {
    await page.context().close();
    await api.close();
  };
  await page.locator(ready).first().waitFor();
  await quiet(api, page);
  return { api, page, close };
}

describe.each(Object.keys(READERS) as Reader[])('a %s', (reader) => {
  it.each(PAGES.map((one) => ({ ...one, name: `${one.path}${one.prepare ? ' bare' : ''}` })))(
    'can press nothing in vain on $name',
    async (one) => {
      const { api, page, close } = await walk(reader, one);
      try {
        const on = await enabled(page);
        const may = [...SHOWS, ...((reader === 'viewer' && one.own) || [])];
        expect(on.filter((name) => !may.includes(name))).toEqual([]);
        // What is off says why: in words on the page, or as it is pointed at.
        const { why } = READERS[reader];
        const mute = await page
          .locator('main :is(button, a.button):disabled')
          .evaluateAll(
            (all, [told, start]) =>
              all
                .filter((off) => !told && !off.getAttribute('title')?.startsWith(start as string))
                .map((off) => off.getAttribute('aria-label') ?? off.textContent?.trim() ?? ''),
            [one.told ?? false, why] as const,
          );
        expect(mute.filter((name) => !may.includes(name))).toEqual([]);
        if (one.told) await page.locator('main').getByText(why).first().waitFor();
        const more = page.getByRole('button', { name: 'More actions' });
        if ((await more.count()) > 0) {
          await more.click();
          const items = page.getByRole('menuitem');
          await items.first().waitFor();
          for (const item of await items.all()) {
            expect(await item.getAttribute('aria-disabled')).toBe('true');
            expect(await item.innerText()).toContain(why);
          }
        }
        // Not even what a page asks by itself.
        expect(api.refused.map(({ method, path }) => `${method} ${path}`)).toEqual([]);
      } finally {
        await close();
      }
    },
  );
});

it('an owner finds all of it at work', async () => {
  const api = await FakeApi.start();
  const { page } = await visit(browser, api, '/deployments/shop-front/settings');
  await page.locator('.danger').waitFor();
  expect(await page.locator('main button:disabled').count()).toBe(0);
  expect(await page.getByText('This takes').count()).toBe(0);
  await page.context().close();
  await api.close();
});
