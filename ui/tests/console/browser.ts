// A page of the console in a language, a theme and a size, as it comes to somebody who was here before.
import type { Browser, Page, Request } from 'playwright-core';
import { open, type Look } from '../browser/browser';
import type { FakeApi } from './fake';

export interface Visit {
  page: Page;
  /** What the page said that no page should say. */
  errors: string[];
  /** How far it jumped until it was there. */
  shift: number;
  /** Whether the machine's network changed meanwhile, which breaks what was being loaded. */
  lost: () => boolean;
}

/** Engines beside the tests make and drop networks, and Chromium then breaks off what it loads. */
const CHANGED = 'net::ERR_NETWORK_CHANGED';
const TRIES = 5;

/** Goes to an address; again when a part of the page was broken off before it was drawn. */
async function load(page: Page, url: string): Promise<void> {
  for (let tries = 1; ; tries += 1) {
    let tell: (cause: Error) => void;
    const broken = new Promise<Error>((done) => (tell = done));
    const hear = (request: Request) => {
      const { errorText } = request.failure() ?? {};
      if (errorText === CHANGED && ['document', 'script', 'stylesheet'].includes(request.resourceType()))
        tell(new Error(`${CHANGED}: ${request.url()}`));
    };
    page.on('requestfailed', hear);
    const drawn = page.goto(url).then(() => page.waitForSelector('#app > *', { state: 'attached' }));
    const cause = await Promise.race([
      drawn.then(
        () => undefined,
        (thrown: unknown) => thrown,
      ),
      broken,
    ]);
    page.off('requestfailed', hear);
    if (cause === undefined) return;
    if (tries === TRIES || !String(cause).includes(CHANGED)) throw cause;
    // One change seldom comes alone.
    await page.waitForTimeout(1000 * tries);
  }
}

/** Opens an address of the console. `hint`: the browser knows that somebody was signed in. `now`: what its clock says. */
export async function visit(
  browser: Browser,
  api: FakeApi,
  path: string,
  look: Look & { now?: number; hint?: boolean } = {},
): Promise<Visit> {
  const { page, errors } = await open(browser, { width: 1280, height: 900, ...look });
  let lost = false;
  page.on('requestfailed', (request) => (lost ||= request.failure()?.errorText === 'net::ERR_NETWORK_CHANGED'));
  page.on('request', (request) => {
    if (!request.url().startsWith(api.url) && !/^(data|blob):/.test(request.url()))
      errors.push(`asks ${request.url()}`);
  });
  if (look.now !== undefined) await page.clock.install({ time: look.now });
  if (look.hint ?? api.people.signedIn) await page.addInitScript(() => localStorage.setItem('ttalkak.signed_in', '1'));
  await page.addInitScript(() => {
    const seen = window as unknown as { shift: number };
    seen.shift = 0;
    new PerformanceObserver((list) => {
      for (const entry of list.getEntries() as (PerformanceEntry & { value: number; hadRecentInput: boolean })[])
        if (!entry.hadRecentInput) seen.shift += entry.value;
    }).observe({ type: 'layout-shift', buffered: true });
  });
  await load(page, api.url + path);
  return { page, errors, shift: 0, lost: () => lost };
}
