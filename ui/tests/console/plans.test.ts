// What a new deployment is told before it is made: the plan, the Dockerfile that may be changed, whether it could begin now, and
// which part of its project it becomes.
import type { Browser } from 'playwright-core';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { launch } from '../browser/browser';
import { visit } from './browser';
import { FakeApi, FILES, refusal } from './fake';
import { deployment, problem } from './fixtures';

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

const SOURCE = 'https://github.com/acme/new-shop.git';

/** The form with a repository in it. */
async function filled(path: string, prepare: (api: FakeApi) => void = () => undefined) {
  const api = await FakeApi.start();
  closing.push(() => api.close());
  prepare(api);
  const { page } = await visit(browser, api, path);
  closing.push(() => page.context().close());
  await page.getByRole('textbox', { name: 'Repository address' }).fill(SOURCE);
  return { api, page };
}

const bodies = (api: FakeApi, path: string) =>
  api.asked
    .filter((one) => one.method === 'POST' && one.path === path)
    .map((one) => one.body as Record<string, unknown>);

it('tells what would be built and that it can begin, before anything is made', async () => {
  const { api, page } = await filled('/new');
  await page.getByText('Open the shop').waitFor();
  await page.getByText('There is no lock file').waitFor();
  await page.getByText('It can begin now: 2 machines have room for it.').waitFor();
  expect(bodies(api, '/v1/deployments')).toEqual([]);
  const [asked] = bodies(api, '/v1/plans');
  expect(asked).toMatchObject({ source: { kind: 'git', url: SOURCE }, milli_cpu: 1000 });
});

it('asks anew for another size and tells what stands in the way, and the press is free all the same', async () => {
  const { api, page } = await filled('/new', (fake) => {
    fake.verdict = { providers: 1, problem: problem('funds_insufficient', 'It needs 2 tUSD to begin, and 0 is free.') };
  });
  await page.locator('.verdict').getByText('It needs 2 tUSD to begin').waitFor();
  await page.locator('.verdict').getByRole('link').waitFor();
  api.verdict = { providers: 0, problem: problem('no_provider', 'No provider can take it now: 1 offline.') };
  await page.locator('.sizes label').last().click();
  await page.locator('.verdict').getByText('1 offline').waitFor();
  expect(await page.getByRole('button', { name: 'Deploy', exact: true }).isEnabled()).toBe(true);
});

it('takes a changed Dockerfile along, and goes back to what was detected', async () => {
  const { api, page } = await filled('/new');
  await page.getByText('Dockerfile', { exact: true }).click();
  const editor = page.getByRole('textbox', { name: 'Dockerfile' });
  expect(await editor.inputValue()).toContain('FROM node:24');
  await editor.fill('FROM nginx\n');
  await page.getByText('It can begin now').waitFor();
  await expect.poll(() => bodies(api, '/v1/plans').at(-1)?.dockerfile).toBe('FROM nginx\n');
  await page.getByRole('button', { name: 'Back to what was detected' }).click();
  await expect.poll(() => bodies(api, '/v1/plans').at(-1)?.dockerfile).toBe(undefined);
  await page.getByText('Dockerfile', { exact: true }).first().click();
  await editor.fill('FROM caddy\n');
  await page.getByRole('button', { name: 'Deploy', exact: true }).click();
  await page.waitForURL(/\/deployments\/new-shop$/);
  expect(bodies(api, '/v1/deployments').at(-1)?.dockerfile).toBe('FROM caddy\n');
});

it('offers to write one where nothing was recognised', async () => {
  const { page } = await filled('/new', (fake) => {
    fake.over = ({ path, body }) =>
      path === '/v1/plans' && !(body as { dockerfile?: string }).dockerfile
        ? refusal(422, 'nothing_detected', 'No kind of app was recognised.')
        : undefined;
  });
  await page.getByRole('button', { name: 'Write a Dockerfile' }).click();
  await page.getByRole('textbox', { name: 'Dockerfile' }).waitFor();
  await page.getByText('It can begin now').waitFor();
});

it('becomes the front end of a project whose back end is there', async () => {
  const { api, page } = await filled('/new?project=shop', (fake) => {
    fake.deployments = [deployment('shop-api', { project_name: 'shop', part: 'back_end' })];
  });
  await page.getByText('shop-api is the back end of this project.').waitFor();
  await page.getByRole('radio', { name: /^Front end/, checked: true }).waitFor();
  await page.getByRole('button', { name: 'Deploy', exact: true }).click();
  await page.waitForURL(/\/deployments\/new-shop$/);
  expect(bodies(api, '/v1/deployments').at(-1)).toMatchObject({ project: 'shop', part: 'front_end' });
});
