// What every way through the console begins with: where it is, one claim after another, and how long is too long.

const { CONSOLE_CHROMIUM = '/usr/bin/chromium', CONSOLE_URL } = process.env;

/** Where the coordinator of this way is. */
export const url = CONSOLE_URL;
/** A build on a busy machine. */
export const SLOW = 240_000;
/** How the browser is started. */
export const launch = { executablePath: CONSOLE_CHROMIUM, args: ['--no-sandbox'] };

/** Goes claim by claim. The first that fails ends the way, as each stands on the ones before; it is told with what the page
 *  showed then. */
export const stepsOn = (page) => async (claim, walk) => {
  try {
    await walk();
  } catch (cause) {
    const shown = await page
      .locator('body')
      .ariaSnapshot()
      .catch(() => 'nothing');
    throw new Error(`${claim}: ${String(cause)}\n${page.url()} shows\n${shown}`, { cause });
  }
};
