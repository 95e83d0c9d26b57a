// Takes a picture of every page of the console in every state, from the tests' own API: no coordinator is needed.
//   npm run shots:pages -- [--dir DIR] [--only NAME,NAME] [--width 390] [--language ko] [--theme dark]
import { mkdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import type { Browser } from 'playwright-core';
import { launch, type Look } from '../browser/browser';
import { visit } from './browser';
import { FakeApi, FILES } from './fake';
import { SCENES, type Scene } from './scenes';

const WIDTHS = [390, 820, 1440];

async function shoot(browser: Browser, scene: Scene, look: Look, file: string): Promise<void> {
  const api = await FakeApi.start();
  scene.prepare?.(api);
  const { page, errors } = await visit(browser, api, scene.path, {
    ...look,
    still: true,
    signedOut: scene.name === 'sign-in',
  });
  page.setDefaultTimeout(8000);
  try {
    await scene.ready(page);
    await scene.act?.(page, api);
    await page.clock.runFor(600);
    await page.evaluate(() => document.fonts.ready);
    await page.screenshot({ path: file, fullPage: true, animations: 'disabled' });
    if (errors.length > 0) process.stdout.write(`${scene.name}: ${errors.join('\n')}\n`);
  } catch (error) {
    await page.screenshot({ path: file });
    throw errors.length > 0 ? new Error(errors.join('\n'), { cause: error }) : error;
  } finally {
    await page.context().close();
    await api.close();
  }
}

export async function main(args: string[]): Promise<void> {
  const option = { type: 'string' as const };
  const { values } = parseArgs({
    args,
    options: { dir: option, only: option, width: option, language: option, theme: option },
  });
  const dir = resolve(values.dir ?? 'shots/pages');
  await mkdir(dir, { recursive: true });
  const only = values.only?.split(',');
  const browser = await launch(FILES);
  let count = 0;
  const faults: string[] = [];
  for (const scene of SCENES.filter((one) => !only || only.includes(one.name))) {
    for (const width of WIDTHS.filter((one) => !values.width || String(one) === values.width)) {
      for (const language of (['en', 'ko'] as const).filter((one) => !values.language || one === values.language)) {
        for (const theme of (['light', 'dark'] as const).filter((one) => !values.theme || one === values.theme)) {
          const file = join(dir, `${scene.name}.${width}.${language}.${theme}.png`);
          try {
            await shoot(browser, scene, { width, height: 900, language, theme }, file);
            count += 1;
          } catch (error) {
            faults.push(`${scene.name} at ${width} in ${language}, ${theme}: ${String(error)}`);
          }
        }
      }
    }
  }
  await browser.close();
  process.stdout.write(`${count} pictures in ${dir}\n`);
  if (faults.length > 0) throw new Error(faults.join('\n'));
}
