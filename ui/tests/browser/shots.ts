// Takes a picture of every screen in both languages and themes and three sizes, to be looked at.
//   npm run shots -- [--dir DIR] [--only NAME,NAME] [--size 960x640] [--language ko] [--theme dark]
import { mkdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import type { Browser } from 'playwright-core';
import { FILES, launch, open, type Look } from './browser';
import { TestDesk } from './desk';
import { SCENES, type Scene } from './scenes';

const SIZES = ['720x480', '960x640', '1440x900'];

async function shoot(browser: Browser, scene: Scene, look: Required<Look>, file: string): Promise<void> {
  const desk = await TestDesk.start(scene.sections, FILES);
  scene.prepare?.(desk);
  const { page, errors } = await open(browser, look);
  try {
    await page.goto(desk.url);
    // The address bears the token until the app has read it.
    await page.waitForSelector('#app > *');
    if (scene.hash) await page.evaluate((hash) => void (window.location.hash = `#/${hash}`), scene.hash);
    await page.waitForFunction(() => document.fonts.status === 'loaded' && document.querySelector('h1, p') !== null);
    await scene.act?.(page, desk);
    // Whatever fades or grows has done so when two frames are the same.
    await page.screenshot({ path: file, animations: 'disabled' });
    if (errors.length > 0) throw new Error(errors.join('\n'));
  } catch (error) {
    await page.screenshot({ path: file });
    throw errors.length > 0 ? new Error(errors.join('\n'), { cause: error }) : error;
  } finally {
    await page.context().close();
    await desk.close();
  }
}

export async function main(args: string[]): Promise<void> {
  const option = { type: 'string' as const };
  const { values } = parseArgs({
    args,
    options: { dir: option, only: option, size: option, language: option, theme: option },
  });
  const dir = resolve(values.dir ?? 'shots');
  await mkdir(dir, { recursive: true });
  const only = values.only?.split(',');
  const browser = await launch();
  let count = 0;
  for (const scene of SCENES.filter((one) => !only || only.includes(one.name))) {
    for (const size of SIZES.filter((one) => !values.size || one === values.size)) {
      for (const language of (['en', 'ko'] as const).filter((one) => !values.language || one === values.language)) {
        for (const theme of (['light', 'dark'] as const).filter((one) => !values.theme || one === values.theme)) {
          const [width = 960, height = 640] = size.split('x').map(Number);
          const file = join(dir, `${scene.name}.${size}.${language}.${theme}.png`);
          try {
            await shoot(browser, scene, { width, height, language, theme }, file);
            count += 1;
          } catch (error) {
            throw new Error(`${scene.name} at ${size} in ${language}, ${theme}`, { cause: error });
          }
        }
      }
    }
  }
  await browser.close();
  process.stdout.write(`${count} pictures in ${dir}\n`);
}
