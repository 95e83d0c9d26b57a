// What holds on every page: nothing against the policy, no serious finding of axe, nothing that jumps, a small start.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';

const axe = await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
/** Compressed JavaScript that a page may load at its start. */
const SCRIPT_MAX = 120 * 1024;
/** Chromium's own bound of a good page is 0.1; ours is nothing that an eye sees. */
const SHIFT_MAX = 0.02;

/** How the browser calls it. */
const CHANGED = 'net::ERR_NETWORK_CHANGED';

/** Hears what a page should never say. */
export function listen(page, heard) {
  page.on('console', (message) => {
    const [text, { url }] = [message.text(), message.location()];
    // The browser itself tells of a refused sign-in, of an app that has no icon, and of this machine's networks: with each
    // container that comes or goes they change, and what is on its way then is broken off.
    const expected = /status of 401/.test(text) || url.endsWith('/favicon.ico') || text.includes(CHANGED);
    if (message.type() === 'error' && !expected) heard.push(`${text} ${url}`);
  });
  page.on('pageerror', (error) => heard.push(String(error)));
}

/** Loads a page, again when a change of this machine's networks broke its loading off. */
export async function load(page, url, ready) {
  for (let tries = 3; ; tries--) {
    let broken;
    const cut = new Promise((resolve) => (broken = resolve));
    const hear = (request) => {
      const needed = ['document', 'script', 'stylesheet'].includes(request.resourceType());
      if (needed && request.failure()?.errorText === CHANGED) broken('again');
    };
    page.on('requestfailed', hear);
    const arrived = page.goto(url).then(ready, (cause) => {
      if (!String(cause).includes(CHANGED)) throw cause;
      return 'again';
    });
    // What comes of a page that is left is nobody's.
    arrived.catch(() => undefined);
    const came = await Promise.race([arrived, cut]);
    page.off('requestfailed', hear);
    if (came !== 'again' || tries === 0) return;
  }
}

/** Loads a page anew and measures it. */
export async function measure(page, url, ready) {
  let bytes = 0;
  const client = await page.context().newCDPSession(page);
  await client.send('Network.enable');
  await client.send('Network.setCacheDisabled', { cacheDisabled: true });
  // The body alone, as it was sent: the heads of a dozen answers are no JavaScript.
  client.on('Network.responseReceived', ({ type, response }) => {
    if (type !== 'Script') return;
    const length = Object.entries(response.headers).find(([name]) => name.toLowerCase() === 'content-length');
    assert.ok(length, `${response.url} tells its length`);
    bytes += Number(length[1]);
  });
  await page.addInitScript(() => {
    window.shift = 0;
    new PerformanceObserver((list) => {
      for (const entry of list.getEntries()) if (!entry.hadRecentInput) window.shift += entry.value;
    }).observe({ type: 'layout-shift', buffered: true });
  });
  const begin = Date.now();
  await load(page, url, ready);
  const took = Date.now() - begin;
  const shift = await page.evaluate(() => window.shift);
  assert.ok(bytes > 0 && bytes <= SCRIPT_MAX, `${url} loads ${bytes} bytes of JavaScript`);
  assert.ok(shift <= SHIFT_MAX, `${url} jumps by ${shift}`);
  await client.detach();
  return { bytes, shift, took };
}

/** Axe's serious findings on the page as it stands. */
export async function inspect(page, where) {
  // What is still fading in has colours that nobody reads.
  await page.evaluate(() => Promise.allSettled(document.getAnimations().map((one) => one.finished)));
  // By the debugger's way: the page's policy lets no other script in.
  await page.evaluate(axe);
  const { violations } = await page.evaluate(() => window.axe.run(document));
  const serious = violations.filter(({ impact }) => impact === 'serious' || impact === 'critical');
  const told = serious.map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.html.slice(0, 160)).join(' | ')}`);
  assert.deepEqual(told, [], `axe at ${where}`);
}
