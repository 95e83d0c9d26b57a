// A tenant's whole way with code in the browser, against a running coordinator and agent and a Git host of the tests' own:
// in with GitHub, a repository picked and deployed, a push seen, a build that fails, the way back, the end of it.
// The world comes by the environment; tests/console.rs makes it.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { chromium } from 'playwright-core';
import { release, seen, serves, turnTo, watch } from './journey/deployment.mjs';
import { signIn } from './journey/door.mjs';
import { remove } from './journey/end.mjs';
import { call, deploy, pick } from './journey/form.mjs';
import { addressOf, push } from './journey/host.mjs';
import { SLOW, launch, pressLoadAgain, stepsOn } from './journey/step.mjs';
import { explained } from './journey/trouble.mjs';
import { inspect, listen } from './look.mjs';

test('a tenant goes from a repository to visitors and back in the browser', { timeout: 1_100_000 }, async (t) => {
  const browser = await chromium.launch(launch);
  t.after(() => browser.close());
  const context = await browser.newContext({ locale: 'en-GB', viewport: { width: 1280, height: 900 } });
  const page = await context.newPage();
  page.setDefaultTimeout(60_000);
  const step = stepsOn(page);
  await pressLoadAgain(page);
  const heard = [];
  listen(page, heard);
  // Somebody who is not signed in anywhere.
  const visitor = await (await browser.newContext()).newPage();
  const projects = () => page.getByRole('link', { name: 'Projects', exact: true }).first().click();

  await step('GitHub says who one is, and one is where one wanted to be', () => signIn(page));

  await step('a repository, a branch and a folder are picked, and visitors see them', async () => {
    await pick(page, { search: 'SHO', repository: 'me/shop', branch: 'next', folder: 'web' });
    await call(page, 'shop');
    await page.getByText('It can begin now: 1 machine has room for it.').waitFor();
    await page.getByText('open the shop').waitFor();
    await inspect(page, 'new deployment');
    await deploy(page, 'shop');
    await serves(page, 1, 'open the shop');
    assert.equal(await seen(page, visitor), 'one');
    await inspect(page, 'deployment');
  });

  await step('a push is seen by a page that stands open', async () => {
    await turnTo(page, 'Settings');
    const follows = page.getByRole('switch', { name: 'Deploy with each push' });
    await follows.waitFor();
    assert.ok(await follows.isChecked(), 'a repository that was picked is followed from the beginning');
    await page.getByRole('switch', { name: 'Wait for checks' }).waitFor();
    await turnTo(page, 'Overview');
    await release(page, 1).waitFor();
    const walked = await watch(page);
    const commit = await push('two');
    await serves(page, 2, 'say two');
    await page.getByText(commit.slice(0, 7)).first().waitFor();
    assert.deepEqual(await walked(), ['Release 2 is on its way'], 'the page walked along and was not loaded again');
    assert.equal(await seen(page, visitor), 'two');
    await turnTo(page, 'Settings');
    await page.getByText('Latest pushes').waitFor();
    await page.getByText('Deployed', { exact: true }).waitFor();
  });

  await step('a push that cannot be built is explained, and visitors notice nothing', async () => {
    await turnTo(page, 'Overview');
    await push('broken');
    await explained(page, 3, 'the door has no colour');
    await inspect(page, 'a failed build');
    assert.equal(await seen(page, visitor), 'two');
  });

  await step('an earlier release serves again', async () => {
    await turnTo(page, 'Releases');
    await release(page, 1).getByRole('button', { name: 'Look closer' }).click();
    await page.getByRole('button', { name: 'Go back to release 1' }).click();
    await page.getByText('Going back to release 1').waitFor();
    await serves(page, 1, 'open the shop');
    assert.equal(await seen(page, visitor), 'one');
    await inspect(page, 'releases');
  });

  await step('a first deploy that cannot be built is explained, too', async () => {
    await projects();
    await page.getByRole('link', { name: 'New deployment' }).click();
    await page.getByLabel('Repository address').fill(addressOf('me/broken'));
    await call(page, 'broken');
    await deploy(page, 'broken');
    await explained(page, 1, 'the door has no colour');
    await inspect(page, 'a first build that failed');
  });

  await step('what is deleted is gone, and its name is free', async () => {
    await remove(page, 'broken');
    await page.getByRole('link', { name: 'broken', exact: true }).waitFor({ state: 'detached', timeout: SLOW });
    await page.getByRole('link', { name: 'shop', exact: true }).click();
    await page.getByRole('heading', { name: 'shop', exact: true }).waitFor();
    const address = await page.getByRole('link', { name: /\.localhost/ }).getAttribute('href');
    await remove(page, 'shop');
    await page.getByText('Nothing is online yet').waitFor({ timeout: SLOW });
    assert.equal((await visitor.goto(address)).status(), 404);
    await page.getByRole('link', { name: 'New deployment' }).click();
    await call(page, 'shop');
  });

  // No to what it costs or would build is an answer, though the browser tells it as a failure.
  const odd = heard.filter((text) => !/status of 4\d\d .*\/v1\/(billing|plans)/.test(text));
  assert.deepEqual(odd, [], 'the page says nothing odd, and nothing is against its policy');
});
