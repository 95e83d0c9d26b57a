// What every way through the console begins with: where it is, one claim after another, and how long is too long.

const { CONSOLE_CHROMIUM = '/usr/bin/chromium', CONSOLE_URL } = process.env;

/** Where the coordinator of this way is. */
export const url = CONSOLE_URL;
/** A build on a busy machine. */
export const SLOW = 240_000;
/** So many of the requests that failed are told, the newest. */
const FAILED = 10;
/** How the browser is started. */
export const launch = { executablePath: CONSOLE_CHROMIUM, args: ['--no-sandbox'] };

/** Goes claim by claim. The first that fails ends the way, as each stands on the ones before; it is told with what the page
 *  showed then, and what it waited for, and what it never got. */
export function stepsOn(page) {
  const asked = new Set();
  const failed = [];
  page.on('request', (request) => asked.add(request));
  page.on('requestfinished', (request) => asked.delete(request));
  page.on('requestfailed', (request) => {
    asked.delete(request);
    failed.push(`${request.url()}: ${request.failure()?.errorText}`);
  });
  return async (claim, walk) => {
    try {
      await walk();
    } catch (cause) {
      const shown = await page
        .locator('body')
        .ariaSnapshot()
        .catch(() => 'nothing');
      const open = [...asked].map((request) => request.url());
      const told = [`${page.url()} shows`, shown, 'waits for', ...open, 'and went without', ...failed.slice(-FAILED)];
      throw new Error([`${claim}: ${String(cause)}`, ...told].join('\n'), { cause });
    }
  };
}

/** A view that was broken off on its way says so; it is loaded again by its own button. */
export const pressLoadAgain = (page) =>
  page.addLocatorHandler(page.getByRole('button', { name: 'Load again' }), (again) => again.click());
