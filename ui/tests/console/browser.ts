// A page of the console in a language, a theme and a size, signed in.
import type { Browser, Page } from 'playwright-core';
import { open, type Look } from '../browser/browser';
import type { FakeApi } from './fake';
import { NOW } from './fixtures';

/** Opens an address of the console. `still`: the clock stands, so that pictures are the same each day. */
export async function visit(
  browser: Browser,
  api: FakeApi,
  path: string,
  look: Look & { still?: boolean; signedOut?: boolean } = {},
): Promise<{ page: Page; errors: string[] }> {
  const { page, errors } = await open(browser, { width: 1280, height: 900, ...look });
  if (look.still) await page.clock.install({ time: NOW });
  api.signedOut = look.signedOut ?? false;
  // That somebody was signed in here is known before it is asked, as in a browser that comes back.
  if (!look.signedOut) await page.addInitScript(() => localStorage.setItem('ttalkak.signed_in', '1'));
  await page.goto(api.url + path);
  await page.waitForSelector('#app > *');
  return { page, errors };
}
