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

/** What only shows, finds, copies or leads somewhere. */
const SHOWS =
  /^(Copy|Last changed|Look closer|Search|Sort|More actions|Try again|Show|Hide|Download|Wrap|Newest|Follow|Month|Last 24|Both|App|Build|Clear|Theme|Read|Earlier|Load)/;

interface Walk {
  path: string;
  ready: string;
  /** Whether the page tells the reason in words; else the disabled control does. */
  told?: boolean;
  /** What a viewer may do all the same: it is their own. */
  own?: RegExp;
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
  { path: '/settings/profile', ready: '.settings h2', own: /^(Name|Email address|Save name|Send a code)$/ },
  { path: '/settings/sessions', ready: '.settings h2', own: /^(End|Sign out|Sign the others out)/ },
  { path: '/settings/tokens', ready: '.settings h2', own: /^(New token|Revoke)/ },
  { path: '/settings/team', ready: 'main li', told: true, own: /^(New team|Leave)/ },
  { path: '/settings/audit', ready: '.settings h2', told: true },
  { path: '/device', ready: 'main h1', own: /^(Code|Go on)$/ },
  { path: '/invitations/abc', ready: '.lead', own: /^Join the team/ },
];

/** The names of what can be pressed, typed into or switched. */
const enabled = (page: Page) =>
  page.locator('main').evaluate((main) =>
    [...main.querySelectorAll<HTMLElement>('button, input, textarea, select, [role="switch"], [role="radio"]')]
      .filter((one) => !one.matches(':disabled, [aria-disabled="true"]') && one.checkVisibility())
      .map((one) => {
        const label = one.id ? main.querySelector(`label[for="${one.id}"]`) : null;
        return (one.getAttribute('aria-label') ?? label?.textContent ?? one.innerText ?? '').trim();
      }),
  );

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
  // What a page asks for by itself; its stream of events never ends.
  await page.waitForTimeout(400);
  return { api, page, close };
}

describe.each(Object.keys(READERS) as Reader[])('a %s', (reader) => {
  it.each(PAGES.map((one) => ({ ...one, name: `${one.path}${one.prepare ? ' bare' : ''}` })))(
    'can press nothing in vain on $name',
    async (one) => {
      const { api, page, close } = await walk(reader, one);
      try {
        const names = await enabled(page);
        const own = reader === 'viewer' ? one.own : undefined;
        expect(names.filter((name) => !SHOWS.test(name) && !own?.test(name))).toEqual([]);
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
        expect(mute.filter((name) => !SHOWS.test(name) && !own?.test(name))).toEqual([]);
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
