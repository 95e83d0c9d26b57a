// What can be changed about a deployment that runs: its size, its part in the project, its Dockerfile, what a preview may cost.
import type { Browser } from 'playwright-core';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { launch } from '../browser/browser';
import { visit } from './browser';
import { FakeApi, FILES, refusal } from './fake';
import { deployment } from './fixtures';

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

async function show(path: string, prepare: (api: FakeApi) => void = () => undefined) {
  const api = await FakeApi.start();
  closing.push(() => api.close());
  prepare(api);
  const { page } = await visit(browser, api, path);
  closing.push(() => page.context().close());
  return { api, page };
}

/** What was last asked of a route, once it was. */
const last = (api: FakeApi, method: string, path: RegExp) =>
  expect.poll(() => api.asked.filter((one) => one.method === method && path.test(one.path)).at(-1)?.body);

it('gives it another size, and the old one back', async () => {
  const { api, page } = await show('/deployments/shop-front/settings');
  await page.getByRole('radio', { name: /^Large/ }).check({ force: true });
  await page.getByRole('button', { name: 'Change the size' }).click();
  await last(api, 'PUT', /size$/).toEqual({ memory_bytes: 2048 * 1024 * 1024, milli_cpu: 2000 });
  await page.getByText('shop-front moves to another size').waitFor();
  await page.getByRole('button', { name: 'Undo' }).click();
  await last(api, 'PUT', /size$/).toEqual({ memory_bytes: 512 * 1024 * 1024, milli_cpu: 1000 });
});

it('names a size that is none of those', async () => {
  const { page } = await show('/deployments/shop-front/settings', (fake) => {
    fake.deployments = [deployment('shop-front', { memory_bytes: 96 * 1024 * 1024, milli_cpu: 500 })];
  });
  await page.getByText(/It has a size of its own: 96/).waitFor();
});

it('makes it the back end, unless another is, and says what the coordinator refuses', async () => {
  const { api, page } = await show('/deployments/shop-front/settings');
  await page.getByRole('radio', { name: /^Back end/ }).click();
  await last(api, 'PUT', /part$/).toEqual({ part: 'back_end' });
  await page.getByText('It has another part in its project now').waitFor();
  api.over = ({ path }) => (path.endsWith('/part') ? refusal(409, 'part_taken', 'It has one.') : undefined);
  await page.getByRole('radio', { name: /^Front end/ }).click();
  await page.getByText('It has one.').first().waitFor();
});

it('deploys a changed Dockerfile, and goes back to what is detected', async () => {
  const { api, page } = await show('/deployments/shop-front/releases?release=3', (fake) => {
    fake.deployments = [deployment('shop-front', { own_dockerfile: true })];
  });
  await page.getByText('It is built by a Dockerfile that was written here.').waitFor();
  await page.getByRole('button', { name: 'Edit the Dockerfile' }).click();
  const go = page.getByRole('button', { name: 'Deploy with this Dockerfile' });
  expect(await go.isDisabled()).toBe(true);
  await page.getByRole('textbox', { name: 'Dockerfile' }).fill('FROM nginx\n');
  await go.click();
  await last(api, 'POST', /redeploy$/).toEqual({ dockerfile: 'FROM nginx\n' });
  await page.getByRole('button', { name: 'Back to what was detected' }).click();
  await last(api, 'POST', /redeploy$/).toEqual({ dockerfile: '' });
});

it('bounds what a preview may cost', async () => {
  const { api, page } = await show('/deployments/shop-front/settings');
  const field = page.getByRole('textbox', { name: 'A preview may cost' });
  await field.fill('0');
  await page.getByText('Give an amount above zero').waitFor();
  await field.fill('1.5');
  await page.locator('.cap').getByRole('button').click();
  await last(api, 'PUT', /push$/).toMatchObject({ previews: { spend_max: '1500000' } });
});
