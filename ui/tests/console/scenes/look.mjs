// Opens a scene in a browser, in a language, a theme and a width.
import { startFake } from '../fake/server.mjs';

export const WIDTHS = [390, 820, 1440];
export const LANGUAGES = ['en', 'ko'];
export const THEMES = ['light', 'dark'];

/** A page in the state of the scene. Returns it with what it said that no page should say, and how to be done with it. */
export async function openScene(browser, scene, look = {}, tries = 3) {
  const { language = 'en', theme = 'light', width = 1440 } = look;
  const fake = await startFake(...scene.tables());
  const context = await browser.newContext({
    viewport: { width, height: 900 },
    locale: language === 'ko' ? 'ko-KR' : 'en-GB',
    colorScheme: theme,
    timezoneId: 'Asia/Seoul',
    reducedMotion: 'reduce',
    permissions: ['clipboard-read', 'clipboard-write'],
  });
  if (scene.hint) await context.addInitScript(() => localStorage.setItem('ttalkak.signed_in', '1'));
  await context.addInitScript(() => {
    window.shift = 0;
    new PerformanceObserver((list) => {
      for (const entry of list.getEntries()) if (!entry.hadRecentInput) window.shift += entry.value;
    }).observe({ type: 'layout-shift', buffered: true });
  });
  const page = await context.newPage();
  page.setDefaultTimeout(15_000);
  const heard = [];
  page.on('pageerror', (error) => heard.push(String(error)));
  page.on('console', (message) => {
    // The browser itself notes each answer that is a refusal.
    if (message.type() === 'error' && !/status of (4\d\d|503)/.test(message.text())) heard.push(message.text());
  });
  page.on('request', (request) => {
    if (!request.url().startsWith(fake.url) && !/^(data|blob):/.test(request.url()))
      heard.push(`asks ${request.url()}`);
  });
  const close = async () => {
    await context.close();
    await fake.close();
  };
  try {
    await page.goto(fake.url + scene.path);
    await page.locator(scene.ready).first().waitFor();
    const shift = await page.evaluate(() => document.fonts.ready.then(() => window.shift));
    await scene.act?.(page, fake);
    return { page, fake, heard, shift, close };
  } catch (cause) {
    await close();
    // The browser drops what it loads whenever this machine gets another network, as engines make them.
    if (tries > 1 && heard.some((text) => text.includes('ERR_NETWORK_CHANGED')))
      return openScene(browser, scene, look, tries - 1);
    throw new Error(`${scene.name} in ${language}: ${String(cause)} ${heard.join('\n')}`, { cause });
  }
}
