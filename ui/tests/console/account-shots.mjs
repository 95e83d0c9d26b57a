// Takes a picture of every scene in both languages and themes at three widths, to be looked at.
//   npm run shots:pages -- [--dir DIR] [--only NAME,NAME] [--width 390] [--language ko] [--theme dark]
import { mkdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { chromium } from 'playwright-core';
import { SCENES } from './scenes/index.mjs';
import { LANGUAGES, openScene, THEMES, WIDTHS } from './scenes/look.mjs';

const option = { type: 'string' };
const { values } = parseArgs({
  options: { dir: option, only: option, width: option, language: option, theme: option },
});
const dir = resolve(values.dir ?? 'shots/pages');
const only = values.only?.split(',');
const asked = (all, one) => all.filter((value) => one === undefined || String(value) === one);
await mkdir(dir, { recursive: true });
const browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox', '--disable-gpu'] });
let count = 0;
for (const scene of SCENES.filter(
  ({ name }) => !only || only.some((one) => name === one || (one.endsWith('*') && name.startsWith(one.slice(0, -1)))),
)) {
  for (const language of asked(LANGUAGES, values.language)) {
    const { page, close } = await openScene(browser, scene, { language });
    for (const theme of asked(THEMES, values.theme)) {
      await page.emulateMedia({ colorScheme: theme });
      for (const width of asked(WIDTHS, values.width)) {
        await page.setViewportSize({ width, height: 900 });
        const path = join(dir, `${scene.name}-${language}-${theme}-${width}.png`);
        await page.screenshot({ path, fullPage: true, animations: 'disabled' });
        count += 1;
      }
    }
    await close();
  }
}
await browser.close();
process.stdout.write(`${count} pictures in ${dir}\n`);
