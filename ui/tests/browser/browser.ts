// One Chromium for all tests of a run, and pages in a language, a theme and a size.
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { chromium, type Browser, type Page } from 'playwright-core';

export const FILES = resolve(import.meta.dirname, '../../dist/desktop');

export interface Look {
  language?: 'en' | 'ko';
  theme?: 'light' | 'dark';
  width?: number;
  height?: number;
}

/** Starts the system's Chromium, as it works in a container and without a network. */
export async function launch(files = FILES): Promise<Browser> {
  const executablePath = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find((path) =>
    existsSync(path),
  );
  if (!executablePath) throw new Error('Chromium is not installed: apt-get install chromium');
  if (!existsSync(resolve(files, 'index.html'))) throw new Error('The screens are not built: npm run build');
  const args = [
    '--no-sandbox',
    '--disable-gpu',
    '--disable-quic',
    '--no-first-run',
    '--disable-background-networking',
    '--disable-component-update',
    '--disable-sync',
  ];
  return chromium.launch({ executablePath, args });
}

/** A new page; errors of its own fail whoever asks for `errors`. */
export async function open(browser: Browser, look: Look = {}): Promise<{ page: Page; errors: string[] }> {
  const context = await browser.newContext({
    viewport: { width: look.width ?? 960, height: look.height ?? 640 },
    locale: look.language === 'ko' ? 'ko-KR' : 'en-GB',
    colorScheme: look.theme ?? 'light',
    timezoneId: 'Asia/Seoul',
    reducedMotion: 'reduce',
    permissions: ['clipboard-read', 'clipboard-write'],
  });
  const page = await context.newPage();
  page.setDefaultTimeout(30_000);
  const errors: string[] = [];
  page.on('pageerror', (error) => errors.push(String(error)));
  page.on('console', (message) => {
    // The browser itself notes a connection that was cut on purpose, and an icon that nobody has.
    if (message.type() === 'error' && !/WebSocket|favicon|404|ERR_CONNECTION/.test(message.text()))
      errors.push(message.text());
  });
  return { page, errors };
}
