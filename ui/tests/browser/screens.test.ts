// The built screens in a real browser, against a desk that speaks the real protocol.
import { createRequire } from 'node:module';
import { readFileSync } from 'node:fs';
import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { FILES, launch, open, type Look } from './browser';
import { TestDesk } from './desk';
import { fresh, lending, log, machine, problem, row, usual, type Sections } from './fixtures';
import { SCENES } from './scenes';

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

let browser: Browser;
let closing: (() => Promise<unknown>)[] = [];

beforeAll(async () => {
  browser = await launch();
});
afterAll(() => browser.close());
afterEach(async () => {
  for (const close of closing.reverse()) await close();
  closing = [];
});

async function show(sections: Partial<Sections>, look: Look = {}, hash?: string) {
  const desk = await TestDesk.start(sections, FILES);
  closing.push(() => desk.close());
  const { page, errors } = await open(browser, look);
  closing.push(() => page.context().close());
  await page.goto(desk.url);
  await page.waitForSelector('#app > *');
  if (hash) await page.evaluate((to) => void (window.location.hash = `#/${to}`), hash);
  return { desk, page, errors };
}

const big = (page: Page) => page.getByRole('switch', { name: 'Lend this computer' });

describe('a service inside the app', () => {
  const inside = usual({ hello: { ...usual().hello, hosted: 'in_process' } });
  const sentence = 'The background service runs inside this app and stops when you quit it.';

  it('is told of on home, and a service of its own is not', async () => {
    const { page } = await show(inside);
    await page.getByText(sentence).waitFor();
    const { page: usually } = await show(usual());
    await big(usually).waitFor();
    expect(await usually.getByText(sentence).count()).toBe(0);
  });

  it('is told of in Korean, too', async () => {
    const { page } = await show(inside, { language: 'ko' });
    await page.getByText('앱을 끝내면 함께 멈춰요').waitFor();
  });
});

describe('the switch', () => {
  it('asks the daemon and believes only what it then tells', async () => {
    const off = usual({ status: { ...usual().status, lending: lending({ state: 'off' }) } });
    const { desk, page } = await show(off);
    await big(page).click();
    expect(await desk.heard('lend')).toEqual({ call: 'lend', on: true });
    expect(await big(page).getAttribute('aria-checked')).toBe('false');
    desk.tell('status', usual().status);
    await page.getByRole('switch', { name: 'Lend this computer', checked: true }).waitFor();
  });

  it('can be undone', async () => {
    const { desk, page } = await show(usual());
    await big(page).click();
    await desk.heard('lend');
    desk.asked.length = 0;
    await page.getByRole('button', { name: 'Undo' }).click();
    expect(await desk.heard('lend')).toEqual({ call: 'lend', on: true });
  });

  it('says why the daemon refused, and stays as it was', async () => {
    const { desk, page } = await show(usual());
    desk.answer = (call) =>
      call.call === 'lend'
        ? { problem: problem('write_failed', 'The settings could not be written.', 'Make room.') }
        : { reply: 'done' };
    await big(page).click();
    await page.getByText('The settings could not be written.').waitFor();
    expect(await big(page).getAttribute('aria-checked')).toBe('true');
  });

  it('pauses until a time that lies ahead and lets work run on', async () => {
    const { desk, page } = await show(usual());
    await page.getByRole('button', { name: 'Pause' }).click();
    await page.getByRole('menuitem', { name: 'For 4 hours' }).click();
    const call = await desk.heard('pause');
    expect(call.running).toEqual({ treatment: 'keep' });
    expect(Math.round((Date.parse(call.until ?? '') - Date.now()) / 3_600_000)).toBe(4);
  });
});

describe('a daemon that goes', () => {
  it('leaves the last picture with a word that it is old, and is found again', async () => {
    const { desk, page } = await show(usual());
    await page.getByText('All is well').waitFor();
    desk.cut();
    await page.getByText('What you see may be out of date').waitFor();
    await page.getByText('What you see may be out of date').waitFor({ state: 'detached' });
    await page.getByText('All is well').waitFor();
  });

  it('tells again which sections are looked at', async () => {
    const { desk, page } = await show(usual());
    await desk.heard('look');
    desk.asked.length = 0;
    desk.cut();
    expect((await desk.heard('look')).at).toEqual(['machine', 'tunnel']);
    await page.getByText('All is well').waitFor();
  });
});

describe('workloads', () => {
  it('are drawn only where they are seen, however many', async () => {
    const rows = Array.from({ length: 1000 }, (_, index) => row(index));
    const { desk, page } = await show(usual({ workloads: { rows } }));
    const table = page.getByRole('table', { name: 'Workloads' });
    await table.waitFor();
    expect(await table.getAttribute('aria-rowcount')).toBe('1001');
    expect(await table.getByRole('row').count()).toBeLessThan(60);
    const took = await page.evaluate(() => performance.now());
    for (let tick = 0; tick < 20; tick += 1) desk.tell('machine', machine(rows));
    await page.waitForFunction((since) => performance.now() - since > 300, took);
    await page.getByPlaceholder('Name or address').fill('recipes-18');
    await table.getByText('recipes-18', { exact: true }).waitFor();
  });

  it('show their log, follow it, and are searched', async () => {
    const desk = usual();
    const first = row(0);
    const shown = await show(desk, {}, `workload/${first.lease}`);
    const lines = log(300);
    await shown.desk.heard('follow_log');
    shown.desk.lines({ of: { of: 'workload', lease: first.lease }, lines, skipped: 0, anew: true });
    await shown.page.getByText('299 GET /products/299').waitFor();
    await shown.page.getByRole('searchbox').fill('ECONNREFUSED');
    await shown.page.getByText(`1 of ${lines.filter((line) => line.text.includes('ECONNREFUSED')).length}`).waitFor();
    await shown.page.evaluate(() => (window.location.hash = '#/home'));
    expect(await shown.desk.heard('unfollow_log')).toEqual({ call: 'unfollow_log', lease: first.lease });
  });

  it('are removed only after their name was typed', async () => {
    const { desk, page } = await show(usual(), {}, `workload/${row(0).lease}`);
    await page.getByRole('button', { name: 'More actions' }).click();
    await page.getByRole('menuitem', { name: 'Remove' }).click();
    const button = page.getByRole('dialog').getByRole('button', { name: 'Remove' });
    expect(await button.isDisabled()).toBe(true);
    await page.getByLabel('Type shop to go on').fill('shop');
    await button.click();
    expect(await desk.heard('remove_workload')).toEqual({ call: 'remove_workload', lease: row(0).lease });
  });
});

describe('limits', () => {
  it('below what runs are refused or drained, as the owner chooses', async () => {
    const { desk, page } = await show(usual(), {}, 'limits');
    const { limits } = usual().settings.values;
    desk.answer = (call) => {
      if (call.call !== 'preview_settings' && call.call !== 'change_settings') return { reply: 'done' };
      const leaves = [{ lease: row(0).lease, name: 'shop', limit: 'limits.cpu', per_hour: '10000' }];
      return { reply: 'preview', fits: false, before: limits, after: limits, stays: 2, leaves, stops_lending: false };
    };
    await page.getByRole('slider', { name: 'Processor' }).press('ArrowLeft');
    await page.getByRole('button', { name: 'Save' }).click();
    await page.getByText('1 workload does not fit any more').waitFor();
    expect(desk.asked.some((call) => call.call === 'change_settings')).toBe(false);
    await page.getByRole('button', { name: 'Move them away' }).click();
    const call = await desk.heard('change_settings');
    expect([call.when_below_use, call.patch.limits?.cpu]).toEqual(['drain', 1750]);
  });

  it('mark the field that the daemon refuses', async () => {
    const { desk, page } = await show(usual(), {}, 'limits');
    const faults = [
      { field: 'limits.memory', problem: problem('setting_invalid', 'This machine has only 8 GiB.', 'Lend less.') },
    ];
    desk.answer = (call) =>
      call.call === 'preview_settings'
        ? { problem: problem('setting_invalid', 'Fields are wrong.', 'Change them.'), faults }
        : { reply: 'done' };
    await page.getByRole('slider', { name: 'Memory' }).press('ArrowRight');
    await page.getByRole('button', { name: 'Save' }).click();
    await page.getByText('This machine has only 8 GiB.').waitFor();
  });
});

describe('a first run', () => {
  it('goes from consent to connected, can be left, and is taken up where it was', async () => {
    const start = fresh();
    const { desk, page } = await show(start);
    await page.getByText('I have read this').click();
    await page.getByRole('button', { name: 'Continue' }).click();
    expect(await desk.heard('consent')).toEqual({ call: 'consent', version: 1 });
    desk.tell('status', { ...start.status, setup: { ...start.status.setup, consent: 1 } });
    await page.getByRole('heading', { name: 'Is this computer ready?' }).waitFor();
    await page.getByRole('button', { name: 'Not now' }).click();
    await page.getByRole('button', { name: 'Finish setting up' }).click();
    await page.getByRole('heading', { name: 'Is this computer ready?' }).waitFor();
    await page.getByRole('button', { name: 'Continue' }).click();
    await page.getByRole('button', { name: 'Continue' }).click();
    expect((await desk.heard('change_settings')).patch.limits).toEqual(start.settings.values.limits);
    await page.getByRole('button', { name: 'Go on without one' }).click();
    await page.getByLabel('Address of the coordinator').fill('ttalkak.example');
    await page.getByLabel('One-time code').fill('CODE-1');
    await page.getByText('It begins with https://').waitFor();
    await page.getByLabel('Address of the coordinator').fill('https://ttalkak.example');
    await page.getByRole('button', { name: 'Connect', exact: true }).click();
    expect(await desk.heard('enrol')).toEqual({
      call: 'enrol',
      coordinator: 'https://ttalkak.example',
      code: 'CODE-1',
      name: 'study-pc',
      force: false,
    });
  });

  it('shows the wallet’s key once and forgets it', async () => {
    const { desk, page } = await show(
      usual({
        wallet: { ...usual().wallet, own: { address: usual().wallet.payee ?? '', kept: 'key_store', backed_up: null } },
      }),
      {},
      'settings',
    );
    desk.answer = (call) =>
      call.call === 'back_up_wallet'
        ? { reply: 'wallet_secret', secret: '0xfeedc0ffee', encrypted: false }
        : { reply: 'done' };
    await page.getByRole('button', { name: 'Back up' }).click();
    await page.getByText('As a bare key').click();
    await page.getByRole('button', { name: 'Show the key' }).click();
    await page.getByText('0xfeedc0ffee').waitFor();
    await page.getByText('I keep it in a safe place.').click();
    await page.getByRole('button', { name: 'Done' }).click();
    await desk.heard('wallet_backed_up');
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    expect(await page.content()).not.toContain('feedc0ffee');
  });
});

describe('the language', () => {
  it('is the system’s until one is chosen, and changes at once', async () => {
    const { desk, page } = await show(usual(), { language: 'ko' });
    await page.getByText('빌려주고 있어요').waitFor();
    const settings = usual().settings;
    desk.tell('settings', { ...settings, values: { ...settings.values, language: 'en', appearance: 'dark' } });
    await page.getByText('All is well').waitFor();
    expect(
      await page.evaluate(() => [document.documentElement.lang, document.documentElement.dataset['theme']]),
    ).toEqual(['en', 'dark']);
  });
});

describe('keys', () => {
  it('go everywhere without a pointer', async () => {
    const { page } = await show(usual());
    await page.getByText('All is well').waitFor();
    await page.keyboard.press('g');
    await page.keyboard.press('e');
    await page.getByRole('heading', { level: 1, name: 'Earnings' }).waitFor();
    await page.keyboard.press('?');
    await page.getByRole('dialog').waitFor();
    await page.keyboard.press('Escape');
    await page.getByRole('dialog').waitFor({ state: 'detached' });
  });

  it('mark hours of the schedule', async () => {
    const { desk, page } = await show(usual(), {}, 'rules');
    await page.getByRole('gridcell', { name: 'Mon 09:00' }).focus();
    await page.keyboard.press(' ');
    const call = await desk.heard('change_settings');
    expect(call.patch.schedule?.days[0]).toEqual([
      { from: 0, to: 480 },
      { from: 540, to: 600 },
      { from: 1320, to: 1440 },
    ]);
  });
});

interface Axe {
  configure(spec: object): void;
  run(): Promise<{ violations: { id: string; nodes: { html: string; failureSummary?: string }[] }[] }>;
}

// Each screen once: both themes and both languages take turns.
describe('every screen', () => {
  it.each(
    SCENES.map((scene, index) => ({
      scene,
      look: {
        theme: index % 2 ? 'dark' : 'light',
        language: index % 4 < 2 ? 'en' : 'ko',
        width: 720,
        height: 480,
      } as const,
    })),
  )('$scene.name fits 720×480 and is clean for those who cannot see it', async ({ scene, look }) => {
    const desk = await TestDesk.start(scene.sections, FILES);
    closing.push(() => desk.close());
    scene.prepare?.(desk);
    const { page, errors } = await open(browser, look);
    closing.push(() => page.context().close());
    await page.goto(desk.url);
    await page.waitForSelector('#app > *');
    if (scene.hash) await page.evaluate((to) => void (window.location.hash = `#/${to}`), scene.hash);
    await page.waitForFunction(() => document.querySelector('h1, p') !== null);
    await scene.act?.(page, desk);
    expect(
      await page.evaluate(() => document.documentElement.scrollWidth <= window.innerWidth),
      'nothing is cut at the side',
    ).toBe(true);
    await page.evaluate(AXE);
    const { violations } = await page.evaluate(() => {
      const axe = (window as unknown as { axe: Axe }).axe;
      // Like a dialog, an open menu is a layer above the page and in none of its landmarks.
      const layers = 'dialog, [role=dialog], [role=alertdialog], [role=menu], svg';
      axe.configure({ checks: [{ id: 'region', options: { regionMatcher: layers } }] });
      return axe.run();
    });
    const said = violations.map(
      (one) =>
        `${one.id}: ${one.nodes
          .map((node) => `${node.html} ${node.failureSummary}`)
          .slice(0, 3)
          .join('\n')}`,
    );
    expect(said).toEqual([]);
    // A browser says this when a network comes or goes on the machine, such as one of the container engine's.
    expect(errors.filter((error) => !error.includes('ERR_NETWORK_CHANGED'))).toEqual([]);
  });
});
