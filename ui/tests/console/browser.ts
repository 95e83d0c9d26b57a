// A page of the console in a language, a theme and a size, signed in.
import type { Browser, Page } from 'playwright-core';
import { open, type Look } from '../browser/browser';
import type { FakeApi } from './fake';
import { NOW } from './fixtures';

export const TOKEN = 'ttk_a_token_of_the_tests_own';

/** Opens an address of the console. `still`: the clock stands, so that pictures are the same each day. */
export async function visit(
  browser: Browser,
  api: FakeApi,
  path: string,
  look: Look & { still?: boolean; signedOut?: boolean } = {},
): Promise<{ page: Page; errors: string[] }> {
  const { page, errors } = await open(browser, { width: 1280, height: 900, ...look });
  if (look.still) await page.clock.install({ time: NOW });
  if (!look.signedOut) {
    await page.addInitScript((token) => sessionStorage.setItem('ttalkak.token', token), TOKEN);
  }
  await page.goto(api.url + path);
  await page.waitForSelector('#app > *');
  return { page, errors };
}
