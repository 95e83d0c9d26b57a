// Signing in and out, and what is one's own, in the built console against an API of the tests' own.
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { launch } from '../browser/browser';
import type { SessionView } from '../../apps/console/account/types';
import { FILES, refusal, TOKEN, type FakeApi } from './fake';
import { openScene, SCENES, type Opened } from './scenes';

let browser: Browser;
beforeAll(async () => {
  browser = await launch(FILES);
});
afterAll(() => browser.close());

async function at(name: string, walk: (opened: Opened) => Promise<unknown>): Promise<void> {
  const scene = SCENES.find((one) => one.name === name);
  if (!scene) throw new Error(`There is no scene ${name}.`);
  const opened = await openScene(browser, scene);
  try {
    await walk(opened);
  } finally {
    await opened.close();
  }
}
/** What the API says of who is signed in. */
const sessionOf = async ({ url }: FakeApi) => (await (await fetch(`${url}/v1/session`)).json()) as SessionView;
const button = (page: Page, name: string | RegExp) => page.getByRole('button', { name });

it('whoever is signed in does not see the door while that is asked', () =>
  at('profile', async ({ page, api }) => {
    const session = await sessionOf(api);
    api.answer('GET /v1/session', async () => {
      await new Promise((done) => setTimeout(done, 400));
      return { body: session };
    });
    await page.addInitScript(() => {
      const seen = window as unknown as { doors: number };
      seen.doors = 0;
      const count = () => (seen.doors += document.querySelectorAll('main :is(.landing, .door)').length);
      new MutationObserver(count).observe(document, { subtree: true, childList: true });
    });
    for (const hint of [true, false]) {
      if (!hint) await page.evaluate(() => localStorage.clear());
      await page.goto(`${api.url}/`);
      await page.getByRole('heading', { name: 'Overview' }).waitFor();
      const doors = await page.evaluate(() => (window as unknown as { doors: number }).doors);
      expect(doors, `with a hint: ${hint}`).toBe(0);
    }
  }));

it('a session that ends says so, and signing in leads back to the same page', () =>
  at('expired', async ({ page, api }) => {
    await page.getByText('Your session is over.').waitFor();
    expect(new URL(page.url()).pathname).toBe('/settings/tokens');
    api.answer('GET /v1/tokens', () => ({ body: { items: [] } }));
    await page.locator('summary').click();
    await page.getByLabel('API token').fill(TOKEN);
    await button(page, 'Sign in with the token').click();
    await page.getByText('No tokens yet').waitFor();
    expect(new URL(page.url()).pathname).toBe('/settings/tokens');
    const kept = await page.evaluate(() => JSON.stringify({ ...localStorage, ...sessionStorage }) + document.cookie);
    expect(kept).not.toContain('ttk_');
  }));

it('what changes something carries the csrf token, and what reads does not', () =>
  at('profile', async ({ page, api }) => {
    await page.getByLabel('Name').fill('Mina P.');
    await button(page, 'Save name').click();
    await page.getByText('Your name was changed.').waitFor();
    for (const { method, headers } of api.asked)
      expect(headers['x-ttalkak-csrf'] !== undefined, method).toBe(method !== 'GET');
  }));

it('another tab that signs out is noticed, and one that changes teams stops this one', () =>
  at('profile', async ({ page, api }) => {
    const other = await page.context().newPage();
    await other.goto(`${api.url}/settings/sessions`);
    await other.locator('main li').first().waitFor();
    const session = await sessionOf(api);
    const moved = { ...session, team: session.teams[0] };
    api.answer('PUT /v1/session/team', () => {
      api.answer('GET /v1/session', () => ({ body: moved }));
      return { body: moved };
    });
    await other.locator('header .tools button').click();
    await other.getByRole('menuitemradio', { name: /^mina/ }).click();
    await page.getByRole('dialog', { name: 'Another tab went on' }).waitFor();
    await button(page, 'Load again').click();
    await page.getByRole('heading', { name: 'Overview' }).waitFor();
    await other.getByRole('heading', { name: 'Overview' }).waitFor();
    await other.locator('header .tools button').click();
    await other.getByRole('menuitem', { name: 'Sign out' }).click();
    await other.getByText('You are signed out.').waitFor();
    await page.getByText('You signed out in another tab.').waitFor();
  }));

it('the way back after signing in never leaves this site, and strange problems are not repeated', () =>
  at('sign-in', async ({ page, api }) => {
    await page.goto(`${api.url}/sign-in?return=https://evil.example/&problem=<b>call+us</b>`);
    const github = page.locator('.github');
    expect(await github.getAttribute('href')).toBe('/v1/sign-in/github?return=%2F');
    expect(await page.getByText('call us').count()).toBe(0);
    await page.goto(`${api.url}/sign-in?return=%2Fbilling%3Fa%3D1`);
    expect(await github.getAttribute('href')).toBe('/v1/sign-in/github?return=%2Fbilling%3Fa%3D1');
  }));

it('an address is verified by the code alone, and a wrong one is told', () =>
  at('profile-code', async ({ page, api }) => {
    expect(await page.getByText('That is not the code.').isVisible()).toBe(true);
    expect(await button(page, /^Another code in \d+ s$/).isDisabled()).toBe(true);
    await page.getByLabel('Six digits').fill('000000');
    await page.getByText('email_code_expired').waitFor();
    await page.getByLabel('Six digits').fill('Your code: 123456');
    await page.getByText('The address is verified.').waitFor();
    expect(await page.getByLabel('Email address').inputValue()).toBe('new@example.com');
    expect(api.asked.filter(({ path }) => path === '/v1/me/email').length).toBe(1);
  }));

it('a token is shown once, and is gone with its revocation', () =>
  at('tokens-made', async ({ page, api }) => {
    const made = api.asked.find(({ method, path }) => method === 'POST' && path === '/v1/tokens');
    expect(made?.body).toEqual({ name: 'CI of shop', scope: 'deploy', expires_in_days: 90 });
    await page.locator('.secret').getByRole('button', { name: 'Copy' }).click();
    expect(await page.evaluate(() => navigator.clipboard.readText())).toMatch(/^ttk_/);
    await button(page, 'I have kept it').click();
    expect(await page.getByText('ttk_', { exact: false }).count()).toBe(0);
    await page.locator('main li button').click();
    await page.getByRole('dialog').getByRole('button', { name: 'Revoke' }).click();
    await page.getByText('CI of shop was revoked.').waitFor();
    await page.getByText('No tokens yet').waitFor();
  }));

it('whoever may not change the team is told which role it takes, and is offered nothing', () =>
  at('team-viewer', async ({ page }) => {
    await page.getByText('This takes the role Owner.').waitFor();
    expect(await button(page, 'Ask somebody in').count()).toBe(0);
    expect(await page.locator('main li button').count()).toBe(0);
    expect(await page.getByLabel('Team name').isDisabled()).toBe(true);
  }));

it('a code that a link brings is not acted on by itself', () =>
  at('device', async ({ page, api }) => {
    await page.goto(`${api.url}/device?code=abcdefgh`);
    await button(page, 'Go on').waitFor();
    expect(api.asked.filter(({ path }) => path.startsWith('/v1/devices')).length).toBe(0);
    expect(await page.getByLabel('Code').inputValue()).toBe('ABCD-EFGH');
    await button(page, 'Go on').click();
    await button(page, 'No, this is not mine').click();
    await page.getByText('The device was refused').waitFor();
    const paths = api.asked.map(({ path }) => path).filter((path) => path.startsWith('/v1/devices'));
    expect(paths).toEqual(['/v1/devices/ABCD-EFGH', '/v1/devices/ABCD-EFGH/deny']);
  }));

it('a refusal that speaks of csrf asks who is signed in, so that the next press works', () =>
  at('profile', async ({ page, api }) => {
    api.answer('PATCH /v1/me', () => refusal(403, 'csrf_refused'));
    const before = api.asked.filter(({ path }) => path === '/v1/session').length;
    await page.getByLabel('Name').fill('Mina P.');
    await button(page, 'Save name').click();
    await page.getByText('csrf_refused').waitFor();
    await page.waitForFunction(() => true);
    const asked = api.asked.filter(({ path }) => path === '/v1/session').length;
    expect(asked).toBe(before + 1);
  }));

it('the guide is there without signing in, in the language one reads, at the place one was sent to', () =>
  at('guide-in', async ({ page }) => {
    await page.waitForFunction(() => {
      const top = document.getElementById('connect')?.getBoundingClientRect().top ?? 0;
      return top > 0 && top < 200;
    });
    await button(page, '한국어로 보기').click();
    await page.getByRole('heading', { name: '데이터베이스', exact: true }).waitFor();
    await page.locator('footer a.next').click();
    await page.getByRole('heading', { name: '컴퓨터 빌려주기' }).waitFor();
  }));
