// Every page of the console in each of its states, in both languages and themes at three widths: no serious finding of axe,
// nothing wider than the screen, nothing that jumps, no word to strangers. And what signing in and out must hold to.
//   npm run test:pages (after npm run build:console)
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { after, before, test } from 'node:test';
import { chromium } from 'playwright-core';
import { TOKEN } from './fake/account.mjs';
import { Refusal } from './fake/server.mjs';
import { SCENES } from './scenes/index.mjs';
import { LANGUAGES, openScene, THEMES, WIDTHS } from './scenes/look.mjs';

const axe = await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
/** Chromium's own bound of a good page is 0.1; ours is nothing that an eye sees. */
const SHIFT_MAX = 0.02;
const executablePath = process.env.CONSOLE_CHROMIUM ?? '/usr/bin/chromium';
let browser;
before(async () => {
  browser = await chromium.launch({ executablePath, args: ['--no-sandbox', '--disable-gpu'] });
});
after(() => browser.close());

async function findings(page) {
  const { violations } = await page.evaluate(() => window.axe.run(document));
  const serious = violations.filter(({ impact }) => impact === 'serious' || impact === 'critical');
  return serious.map(
    ({ id, nodes }) =>
      `${id}: ${nodes.map((node) => `${node.html.slice(0, 160)} ${node.any[0]?.message ?? ''}`).join(' | ')}`,
  );
}

/** What moves has come to its end. */
const settled = (page) =>
  page.evaluate(async () => {
    await new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
    await Promise.allSettled(document.getAnimations().map((animation) => animation.finished));
  });

for (const scene of SCENES) {
  test(`${scene.name} can be read by everybody`, async () => {
    // A language and a theme together: neither changes what the other could break.
    for (const [index, language] of LANGUAGES.entries()) {
      const theme = THEMES[index];
      // What jumps on a phone may not on a desk, and the other way round.
      const width = [1440, 390][index];
      const { page, heard, shift, close } = await openScene(browser, scene, { language, theme, width });
      try {
        assert.ok(shift <= SHIFT_MAX, `jumps by ${shift} at ${width}`);
        // By the debugger's way: the page's policy lets no other script in.
        await page.evaluate(axe);
        for (const width of WIDTHS) {
          await page.setViewportSize({ width, height: 900 });
          await settled(page);
          const wide = await page.evaluate(() => document.documentElement.scrollWidth);
          assert.ok(wide <= width, `${language} at ${width} is ${wide} wide`);
          assert.deepEqual(await findings(page), [], `${language} ${theme} ${width}`);
        }
        assert.deepEqual(heard, []);
      } finally {
        await close();
      }
    }
  });
}

const named = (name) => SCENES.find((scene) => scene.name === name);
async function at(name, walk) {
  const scene = named(name);
  assert.ok(scene, name);
  const opened = await openScene(browser, scene);
  try {
    await walk(opened);
  } finally {
    await opened.close();
  }
}
const button = (page, name) => page.getByRole('button', { name });

test('whoever is signed in does not see the door while that is asked', () =>
  at('profile', async ({ page, fake }) => {
    const session = await (await fetch(`${fake.url}/v1/session`)).json();
    fake.answer('GET /v1/session', async () => {
      await new Promise((done) => setTimeout(done, 400));
      return session;
    });
    await page.addInitScript(() => {
      window.doors = 0;
      new MutationObserver(
        () => (window.doors += document.querySelectorAll('main :is(.landing, .door)').length),
      ).observe(document, { subtree: true, childList: true });
    });
    for (const hint of [true, false]) {
      if (!hint) await page.evaluate(() => localStorage.clear());
      await page.goto(`${fake.url}/`);
      await page.getByRole('heading', { name: 'Overview' }).waitFor();
      assert.equal(await page.evaluate(() => window.doors), 0, `with a hint: ${hint}`);
    }
  }));

test('a session that ends says so, and signing in leads back to the same page', () =>
  at('expired', async ({ page, fake }) => {
    await page.getByText('Your session is over.').waitFor();
    assert.equal(new URL(page.url()).pathname, '/settings/tokens');
    fake.answer('GET /v1/tokens', () => ({ items: [] }));
    await page.locator('summary').click();
    await page.getByLabel('API token').fill(TOKEN);
    await button(page, 'Sign in with the token').click();
    await page.getByText('No tokens yet').waitFor();
    assert.equal(new URL(page.url()).pathname, '/settings/tokens');
    const kept = await page.evaluate(() => JSON.stringify({ ...localStorage, ...sessionStorage }) + document.cookie);
    assert.ok(!kept.includes('ttk_'), kept);
  }));

test('what changes something carries the csrf token, and what reads does not', () =>
  at('profile', async ({ page, fake }) => {
    await page.getByLabel('Name').fill('Mina P.');
    await button(page, 'Save name').click();
    await page.getByText('Your name was changed.').waitFor();
    for (const { method, headers } of fake.asked)
      assert.equal(headers['x-ttalkak-csrf'] !== undefined, method !== 'GET', method);
  }));

test('another tab that signs out is noticed, and one that changes teams stops this one', () =>
  at('profile', async ({ page, fake }) => {
    const other = await page.context().newPage();
    await other.goto(`${fake.url}/settings/sessions`);
    await other.locator('main li').first().waitFor();
    const session = await (await fetch(`${fake.url}/v1/session`)).json();
    const moved = { ...session, team: session.teams[0] };
    fake.answer('PUT /v1/session/team', () => {
      fake.answer('GET /v1/session', () => moved);
      return moved;
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

test('the way back after signing in never leaves this site, and strange problems are not repeated', () =>
  at('sign-in', async ({ page, fake }) => {
    await page.goto(`${fake.url}/sign-in?return=https://evil.example/&problem=<b>call+us</b>`);
    const github = page.locator('.github');
    assert.equal(await github.getAttribute('href'), '/v1/sign-in/github?return=%2F');
    assert.equal(await page.getByText('call us').count(), 0);
    await page.goto(`${fake.url}/sign-in?return=%2Fbilling%3Fa%3D1`);
    assert.equal(await github.getAttribute('href'), '/v1/sign-in/github?return=%2Fbilling%3Fa%3D1');
  }));

test('an address is verified by the code alone, and a wrong one is told', () =>
  at('profile-code', async ({ page, fake }) => {
    assert.ok(await page.getByText('That is not the code.').isVisible());
    assert.ok(await button(page, /^Another code in \d+ s$/).isDisabled());
    await page.getByLabel('Six digits').fill('000000');
    await page.getByText('email_code_expired').waitFor();
    await page.getByLabel('Six digits').fill('Your code: 123456');
    await page.getByText('The address is verified.').waitFor();
    assert.equal(await page.getByLabel('Email address').inputValue(), 'new@example.com');
    assert.equal(fake.asked.filter(({ path }) => path === '/v1/me/email').length, 1);
  }));

test('a token is shown once, and is gone with its revocation', () =>
  at('tokens-made', async ({ page, fake }) => {
    const made = fake.asked.find(({ method, path }) => method === 'POST' && path === '/v1/tokens');
    assert.deepEqual(made.body, { name: 'CI of shop', scope: 'deploy', expires_in_days: 90 });
    await page.locator('.secret').getByRole('button', { name: 'Copy' }).click();
    assert.match(await page.evaluate(() => navigator.clipboard.readText()), /^ttk_/);
    await button(page, 'I have kept it').click();
    assert.equal(await page.getByText('ttk_', { exact: false }).count(), 0);
    await page.locator('main li button').click();
    await page.getByRole('dialog').getByRole('button', { name: 'Revoke' }).click();
    await page.getByText('CI of shop was revoked.').waitFor();
    await page.getByText('No tokens yet').waitFor();
  }));

test('whoever may not change the team is told which role it takes, and is offered nothing', () =>
  at('team-viewer', async ({ page }) => {
    await page.getByText('This takes the role Owner.').waitFor();
    assert.equal(await button(page, 'Ask somebody in').count(), 0);
    assert.equal(await page.locator('main li button').count(), 0);
    assert.ok(await page.getByLabel('Team name').isDisabled());
  }));

test('a code that a link brings is not acted on by itself', () =>
  at('device', async ({ page, fake }) => {
    await page.goto(`${fake.url}/device?code=abcdefgh`);
    await button(page, 'Go on').waitFor();
    assert.equal(fake.asked.filter(({ path }) => path.startsWith('/v1/devices')).length, 0);
    assert.equal(await page.getByLabel('Code').inputValue(), 'ABCD-EFGH');
    await button(page, 'Go on').click();
    await button(page, 'No, this is not mine').click();
    await page.getByText('The device was refused').waitFor();
    const paths = fake.asked.map(({ path }) => path).filter((path) => path.startsWith('/v1/devices'));
    assert.deepEqual(paths, ['/v1/devices/ABCD-EFGH', '/v1/devices/ABCD-EFGH/deny']);
  }));

test('a refusal that speaks of csrf asks who is signed in, so that the next press works', () =>
  at('profile', async ({ page, fake }) => {
    fake.answer('PATCH /v1/me', () => {
      throw new Refusal(403, 'csrf_refused', 'The request did not come from the console.');
    });
    const before = fake.asked.filter(({ path }) => path === '/v1/session').length;
    await page.getByLabel('Name').fill('Mina P.');
    await button(page, 'Save name').click();
    await page.getByText('csrf_refused').waitFor();
    await page.waitForFunction(() => true);
    const asked = fake.asked.filter(({ path }) => path === '/v1/session').length;
    assert.equal(asked, before + 1);
  }));

test('the guide is there without signing in, in the language one reads, at the place one was sent to', () =>
  at('guide-in', async ({ page }) => {
    await page.waitForFunction(() => {
      const top = document.getElementById('connect').getBoundingClientRect().top;
      return top > 0 && top < 200;
    });
    await button(page, '한국어로 보기').click();
    await page.getByRole('heading', { name: '데이터베이스', exact: true }).waitFor();
    await page.locator('footer a.next').click();
    await page.getByRole('heading', { name: '컴퓨터 빌려주기' }).waitFor();
  }));
