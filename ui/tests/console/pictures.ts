// Takes a picture of every scene in both languages and themes at three widths, to be looked at. No coordinator is needed.
//   npm run shots:pages -- [--dir DIR] [--only NAME,NAME*] [--width 390] [--language ko] [--theme dark]
import { mkdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { launch } from '../browser/browser';
import { FILES } from './fake';
import { NOW } from './fixtures';
import { openScene, SCENES } from './scenes';

const WIDTHS = [390, 820, 1440];
const LANGUAGES = ['en', 'ko'] as const;
const THEMES = ['light', 'dark'] as const;

export async function main(args: string[]): Promise<void> {
  const option = { type: 'string' as const };
  const { values } = parseArgs({
    args,
    options: { dir: option, only: option, width: option, language: option, theme: option },
  });
  const asked = <T>(all: readonly T[], one?: string) => all.filter((value) => !one || String(value) === one);
  const names = values.only?.split(',');
  const wanted = ({ name }: { name: string }) =>
    !names || names.some((one) => (one.endsWith('*') ? name.startsWith(one.slice(0, -1)) : name === one));
  const dir = resolve(values.dir ?? 'shots/pages');
  await mkdir(dir, { recursive: true });
  const browser = await launch(FILES);
  let count = 0;
  const faults: string[] = [];
  for (const scene of SCENES.filter(wanted)) {
    for (const language of asked(LANGUAGES, values.language)) {
      for (const width of asked(WIDTHS, values.width)) {
        try {
          const { page, close } = await openScene(browser, scene, { language, width, now: NOW });
          await page.clock.runFor(600);
          for (const theme of asked(THEMES, values.theme)) {
            await page.emulateMedia({ colorScheme: theme });
            const path = join(dir, `${scene.name}.${width}.${language}.${theme}.png`);
            await page.screenshot({ path, fullPage: true, animations: 'disabled' });
            count += 1;
          }
          await close();
        } catch (error) {
          faults.push(String(error));
        }
      }
    }
  }
  await browser.close();
  process.stdout.write(`${count} pictures in ${dir}\n`);
  if (faults.length > 0) throw new Error(faults.join('\n'));
}
