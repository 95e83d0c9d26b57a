// What holds on every page of the console in each of its states: no serious finding of axe, nothing wider than the screen,
// nothing that jumps, nothing against the policy and no word to strangers.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { launch } from '../browser/browser';
import { FILES } from './fake';
import { openScene, SCENES } from './scenes';

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
/** Chromium's own bound of a good page is 0.1; ours is nothing that an eye sees. */
const SHIFT_MAX = 0.02;
/** A language and a theme together: neither changes what the other could break. What jumps on a phone may not on a desk. */
const LOOKS = [
  { language: 'en', theme: 'light', widths: [1440, 820] },
  { language: 'ko', theme: 'dark', widths: [390] },
] as const;

let browser: Browser;
beforeAll(async () => {
  browser = await launch(FILES);
});
afterAll(() => browser.close());

interface Finding {
  id: string;
  impact: string;
  nodes: { html: string; any: { message: string }[] }[];
}

async function findings(page: Page): Promise<string[]> {
  const { violations } = await page.evaluate(() =>
    (window as unknown as { axe: { run: (d: Document) => Promise<{ violations: Finding[] }> } }).axe.run(document),
  );
  return violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .map(
      ({ id, nodes }) =>
        `${id}: ${nodes.map(({ html, any }) => `${html.slice(0, 160)} ${any[0]?.message ?? ''}`).join(' | ')}`,
    );
}

/** What moves has come to its end. */
const settled = (page: Page) =>
  page.evaluate(async () => {
    await new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
    await Promise.allSettled(document.getAnimations().map((one) => one.finished));
  });

const CASES = SCENES.flatMap((scene) =>
  LOOKS.map((look) => ({ scene, look, name: `${scene.name} in ${look.language}` })),
);

it('has a name of its own', () => {
  const names = SCENES.map(({ name }) => name);
  expect(names).toEqual([...new Set(names)]);
});

it.each(CASES)('$name can be read by everybody', async ({ scene, look: { language, theme, widths } }) => {
  const { page, errors, shift, close } = await openScene(browser, scene, { language, theme, width: widths[0] });
  try {
    expect(shift, 'how far it jumps').toBeLessThanOrEqual(SHIFT_MAX);
    // By the debugger's way: the page's policy lets no other script in.
    await page.evaluate(AXE);
    for (const width of widths) {
      await page.setViewportSize({ width, height: 900 });
      await settled(page);
      const wide = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
      expect(wide, `pixels beyond the edge at ${width}`).toBeLessThanOrEqual(0);
      expect(await findings(page), `at ${width}`).toEqual([]);
    }
    // The browser itself notes each answer that is a refusal.
    expect(errors.filter((text) => !/Failed to load resource|ERR_NETWORK_CHANGED/.test(text))).toEqual([]);
  } finally {
    await close();
  }
});
