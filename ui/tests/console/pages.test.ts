// The built console in a real browser, against an API of the tests' own.
import { existsSync, readFileSync } from 'node:fs';
import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { launch, type Look } from '../browser/browser';
import { visit } from './browser';
import { FakeApi, FILES, refusal } from './fake';
import { deployment, EVIL, many, problem, release, RELEASES, ROLLOUT } from './fixtures';

const SCRIPT_MAX = 120 * 1024;
const SHIFT_MAX = 0.02;

let browser: Browser;
let closing: (() => Promise<unknown>)[] = [];

beforeAll(async () => {
  browser = await launch(FILES);
});
afterAll(() => browser.close());
afterEach(async () => {
  for (const close of closing.reverse()) await close();
  closing = [];
});

async function show(path: string, prepare?: (api: FakeApi) => void, look: Look = {}) {
  const api = await FakeApi.start();
  closing.push(() => api.close());
  prepare?.(api);
  const { page, errors } = await visit(browser, api, path, look);
  closing.push(() => page.context().close());
  return { api, page, errors };
}
const button = (page: Page, name: string | RegExp) => page.getByRole('button', { name, exact: true });
const field = (page: Page, name: string) => page.getByLabel(name, { exact: true });
const heard = async (api: FakeApi, method: string, path: RegExp) => {
  await expect.poll(() => api.heard(method, path).length).toBeGreaterThan(0);
  return api.heard(method, path).at(-1);
};

describe('what is told', () => {
  it('is seen at once, without asking', async () => {
    const { api, page } = await show('/projects');
    await page.getByText('step 4 of 7').waitFor();
    const before = api.asked.length;
    api.change('checkout', { state: 'live', rollout: null, release: 1 });
    await page
      .getByRole('row', { name: /checkout/ })
      .getByText('Live')
      .waitFor();
    await page.waitForTimeout(300);
    expect(api.asked.length).toBe(before);
  });

  it('is marked as old when the stream breaks, and mended when it comes back', async () => {
    const { api, page } = await show('/projects');
    await page.getByText('step 4 of 7').waitFor();
    api.over = ({ path }) => (path === '/v1/events' ? refusal(503, 'unavailable') : undefined);
    api.cut();
    await page.getByText(/Shown as of/).waitFor();
    api.over = () => undefined;
    await button(page, 'Try again').click();
    await page.getByText(/Shown as of/).waitFor({ state: 'detached' });
  });

  it('is asked for once where a coordinator tells nothing', async () => {
    const { api, page } = await show('/', (fake) => (fake.tells = false));
    await page.getByRole('row', { name: /shop-front/ }).waitFor();
    await page.waitForTimeout(1500);
    expect(api.heard('GET', /^\/v1\/deployments$/)).toHaveLength(1);
    await page.evaluate(() => window.dispatchEvent(new Event('focus')));
    await expect.poll(() => api.heard('GET', /^\/v1\/deployments$/).length).toBe(2);
  });

  it('follows a rollout from the first step to the address', async () => {
    const { api, page } = await show('/deployments/checkout', (fake) => {
      fake.releases = [release(1, { state: 'rolling', live_at: null })];
    });
    await page.locator('[aria-current="step"]', { hasText: 'Build' }).waitFor();
    api.change('checkout', {
      state: 'connecting',
      rollout: { ...ROLLOUT, step: 'await_tunnel', progress: null },
    });
    await page.locator('[aria-current="step"]', { hasText: 'Connect' }).waitFor();
    api.releases = [release(1, { state: 'live' })];
    api.change('checkout', { state: 'live', rollout: null, release: 1 });
    await page.getByRole('link', { name: /checkout.localhost/ }).waitFor();
    expect(
      await page
        .getByRole('status')
        .filter({ hasText: /^Live$/ })
        .count(),
    ).toBeGreaterThan(0);
  });

  it('leaves what was deleted', async () => {
    const { api, page } = await show('/deployments/shop-front');
    await page.getByRole('heading', { name: 'shop-front' }).waitFor();
    api.tell('deployments', { items: [], gone: ['dep_shop-front'] });
    await page.getByText('There is no such deployment.').waitFor();
  });
});

describe('five thousand projects', () => {
  it('answer in the frame after a key, without asking anybody', async () => {
    const { page } = await show('/projects', (fake) => (fake.projects = many(5000)));
    await page.getByText('200 of 5,000').waitFor();
    for (const [text, shown] of [
      ['project-01', true],
      ['none of these', false],
    ] as const) {
      const rows = await page.evaluate(async (wanted) => {
        const input = document.querySelector<HTMLInputElement>('[data-search]');
        if (!input) return -1;
        input.value = wanted;
        input.dispatchEvent(new InputEvent('input', { bubbles: true }));
        await new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn)));
        return [...document.querySelectorAll('[role=row] a')].filter((row) => row.textContent?.includes(wanted)).length;
      }, text);
      expect(rows > 0).toBe(shown);
    }
  });

  it('are found by the coordinator when they are not here yet, and paged when one scrolls', async () => {
    const { api, page } = await show('/projects', (fake) => (fake.projects = many(5000)));
    await page.getByText('200 of 5,000').waitFor();
    expect(await page.getByRole('row').count()).toBeLessThan(60);
    await page.locator('.body').evaluate((body) => (body.scrollTop = body.scrollHeight));
    await page.getByText('400 of 5,000').waitFor();
    await field(page, 'Search projects').fill('project-4321');
    await page.getByRole('link', { name: 'project-4321' }).waitFor();
    expect((await heard(api, 'GET', /projects$/))?.query.get('q')).toBe('project-4321');
  });
});

describe('a new deployment', () => {
  it('takes a repository and one press', async () => {
    const { api, page } = await show('/new');
    await field(page, 'Repository address').fill('https://github.com/acme/new-shop.git');
    await page.getByText('Free', { exact: true }).waitFor();
    await button(page, 'Deploy').click();
    await page.waitForURL(/\/deployments\/new-shop$/);
    await page.getByText('Release 1 is on its way').first().waitFor();
    expect((await heard(api, 'POST', /deployments$/))?.body).toEqual({
      name: 'new-shop',
      source: { kind: 'git', url: 'https://github.com/acme/new-shop.git' },
      env: [],
      memory_bytes: 512 * 1024 * 1024,
      milli_cpu: 1000,
    });
  });

  it('refuses names that mislead before anybody is asked, and says why', async () => {
    const { api, page } = await show('/new');
    const cases: [string, RegExp][] = [
      ['sh\u202eop', /cannot be seen: U\+202E/],
      ['sh\u200bop', /U\+200B/],
      ['ѕhop', /may look like another letter/],
      ['Shop', /small letters/],
      ['www', /kept for the platform/],
    ];
    for (const [name, told] of cases) {
      await field(page, 'Name').fill(name);
      await page.getByRole('alert').filter({ hasText: told }).waitFor();
    }
    await button(page, 'Deploy').click();
    await page.waitForTimeout(400);
    expect(api.heard('GET', /names/)).toEqual([]);
    expect(api.heard('POST', /./)).toEqual([]);
  });

  it('offers another name where one is taken', async () => {
    const { page } = await show('/new');
    await field(page, 'Name').fill('shop-api');
    await page.getByRole('alert').filter({ hasText: 'Somebody has this name already.' }).waitFor();
    await button(page, 'shop-api-2').click();
    await page.getByText('Free', { exact: true }).waitFor();
  });

  it('imports a .env, marks secrets, and kindly refuses ten megabytes', async () => {
    const { api, page } = await show('/new');
    await field(page, 'Repository address').fill('https://github.com/acme/x.git');
    await button(page, 'Import .env').click();
    const chooser = page.locator('input[type="file"]');
    const huge = Buffer.alloc(10 * 1024 * 1024, 'A=1\n');
    await chooser.setInputFiles({ name: '.env', mimeType: 'text/plain', buffer: huge });
    await page.getByText(/This has 10 MiB/).waitFor();
    expect(await button(page, 'Take 0').isDisabled()).toBe(true);
    const env = Buffer.from('PORT=3000\nSTRIPE_SECRET_KEY="sk_live"\n');
    await chooser.setInputFiles({ name: '.env', mimeType: 'text/plain', buffer: env });
    await page.getByText('2 variables, 1 of them marked as secret').waitFor();
    await button(page, 'Take 2').click();
    await button(page, 'Deploy').click();
    const { env: sent } = (await heard(api, 'POST', /deployments$/))?.body as { env: unknown };
    expect(sent).toEqual([
      { key: 'PORT', value: '3000', secret: false, scope: 'both' },
      { key: 'STRIPE_SECRET_KEY', value: 'sk_live', secret: true, scope: 'both' },
    ]);
  });

  it('keeps what was typed when it is refused, and leads to the wallet', async () => {
    const { page } = await show('/new', (fake) => {
      fake.over = ({ method }) => (method === 'POST' ? refusal(402, 'funds_insufficient') : undefined);
    });
    await field(page, 'Repository address').fill('https://github.com/acme/x.git');
    await button(page, 'Deploy').click();
    await page.getByRole('alert').getByText('funds_insufficient').waitFor();
    await page.getByRole('link', { name: 'To the wallet' }).click();
    await page.goBack();
    expect(await field(page, 'Repository address').inputValue()).toBe('https://github.com/acme/x.git');
  });

  it('tells price and runway before anything is charged', async () => {
    const { page } = await show('/new');
    await page.getByText('23 d').waitFor();
    await page.getByText('Huge').click();
    await page.getByText('8 d').waitFor();
  });
});

describe('a deployment', () => {
  it('can be stopped, and started again by the undo', async () => {
    const { api, page } = await show('/deployments/shop-front');
    await button(page, 'More actions').click();
    await page.getByRole('menuitem', { name: 'Stop' }).click();
    await heard(api, 'POST', /dep_shop-front\/stop$/);
    await button(page, 'Start again').click();
    await heard(api, 'POST', /dep_shop-front\/start$/);
  });

  it('goes back to a release after its differences were seen', async () => {
    const { api, page } = await show('/deployments/shop-front/releases');
    await page.getByRole('listitem').filter({ hasText: 'Release 2' }).getByRole('button').click();
    await page.getByText('+ SESSION_SECRET').waitFor();
    await page.getByText('lines of the plan differ').click();
    await page.getByText('+ port: 3000').waitFor();
    await button(page, 'Go back to release 2').click();
    expect((await heard(api, 'POST', /rollback$/))?.body).toEqual({ release: 2 });
  });

  it('changes a variable, brings a removed one back, and says when a rebuild is needed', async () => {
    const { api, page } = await show('/deployments/shop-front/env');
    await button(page, 'Remove API_URL').click();
    await button(page, 'Undo').click();
    await expect.poll(() => api.heard('PATCH', /env$/).length).toBe(2);
    expect(api.heard('PATCH', /env$/).map((one) => one.body)).toEqual([
      { set: [], unset: ['API_URL'] },
      { set: [{ key: 'API_URL', value: 'https://api.example.com/v1', scope: 'both', secret: false }], unset: [] },
    ]);
    await page.getByText(/it needs a rebuild/).waitFor();
  });

  it('is deleted by its name alone', async () => {
    const { api, page } = await show('/deployments/shop-front/settings');
    await button(page, 'Delete deployment').click();
    const dialog = page.getByRole('dialog');
    const go = dialog.getByRole('button', { name: 'Delete deployment' });
    expect(await go.isDisabled()).toBe(true);
    await dialog.getByLabel('Type shop-front to go on').fill('shop-front');
    await go.click();
    await heard(api, 'DELETE', /dep_shop-front$/);
    await page.waitForURL(/\/projects$/);
  });

  it('explains what failed, with its last words and the next move', async () => {
    const { page } = await show('/deployments/mailer', (fake) => {
      const fault = problem('build_failed', 'The step `npm run build` ended with 1.');
      fake.deployments = [deployment('mailer', { state: 'ended', reason: 'failed', release: null, problem: fault })];
      fake.releases = [release(1, { state: 'failed', live_at: null, problem: fault, last_lines: ['error TS2322'] })];
    });
    await page.getByText('error TS2322').waitFor();
    await page.getByRole('link', { name: 'See the build log' }).click();
    await page.waitForURL(/logs\?kind=build&release=1$/);
    await page.getByRole('log').getByText('RUN npm install').waitFor();
  });

  it('follows its log over a break, without a line twice', async () => {
    const { page } = await show('/deployments/shop-front/logs', (fake) => (fake.follows = false));
    await page.getByText('Complete').waitFor();
    await page.getByText('GET / 200 4 ms').first().waitFor();
    await expect.poll(() => page.getByText('GET / 200 4 ms').count()).toBe(1);
  });

  it('shows whatever a stranger writes as text', async () => {
    const { page, errors } = await show('/deployments/shop-front', (fake) => {
      fake.deployments = [
        deployment('shop-front', { branch: EVIL, root_dir: EVIL, git_url: `https://x.test/${EVIL}` }),
      ];
      fake.releases = RELEASES.map((one) => ({ ...one, subject: EVIL, branch: EVIL }));
      fake.log = [['stdout', EVIL]];
    });
    await page.locator('bdi .mark').first().waitFor();
    expect(await page.locator('img').count()).toBe(0);
    expect(await page.locator('main').innerText()).toContain('<img src=x onerror=alert(1)>');
    expect(errors).toEqual([]);
  });
});

describe('addresses and keys', () => {
  it('lead where they say, and Back leads back', async () => {
    const { page } = await show('/projects');
    await page.getByRole('link', { name: 'checkout' }).click();
    await page.waitForURL(/\/deployments\/checkout$/);
    await page.getByRole('link', { name: /^Releases/ }).click();
    await page.waitForURL(/\/deployments\/checkout\/releases$/);
    await page.goBack();
    await page.goBack();
    await page.getByRole('heading', { name: 'Projects' }).waitFor();
    await page.keyboard.press('g');
    await page.keyboard.press('b');
    await page.waitForURL(/\/billing$/);
    await page.keyboard.press('g');
    await page.keyboard.press('p');
    await page.waitForURL(/\/projects$/);
    // The page that was gone to is drawn before it hears keys.
    await field(page, 'Search projects').waitFor();
    await page.keyboard.press('/');
    await page.keyboard.type('shop');
    expect(await field(page, 'Search projects').inputValue()).toBe('shop');
  });

  it('of a private page show the door to a stranger, and the page after it', async () => {
    const { api, page } = await show('/deployments/shop-front', (fake) => (fake.people.signedIn = false));
    await page.getByRole('heading', { name: 'Sign in' }).waitFor();
    expect(api.heard('GET', /deployments|events|billing/)).toEqual([]);
  });
});

describe('each page', () => {
  const paths = ['/', '/projects', '/new', '/deployments/shop-front', '/deployments/shop-front/env', '/billing'];
  // Korean takes more bytes a letter.
  it.each(paths.flatMap((path) => (['en', 'ko'] as const).map((language) => ({ path, language }))))(
    '$path in $language begins small and does not jump',
    async ({ path, language }) => {
      const { api, page } = await show('/nowhere', undefined, { language });
      let bytes = 0;
      page.on('response', (response) => {
        if (/\.js$/.test(response.url())) {
          // The smallest have no shorter form.
          const file = `${FILES}${new URL(response.url()).pathname}`;
          bytes += readFileSync(existsSync(`${file}.br`) ? `${file}.br` : file).length;
        }
      });
      await page.goto(api.url + path);
      await page.locator('h1').first().waitFor();
      await page.locator('main [aria-busy="true"]').first().waitFor({ state: 'detached' });
      await page.waitForTimeout(800);
      const shift = await page.evaluate(() => (window as unknown as { shift: number }).shift);
      console.log(`${path} ${language}: ${bytes} bytes, shift ${shift.toFixed(3)}`);
      expect(bytes).toBeGreaterThan(0);
      expect(bytes).toBeLessThanOrEqual(SCRIPT_MAX);
      expect(shift).toBeLessThanOrEqual(SHIFT_MAX);
    },
  );
});
