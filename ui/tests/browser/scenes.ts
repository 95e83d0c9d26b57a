// Every screen in every state that is worth looking at.
import type { Page } from 'playwright-core';
import { ago, doctor, finding, fresh, lending, log, machine, problem, row, usual, type Sections } from './fixtures';
import type { TestDesk } from './desk';

export interface Scene {
  name: string;
  sections: Partial<Sections>;
  hash?: string;
  /** What the desk is told before the screen connects. */
  prepare?: (desk: TestDesk) => void;
  /** What is done before one looks. */
  act?: (page: Page, desk: TestDesk) => Promise<void>;
}

const HOUR = 3_600_000;
const many = Array.from({ length: 200 }, (_, index) => row(index));
const base = usual();
const status = (part: Partial<Sections['status']>) => ({ ...base.status, ...part });
const resting = (state: Parameters<typeof lending>[0]) => usual({ status: status({ lending: lending(state) }) });
const done = { consent: 1, enrolled: null, limits_chosen: true, payee_known: true, done: false };
const sick = doctor({
  engine: finding(
    'engine',
    'bad',
    'no socket at /var/run/docker.sock',
    problem('engine_unavailable', 'Docker is installed and does not run.', 'Start it.'),
    {
      mend: 'button',
      action: 'start_engine',
      command: 'systemctl start docker',
      asks_password: true,
    },
  ),
  engine_disk: finding(
    'engine_disk',
    'warn',
    '1.2 GiB free at /var/lib/docker',
    problem('disk_full', 'Only 1.2 GiB are free where images are kept.', 'Clean up.'),
    { mend: 'screen', screen: 'disk' },
  ),
  clock: finding(
    'clock',
    'bad',
    '412 s behind',
    problem('signature_invalid', 'This clock is 412 s behind.', 'Set it by network time.'),
    { mend: 'command', command: 'sudo timedatectl set-ntp true' },
  ),
  outbound: finding(
    'outbound',
    'warn',
    'a proxy answers',
    problem('unavailable', 'A proxy stands before port 443.', 'Ask for an exception.'),
    { mend: 'link', url: 'https://ttalkak.example.com/help' },
  ),
  senses: finding('senses', 'unknown', 'Wayland tells no idle time'),
});
const follow = (desk: TestDesk) => {
  desk.log = log(300);
};

export const SCENES: Scene[] = [
  { name: 'home', sections: base },
  {
    name: 'home-many',
    sections: usual({
      workloads: { rows: many },
      machine: machine(many),
      status: status({ counts: { live: 140, coming: 40, troubled: 20, stopping: 0 } }),
    }),
  },
  { name: 'home-empty', sections: { ...fresh(), status: base.status, settings: base.settings } },
  { name: 'home-loading', sections: { hello: base.hello, status: base.status, settings: base.settings } },
  { name: 'home-off', sections: resting({ state: 'off' }) },
  { name: 'home-paused', sections: resting({ state: 'paused', until: ago(-2 * HOUR) }) },
  { name: 'home-leaving', sections: resting({ state: 'leaving', by: ago(-0.4 * HOUR) }) },
  { name: 'home-owner', sections: resting({ state: 'owner_active', fullscreen: false, lends_at: ago(-0.1 * HOUR) }) },
  {
    name: 'home-trouble',
    sections: usual({
      doctor: sick,
      status: status({
        engine: {
          ...base.status.engine,
          state: 'down',
          since: ago(HOUR / 6),
          problem: problem('engine_unavailable', 'Docker does not answer at /var/run/docker.sock.', 'Start it.'),
        },
      }),
    }),
  },
  {
    name: 'home-stale',
    sections: base,
    act: async (page, desk) => {
      desk.http.close();
      desk.cut();
      await page.getByRole('alert').first().waitFor();
    },
  },
  {
    name: 'home-pause-menu',
    sections: base,
    act: async (page) => page.getByRole('button', { name: /^(Pause|잠시 쉬기)/ }).click(),
  },
  {
    name: 'home-leave',
    sections: base,
    act: async (page) => page.getByRole('button', { name: /^(Leave|자리 비우기)/ }).click(),
  },
  {
    name: 'offline',
    sections: {},
    act: async (page, desk) => {
      desk.http.close();
      desk.cut();
      await page
        .getByText(/not running|꺼져 있어요/)
        .first()
        .waitFor();
    },
  },
  { name: 'workload', sections: base, hash: `workload/${row(2).lease}`, prepare: follow },
  {
    name: 'workload-numbers',
    sections: base,
    hash: `workload/${row(0).lease}`,
    act: async (page) => page.getByRole('tab').nth(1).click(),
  },
  {
    name: 'workload-remove',
    sections: base,
    hash: `workload/${row(0).lease}`,
    act: async (page) => {
      await page.getByRole('button', { name: /More actions|더 보기/ }).click();
      await page.getByRole('menuitem').nth(1).click();
    },
  },
  { name: 'workload-gone', sections: base, hash: 'workload/lse_gone' },
  { name: 'earnings', sections: base, hash: 'earnings' },
  { name: 'earnings-empty', sections: { ...fresh(), status: base.status }, hash: 'earnings' },
  { name: 'rules', sections: base, hash: 'rules' },
  { name: 'limits', sections: base, hash: 'limits' },
  { name: 'disk', sections: base, hash: 'disk' },
  { name: 'disk-empty', sections: { ...fresh(), status: base.status }, hash: 'disk' },
  {
    name: 'disk-clean',
    sections: base,
    hash: 'disk',
    act: async (page, desk) => {
      desk.answer = () => ({
        reply: 'freed',
        bytes: 1.3 * 1024 ** 3,
        images: 2,
        build_cache: 0,
        sources: 88 * 1024 ** 2,
        only_looked: true,
      });
      await page.getByRole('button', { name: /Clean up|정리하기/ }).click();
      await page.getByRole('dialog').waitFor();
    },
  },
  { name: 'ports', sections: base, hash: 'ports' },
  { name: 'ports-exhausted', sections: usual({ ports: { ...base.ports, free: 0 } }), hash: 'ports' },
  { name: 'tunnel', sections: base, hash: 'tunnel' },
  { name: 'doctor', sections: usual({ doctor: sick }), hash: 'doctor' },
  { name: 'doctor-well', sections: base, hash: 'doctor' },
  { name: 'notices', sections: base, hash: 'notices' },
  { name: 'notices-empty', sections: { ...base, notices: { items: [], read_up_to: 0, unread: 0 } }, hash: 'notices' },
  {
    name: 'logs',
    sections: base,
    hash: 'logs',
    act: async (_, desk) => {
      desk.lines({
        of: { of: 'program' },
        anew: true,
        skipped: 0,
        lines: log(60).map((line) => ({ ...line, stream: null, level: 'info' as const })),
      });
    },
  },
  {
    name: 'settings',
    sections: usual({
      wallet: { ...base.wallet, own: { address: base.wallet.own?.address ?? '', kept: 'key_store', backed_up: null } },
    }),
    hash: 'settings',
  },
  {
    name: 'settings-backup',
    sections: base,
    hash: 'settings',
    act: async (page) => page.getByRole('button', { name: /^(Back up|백업하기)$/ }).click(),
  },
  {
    name: 'help',
    sections: base,
    act: async (page) => {
      await page.getByRole('heading').first().waitFor();
      await page.keyboard.press('?');
    },
  },
  { name: 'wizard-consent', sections: fresh() },
  {
    name: 'wizard-doctor',
    sections: {
      ...fresh(),
      doctor: sick,
      status: { ...fresh().status, setup: { ...done, limits_chosen: false, payee_known: false } },
    },
  },
  {
    name: 'wizard-limits',
    sections: { ...fresh(), status: { ...fresh().status, setup: { ...done, limits_chosen: false } } },
    act: async (page) => page.getByRole('button', { name: /^(Continue|계속)$/ }).click(),
  },
  {
    name: 'wizard-wallet',
    sections: { ...fresh(), status: { ...fresh().status, setup: { ...done, payee_known: false } } },
  },
  { name: 'wizard-connect', sections: { ...fresh(), status: { ...fresh().status, setup: done } } },
  {
    name: 'wizard-done',
    sections: {
      ...fresh(),
      status: {
        ...fresh().status,
        lending: lending({ state: 'off' }),
        setup: { ...done, done: false, enrolled: base.status.setup.enrolled },
      },
    },
  },
];
