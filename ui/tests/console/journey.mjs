// A tenant's whole way with money in the browser, against a running coordinator, agent and chain: in by a token, a wallet
// linked, a deposit by permit, a mandate, a paid app, its bill, and out again without the coordinator.
// The world comes by the environment; tests/console.rs makes it.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { chromium } from 'playwright-core';
import { launch, pressLoadAgain, stepsOn } from './journey/step.mjs';
import { inspect, listen, load, measure } from './look.mjs';
import { takeShots } from './shots.mjs';
import { giveWallet } from './wallet.mjs';

const { CONSOLE_URL, CONSOLE_RPC, CONSOLE_CLI, CONSOLE_APP, CONSOLE_SHOTS, TTALKAK_TOKEN } = process.env;
const run = promisify(execFile);
const cli = async (...words) => (await run(CONSOLE_CLI, words)).stdout;
const SLOW = 120_000;
const DAY = 86_400;

async function node(method, ...params) {
  const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method, params });
  const answer = await fetch(CONSOLE_RPC, { method: 'POST', body, headers: { 'content-type': 'application/json' } });
  return (await answer.json()).result;
}

async function billing() {
  const answer = await fetch(`${CONSOLE_URL}/v1/billing`, { headers: { authorization: `Bearer ${TTALKAK_TOKEN}` } });
  return answer.json();
}

/** Waits for a fact of the bill. */
async function until(what, holds) {
  const end = Date.now() + SLOW;
  for (;;) {
    const view = await billing();
    if (holds(view)) return view;
    assert.ok(Date.now() < end, `${what}: ${JSON.stringify(view)}`);
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}

test('a tenant pays with the wallet of the browser', { timeout: 280_000 }, async (t) => {
  const accounts = await node('eth_accounts');
  const address = accounts[5];
  const browser = await chromium.launch(launch);
  t.after(() => browser.close());
  const context = await browser.newContext({ locale: 'en-GB', viewport: { width: 1280, height: 900 } });
  await giveWallet(context, { rpc: CONSOLE_RPC, address });
  const page = await context.newPage();
  page.setDefaultTimeout(30_000);
  const step = stepsOn(page);
  await pressLoadAgain(page);
  const heard = [];
  listen(page, heard);
  const button = (name) => page.getByRole('button', { name });
  const code = () => page.getByRole('alert').locator('code').first().textContent();
  const finish = () => button('Done').click();

  await step('a wrong token is told, the right one opens, and neither is in an address', async () => {
    await measure(page, `${CONSOLE_URL}/sign-in`, () => page.getByRole('heading', { name: 'Sign in' }).waitFor());
    const token = page.getByLabel('API token');
    await token.waitFor();
    await inspect(page, 'sign-in');
    await token.fill('ttk_thisisnotavalidtokenatall00');
    await button('Sign in with the token').click();
    assert.equal(await code(), 'token_unknown');
    await token.fill(TTALKAK_TOKEN);
    await button('Sign in with the token').click();
    await page.getByRole('heading', { name: 'Overview' }).waitFor();
    await inspect(page, 'overview');
    assert.ok(!page.url().includes('ttk_'));
    assert.equal(await page.evaluate(() => JSON.stringify(localStorage).includes('ttk_')), false);
  });

  await step('a wallet that lies about its chain is not believed, one on another chain is led here', async () => {
    await page.getByRole('link', { name: 'Wallet', exact: true }).click();
    const connect = button('Connect Test wallet');
    await connect.waitFor();
    assert.equal(await page.locator('img[src^="http"]').count(), 0, 'icons of strangers are not loaded');
    await page.evaluate(() => (window.testWallet.lies = true));
    await connect.click();
    assert.equal(await code(), 'wallet_misbehaves');
    await button('Disconnect').click();
    await page.evaluate(() => (window.testWallet.lies = false));
    await connect.click();
    await page.getByText('The wallet is on chain 1;').waitFor();
    await button('Switch to chain 31337').click();
    await button('Deposit').waitFor();
    await inspect(page, 'wallet');
  });

  await step('a no in the wallet signs nothing; a yes links it', async () => {
    await page.evaluate(() => (window.testWallet.rejects = true));
    await button('Link this wallet').click();
    await page.getByText('wants you to sign in with your Ethereum account').waitFor();
    await button('Sign in the wallet').click();
    assert.equal(await code(), 'wallet_rejected');
    assert.equal((await billing()).wallet ?? null, null);
    await page.evaluate(() => (window.testWallet.rejects = false));
    await button('Try again').click();
    await finish();
    assert.equal((await billing()).wallet, address);
  });

  await step('tokens come from the faucet and go in by a permit', async () => {
    await button('Make 100 tUSD out of nothing').click();
    await button('Send with the wallet').click();
    await finish();
    await page.getByLabel('Amount').fill('1000');
    await button('Deposit').click();
    await page.getByText('The wallet holds 100 tUSD.').waitFor();
    await page.getByLabel('Amount').fill('20');
    await button('Deposit').click();
    await page.getByText('Step 1 of 2').waitFor();
    await inspect(page, 'review');
    await button('Sign in the wallet').click();
    await page.getByText('Step 2 of 2').waitFor();
    await button('Send with the wallet').click();
    await finish();
    await until('the deposit is booked', (view) => view.free === '20000000');
  });

  await step('an account that changes in the middle stops the deed', async () => {
    await page.getByLabel('Amount').fill('1');
    await button('Deposit').click();
    await button('Sign in the wallet').waitFor();
    await page.evaluate((other) => (window.testWallet.address = other), accounts[6]);
    await button('Sign in the wallet').click();
    assert.equal(await code(), 'wallet_changed');
    await page.evaluate((own) => (window.testWallet.address = own), address);
    await button('Cancel').click();
  });

  await step('what is shown of a mandate is what is signed', async () => {
    await page.getByLabel('At most for one deployment').fill('10');
    await page.getByLabel('At most locked').fill('100');
    await button('Review and sign').click();
    const shown = await page
      .getByTestId('facts')
      .locator('dd[data-value]')
      .evaluateAll((cells) => cells.map((cell) => cell.dataset.value));
    await button('Sign in the wallet').click();
    await finish();
    const signed = JSON.parse(await page.evaluate(() => window.testWallet.signed.at(-1)));
    const { message, domain } = signed;
    const moment = (seconds) =>
      new Date(seconds * 1000).toLocaleString('en-GB', { dateStyle: 'medium', timeStyle: 'medium' });
    assert.equal(Object.keys(message).length, signed.types.Mandate.length);
    assert.deepEqual(shown, [
      message.tenant,
      message.token,
      `at most ${Number(message.ratePerHourMax) / 1e6} tUSD an hour for one deployment`,
      `${Number(message.cap) / 1e6} tUSD`,
      'every 30 days',
      moment(message.start),
      moment(message.expiry),
      String(message.salt),
      domain.verifyingContract,
      String(domain.chainId),
    ]);
    const { mandate } = await until('the mandate is in force', (view) => view.mandate);
    assert.equal(mandate.mandate.cap, '100000000');
  });

  await step('a paid app has its bill, and its line is equal when it is recomputed', async () => {
    await cli('deploy', CONSOLE_APP, '--name', 'shop');
    const view = await until('some of it is settled', ({ settled }) => BigInt(settled) > 0n);
    await measure(page, `${CONSOLE_URL}/billing`, () => page.getByRole('row', { name: /shop/ }).first().waitFor());
    await inspect(page, 'billing');
    const said = await cli('verify-invoice', view.deployments[0].agreements[0].id);
    assert.match(said, /^EQUAL/m);
    const [download] = await Promise.all([page.waitForEvent('download'), button('Download CSV').click()]);
    assert.match(download.suggestedFilename(), /^ttalkak-\d{4}-\d{2}\.csv$/);
    await measure(page, `${CONSOLE_URL}/`, () => page.getByText('Live', { exact: true }).waitFor());
  });

  if (CONSOLE_SHOTS)
    await takeShots(browser, {
      folder: CONSOLE_SHOTS,
      url: CONSOLE_URL,
      rpc: CONSOLE_RPC,
      address,
      token: TTALKAK_TOKEN,
    });

  await step('the way out needs the chain alone: revoke, end, take back, withdraw', async () => {
    await page.evaluate(() => (window.testWallet.chain = '0x7a69'));
    await measure(page, `${CONSOLE_URL}/wallet`, () => button('Connect Test wallet').waitFor());
    await page.evaluate(() => (window.testWallet.chain = '0x7a69'));
    await button('Connect Test wallet').click();
    await button('Revoke').click();
    await button('Send with the wallet').click();
    await finish();
    // From here on the coordinator does not answer this page.
    await page.route('**/v1/**', (route) => route.abort());
    await button('Read the chain').click();
    await button('End').click();
    await button('Send with the wallet').click();
    await finish();
    await page.getByText('The rest can be taken back').waitFor();
    await node('evm_increaseTime', DAY + 60);
    await node('evm_mine');
    await button('Read the chain').click();
    await button(/^Take back/).click();
    await button('Send with the wallet').click();
    await finish();
    await page.getByText('No agreement of this wallet holds money.').waitFor();
    await button('All', { exact: true }).click();
    await button('Withdraw').click();
    await button('Send with the wallet').click();
    await finish();
    await page.getByTestId('free').getByText('0 tUSD').waitFor();
    await page.unroute('**/v1/**');
  });

  await step('signing out forgets the token', async () => {
    await page.unroute('**/v1/**');
    await button(/^Account/).click();
    await page.getByRole('menuitem', { name: 'Sign out' }).click();
    await button(/^Account/).waitFor({ state: 'detached' });
    await load(page, `${CONSOLE_URL}/billing`, () => page.getByLabel('API token').waitFor());
    assert.equal(await page.evaluate(() => sessionStorage.length), 0);
    assert.deepEqual(await context.cookies(), [], 'no cookie is left');
  });

  const odd = heard.filter((text) => !/ERR_FAILED|status of 40[01]/.test(text));
  assert.deepEqual(odd, [], 'the page says nothing odd, and nothing is against its policy');
});
