// A page of the console in a language, a theme and a size, as it comes to somebody who was here before.
import type { Browser, Page } from 'playwright-core';
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
  await page.goto(api.url + path);
  await page.waitForSelector('#app > *');
  return { page, errors, shift: 0, lost: () => lost };
}
