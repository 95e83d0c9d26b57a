// Sections as a daemon tells them, typed by the protocol: a usual evening, and what differs from it.
import type {
  Disk,
  Doctor,
  Earnings,
  Hello,
  Machine,
  Notices,
  Ports,
  SettingsNews,
  Status,
  Tunnel,
  WalletNews,
  Workloads,
} from '../../src/generated/desk';
import { hello, lending, status, row, machine, tunnel, disk, ports } from './fixtures/machine';
import { earnings, doctor, values, settings, wallet, notices } from './fixtures/owner';
import { MIB, MINUTE, ago } from './fixtures/units';

export { lending, PHASES, row, machine } from './fixtures/machine';
export { doctor, finding } from './fixtures/owner';
export { ago, ADDRESS, problem } from './fixtures/units';

export interface Sections {
  hello: Hello;
  status: Status;
  machine: Machine;
  workloads: Workloads;
  tunnel: Tunnel;
  disk: Disk;
  ports: Ports;
  earnings: Earnings;
  doctor: Doctor;
  settings: SettingsNews;
  wallet: WalletNews;
  notices: Notices;
}

export function usual(part: Partial<Sections> = {}): Sections {
  const rows = Array.from({ length: 6 }, (_, index) => row(index));
  return {
    hello,
    status,
    machine: machine(rows),
    workloads: { rows },
    tunnel,
    disk,
    ports,
    earnings,
    doctor: doctor(),
    settings,
    wallet,
    notices,
    ...part,
  };
}

/** A machine on which nothing was done yet. */
export function fresh(): Sections {
  const untouched = {
    ...values,
    lend: false,
    consent: null,
    limits_chosen: false,
    schedule: { ...values.schedule, on: false },
    idle: { ...values.idle, on: false },
    exclusive: { on: false, programs: [], running: { treatment: 'keep' as const } },
  };
  const setup = { consent: null, enrolled: null, limits_chosen: false, payee_known: false, done: false };
  const none = '0';
  return usual({
    status: {
      ...status,
      setup,
      link: { state: 'off', since: ago(MINUTE), problem: null },
      lending: lending({ state: 'not_set_up' }),
      counts: { live: 0, coming: 0, troubled: 0, stopping: 0 },
    },
    workloads: { rows: [] },
    machine: {
      ...machine([]),
      share: { ...machine([]).share, cpu_used: 0, cpu_reserved: 0, memory_used: 0, memory_reserved: 0, disk_used: 0 },
    },
    tunnel: {
      ...tunnel,
      state: 'off',
      round_trip: null,
      streams: 0,
      streams_total: 0,
      received_per_second: 0,
      sent_per_second: 0,
      received_total: 0,
      sent_total: 0,
      reconnects: 0,
      losses: [],
    },
    disk: {
      ...disk,
      images: [],
      used: 14 * MIB,
      reclaimable: 0,
      sources: 0,
      build_cache: null,
      build_cache_unused: null,
    },
    ports: { ...ports, ours: [], taken: [], taken_total: 0, free: 1000 },
    earnings: {
      ...earnings,
      today: none,
      month: none,
      total: none,
      vouched: none,
      per_hour: none,
      days: [],
      agreements: [],
      forecast: null,
      electricity: null,
      coordinator: {
        ...earnings.coordinator,
        at: null,
        unsettled: none,
        settled: none,
        settlements: [],
        threshold: null,
        threshold_min: null,
      },
    },
    settings: { ...settings, values: untouched },
    wallet: { own: null, payee: null, payee_set: false, key_store: 'usable', problem: null },
    notices: { items: [], read_up_to: 0, unread: 0 },
  });
}

/** Lines of a log with colours, a long one and an error. */
export function log(
  count: number,
): { seq: number; at: string; stream: 'stdout' | 'stderr' | 'system' | 'build'; level: null; text: string }[] {
  return Array.from({ length: count }, (_, index) => ({
    seq: index,
    at: ago((count - index) * 800),
    stream: index === 0 ? 'system' : index < 8 ? 'build' : index % 41 === 0 ? 'stderr' : 'stdout',
    level: null,
    text:
      index === 0
        ? 'release 3 is being built'
        : index % 41 === 0
          ? '\u001b[31mError:\u001b[0m connect ECONNREFUSED 10.0.0.7:5432'
          : index % 13 === 0
            ? `\u001b[2m${index}\u001b[0m \u001b[32mGET\u001b[0m /products/${index}?sort=price&with=pictures,ratings,stock&page=2 \u001b[33m200\u001b[0m in 12 ms, 48,212 bytes, a line that is longer than any window`
            : `\u001b[2m${index}\u001b[0m \u001b[32mGET\u001b[0m /products/${index} 200 in ${(index * 7) % 40} ms`,
  }));
}
