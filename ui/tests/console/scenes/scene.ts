// A scene: a page in one of its states. Deliberately absent: what is held against it, which tests and pictures know.
import type { Browser, Page } from 'playwright-core';
import type { Look } from '../../browser/browser';
import { visit, type Visit } from '../browser';
import { FakeApi } from '../fake';

export interface Scene {
  name: string;
  path: string;
  prepare?: (api: FakeApi) => void;
  /** What shows that it is there. */
  ready: (page: Page) => Promise<unknown>;
  /** Brings the page into its state. */
  act?: (page: Page, api: FakeApi) => Promise<unknown>;
  /** Whether this browser knows that somebody was signed in; without a word it does. */
  hint?: boolean;
}

export const has = (selector: string) => (page: Page) => page.locator(selector).first().waitFor();

export interface Opened extends Visit {
  api: FakeApi;
  close: () => Promise<void>;
}

/** A page in the state of the scene. `now`: the moment of the picture, so that pictures of two days are the same. */
export async function openScene(
  browser: Browser,
  scene: Scene,
  look: Look & { now?: number } = {},
  tries = 3,
): Promise<Opened> {
  const api = await FakeApi.start(look.now);
  scene.prepare?.(api);
  const seen = await visit(browser, api, scene.path, { hint: scene.hint, width: 1440, height: 900, ...look });
  const close = async () => {
    await seen.page.context().close();
    await api.close();
  };
  try {
    await scene.ready(seen.page);
    await seen.page.evaluate(() => document.fonts.ready.then(() => undefined));
    seen.shift = await seen.page.evaluate(() => (window as unknown as { shift: number }).shift);
    await scene.act?.(seen.page, api);
    return { ...seen, api, close };
  } catch (cause) {
    await close();
    // The browser drops what it loads whenever this machine gets another network, as engines make them.
    if (tries > 1 && seen.lost()) return openScene(browser, scene, look, tries - 1);
    throw new Error(`${scene.name} in ${look.language ?? 'en'}: ${String(cause)} ${seen.errors.join('\n')}`, { cause });
  }
}
