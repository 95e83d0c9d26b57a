// Sections as a daemon tells them, typed by the protocol: a usual evening, and what differs from it.
import type {
  Disk,
  Doctor,
  DoctorCheck,
  Earnings,
  Finding,
  Grade,
  Hello,
  ImageHold,
  Lending,
  LendingState,
  Machine,
  Mend,
  Notices,
  Ports,
  Problem,
  Settings,
  SettingsNews,
  Status,
  Tunnel,
  WalletNews,
  WorkloadPhase,
  WorkloadRow,
  Workloads,
} from '../../src/generated/desk';

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

const MIB = 1024 ** 2;
const GIB = 1024 ** 3;
const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** A point in time so long ago. */
export const ago = (ms: number) => new Date(Date.now() - ms).toISOString();
export const ADDRESS = '0xB9f679F07696883104F56482035a336F73C85c91';
const AGREEMENT = '0xf7b1022e457c9a5812807be2e810ca9aff2718db2ca18c046d785ca277a48f80';

export function problem(code: Problem['code'], message: string, next: string): Problem {
  return { code, message, next };
}

const hello: Hello = {
  desk_version: 1,
  version: '0.1.0',
  target: 'x86_64-linux',
  host_name: 'study-pc',
  os: 'linux',
  arch: 'x86_64',
  pid: 4242,
  started: ago(2 * DAY),
  hosted: 'daemon',
  data_dir: '/home/jimin/.local/share/ttalkak',
  settings_file: '/home/jimin/.local/share/ttalkak/desk-settings.json',
  socket: '/run/user/1000/ttalkak/desk.sock',
  licence: 'Apache-2.0',
  consent_version: 1,
};

export function lending(state: LendingState, part: Partial<Lending> = {}): Lending {
  return {
    state,
    since: ago(3 * HOUR + 12 * MINUTE),
    accepting: state.state === 'lending',
    running: { treatment: 'keep' },
    stops_at: null,
    next: null,
    senses: {
      idle: { sense: 'known', idle_ms: 65_000, by: 'x11' },
      fullscreen: false,
      battery: { percent: 82, discharging: false },
    },
    ...part,
  };
}

const status: Status = {
  setup: {
    consent: 1,
    enrolled: {
      agent: 'agt_01a1fd78766b7390b920c3dac9b4054d',
      coordinator: 'https://ttalkak.example.com',
      name: 'study-pc',
      plaintext: false,
    },
    limits_chosen: true,
    payee_known: true,
    done: true,
  },
  link: { state: 'connected', since: ago(3 * HOUR), problem: null },
  engine: { state: 'up', since: ago(2 * DAY), name: 'docker 28.2.2', address: '/var/run/docker.sock', problem: null },
  lending: lending({ state: 'lending' }),
  counts: { live: 3, coming: 1, troubled: 1, stopping: 0 },
  at: ago(0),
};

/** The phases that a list may show. */
export const PHASES: WorkloadPhase[] = [
  { phase: 'healthy' },
  { phase: 'building', step: 3, total: 7, doing: 'RUN npm ci' },
  {
    phase: 'backing_off',
    last: problem(
      'app_out_of_memory',
      'The app used more than 256 MiB and was stopped.',
      'Give it more with --memory.',
    ),
    until: ago(-30_000),
  },
  { phase: 'healthy' },
  { phase: 'healthy' },
  { phase: 'unhealthy', why: problem('app_unhealthy', 'It answers with status 503.', 'Read the app’s log.') },
  { phase: 'waiting', why: null },
  {
    phase: 'failed',
    problem: problem('build_failed', 'Step 5 of 7 ended with exit code 1.', 'Read the end of the build log.'),
  },
  { phase: 'fetching' },
  { phase: 'starting' },
  { phase: 'checking' },
  { phase: 'stopping' },
];
const NAMES = [
  'shop',
  'hello-world',
  'recipes',
  'jimin-portfolio',
  '점심메뉴-투표',
  'chess',
  'status-page',
  'a-rather-long-name-of-a-deployment-01',
];

export function row(
  index: number,
  phase: WorkloadPhase = PHASES[index % PHASES.length] ?? { phase: 'healthy' },
): WorkloadRow {
  const name = `${NAMES[index % NAMES.length]}${index >= NAMES.length ? `-${index}` : ''}`;
  const running = ['healthy', 'unhealthy', 'checking'].includes(phase.phase);
  return {
    lease: `lse_${String(index).padStart(4, '0')}fd78766b7390b920c3dac9b4`,
    deployment: `dep_${index}`,
    release: `rel_${index}`,
    name,
    exposure: 'http',
    url: `https://${name.replace(/[^a-z0-9-]/g, 'x')}.apps.ttalkak.example.com`,
    phase,
    since: ago((index + 1) * 47 * MINUTE),
    cpu: 500,
    memory: 256 * MIB,
    memory_used: running ? (60 + ((index * 37) % 150)) * MIB : null,
    restarts: phase.phase === 'backing_off' ? 4 : 0,
    port: running ? 20_000 + index : null,
    container_port: 8080,
    image: 'sha256:9c1a54b0f2d6e7a8b3c4d5e6f7089a1b2c3d4e5f60718293a4b5c6d7e8f90a1b',
    image_bytes: 184 * MIB,
    timings: { fetch: 400, build: 14_200, start: 300, healthy: 1100 },
    stop_grace: 10_000,
    paid:
      index % 5 === 4
        ? null
        : { per_hour: '10000', earned: String(482_000 + index * 1300), vouched: String(481_000 + index * 1300) },
    may: phase.phase === 'stopping' ? [] : ['restart', 'stop', 'remove'],
    given_back: false,
  };
}

export function machine(rows: WorkloadRow[]): Machine {
  const workloads = rows
    .filter((one) => one.memory_used !== null)
    .map((one, index) => ({
      lease: one.lease,
      cpu: 20 + ((index * 61) % 300),
      memory: one.memory_used ?? 0,
      received_per_second: 1200,
      sent_per_second: 18_000,
    }));
  return {
    at: ago(0),
    whole: {
      cpus: 8,
      cpu_percent: 23.4,
      memory_used: 7.1 * GIB,
      memory_total: 16 * GIB,
      disk_free: 212 * GIB,
      disk_total: 476 * GIB,
      received_per_second: 412_000,
      sent_per_second: 96_000,
    },
    share: {
      cpu_used: 420,
      cpu_reserved: 1500,
      cpu_limit: 2000,
      memory_used: 412 * MIB,
      memory_reserved: 1.25 * GIB,
      memory_limit: 4 * GIB,
      disk_used: 6.4 * GIB,
      disk_limit: 20 * GIB,
      received_per_second: 9400,
      sent_per_second: 71_000,
      download_limit: null,
      upload_limit: 1_250_000,
    },
    workloads,
  };
}

const tunnel: Tunnel = {
  state: 'connected',
  since: ago(3 * HOUR),
  problem: null,
  round_trip: 18,
  streams: 7,
  streams_max: 1024,
  streams_total: 48_213,
  received_per_second: 9400,
  sent_per_second: 71_000,
  received_total: 412 * MIB,
  sent_total: 6.2 * GIB,
  reconnects: 2,
  losses: [
    {
      at: ago(3 * HOUR),
      lasted: 2400,
      problem: problem('unavailable', 'The connection was reset by the other side.', 'It is tried again.'),
    },
    { at: ago(27 * HOUR), lasted: 61_000, problem: null },
  ],
};

const HOLDS: ImageHold[] = [
  { held: 'in_use', leases: [row(0).lease] },
  { held: 'pinned' },
  { held: 'wanted' },
  { held: 'unused' },
];

const disk: Disk = {
  at: ago(4 * MINUTE),
  looking: false,
  problem: null,
  engine_dir: '/var/lib/docker',
  free: 212 * GIB,
  total: 476 * GIB,
  limit: 20 * GIB,
  used: 6.4 * GIB,
  reclaimable: 1.3 * GIB,
  images: [0, 1, 2, 3].map((index) => ({
    digest: `sha256:${'9c1a54b0f2d6e7a8'.slice(index)}${'0'.repeat(48 + index)}`,
    build_key: `key-${index}`,
    names: index === 3 ? [] : [NAMES[index] ?? ''],
    bytes: (900 - index * 190) * MIB,
    created: ago((index + 1) * DAY),
    last_used: index === 3 ? null : ago(index * 9 * HOUR + 4 * MINUTE),
    held: HOLDS[index] ?? { held: 'unused' },
  })),
  build_cache: 3.1 * GIB,
  build_cache_unused: 2.2 * GIB,
  sources: 88 * MIB,
  state: 14 * MIB,
};

const ports: Ports = {
  first: 20_000,
  last: 20_999,
  free: 992,
  ours: [0, 3, 4, 5].map((index) => ({
    port: 20_000 + index,
    lease: row(index).lease,
    name: row(index).name,
    container_port: 8080,
  })),
  taken: [
    { port: 20_001, program: 'node', pid: 8123, conflict: true, avoided_for: 9 * MINUTE },
    { port: 20_002, program: null, pid: null, conflict: true, avoided_for: 9 * MINUTE },
    { port: 20_400, program: 'postgres', pid: 990, conflict: false, avoided_for: null },
    { port: 20_777, program: 'java', pid: 31_337, conflict: false, avoided_for: null },
  ],
  taken_total: 4,
  at: ago(90_000),
  looking: false,
  exhausted: null,
};

const localDay = (at: number) => new Date(at - new Date(at).getTimezoneOffset() * MINUTE).toISOString().slice(0, 10);

const earnings: Earnings = {
  token: { symbol: 'tUSD', decimals: 6, chain_id: 31_337, address: null, worth: { KRW: '1385.2', USD: '1' } },
  today: '482134',
  month: '9821034',
  total: '31209833',
  vouched: '31204011',
  per_hour: '40000',
  days: Array.from({ length: 92 }, (_, index) => ({
    day: localDay(Date.now() - (91 - index) * DAY),
    amount: String(
      index === 91 ? 482_134 : Math.round(260_000 + 170_000 * Math.sin(index / 4.5) + (index % 7 < 2 ? 120_000 : 0)),
    ),
  })),
  agreements: [0, 3, 5].map((index) => ({
    agreement: `0x${String(index)}${AGREEMENT.slice(3)}`,
    name: row(index).name,
    earned: String(4_821_340 - index * 400_000),
    vouched: String(4_820_000 - index * 400_000),
    unvouched: index === 0 ? 24_000 : 0,
    ending: index === 5,
    changed: ago(index * HOUR),
  })),
  forecast: { amount: '11400000', low: '9900000', high: '12800000', from_days: 26 },
  electricity: { month: '1830', currency: 'KRW', kilowatt_hours: '15.2', net: '11774' },
  coordinator: {
    at: ago(40_000),
    asking: false,
    problem: null,
    unsettled: '3204011',
    pending: '0',
    settled: '28000000',
    threshold: '5000000',
    threshold_min: '1000000',
    settlements: [0, 1, 2].map((index) => ({
      at: ago((index * 9 + 1) * DAY),
      amount: String(5_012_340 + index * 13_000),
      transaction: index === 0 ? null : `0x18506ff6bd339a8df100dce47297d873d78ffd5f979a6d12a048a516925814d${index}`,
      url: index === 1 ? 'https://explorer.example/tx/1' : null,
      state: (['due', 'confirmed', 'confirmed'] as const)[index] ?? 'confirmed',
    })),
  },
};

const CHECKS: [DoctorCheck, string][] = [
  ['engine', 'docker 28.2.2 at /var/run/docker.sock'],
  ['engine_version', 'API 1.50'],
  ['limits', 'memory and processor limits took hold in a trial'],
  ['builder', 'BuildKit'],
  ['engine_disk', '212 GiB free at /var/lib/docker'],
  ['data_folder', '/home/jimin/.local/share/ttalkak'],
  ['coordinator', 'https://ttalkak.example.com answered in 21 ms'],
  ['outbound', 'ttalkak.example.com:443 is open'],
  ['proxy', 'none'],
  ['clock', '0.2 s off'],
  ['key_store', 'Secret Service'],
  ['ports', '992 of 1000 free'],
  ['senses', 'X11 tells idle time'],
];

export function finding(
  check: DoctorCheck,
  grade: Grade,
  seen: string,
  what: Problem | null = null,
  mend: Mend = { mend: 'none' },
): Finding {
  return { check, grade, problem: what, seen, values: {}, mend, at: ago(2 * MINUTE) };
}

export function doctor(part: Partial<Record<DoctorCheck, Finding>> = {}): Doctor {
  return {
    at: ago(2 * MINUTE),
    running: false,
    findings: CHECKS.map(([check, seen]) => part[check] ?? finding(check, 'good', seen)),
  };
}

const day = [
  { from: 0, to: 8 * 60 },
  { from: 22 * 60, to: 24 * 60 },
];
const values: Settings = {
  lend: true,
  when_off: { treatment: 'drain' },
  limits: {
    cpu: 2000,
    memory: 4 * GIB,
    disk: 20 * GIB,
    download: null,
    upload: 1_250_000,
    port_first: 20_000,
    port_last: 20_999,
    workloads: 50,
  },
  rates: { cpu_hour: '12000', memory_gib_hour: '8000', disk_gib_hour: '0', egress_gib: '10000' },
  payee: null,
  schedule: {
    on: true,
    days: [day, day, day, day, day, [{ from: 0, to: 24 * 60 }], [{ from: 0, to: 24 * 60 }]],
    running: { treatment: 'drain' },
  },
  idle: { on: true, after_minutes: 10, fullscreen: true, running: { treatment: 'keep' } },
  exclusive: { on: true, programs: ['steam', 'blender'], running: { treatment: 'stop', notice_minutes: 10 } },
  battery: { on: true, running: { treatment: 'keep' } },
  language: 'system',
  appearance: 'system',
  announce: { problems: true, workloads: false, earnings: true, lending: false, updates: true },
  autostart: true,
  keep_workloads: false,
  electricity: { per_kilowatt_hour: '120.5', currency: 'KRW', watts_at_full_load: 90 },
  consent: 1,
  limits_chosen: true,
};

const settings: SettingsNews = {
  values,
  defaults: values,
  bounds: {
    cpu: [250, 8000],
    memory: [256 * MIB, 16 * GIB],
    disk: [2 * GIB, 400 * GIB],
    bandwidth_min: 125_000,
    port: [1024, 65_535],
    ports_min: 10,
    workloads: [1, 200],
  },
  locked: [],
  broken: null,
};

const wallet: WalletNews = {
  own: { address: ADDRESS, kept: 'key_store', backed_up: ago(9 * DAY) },
  payee: ADDRESS,
  payee_set: false,
  key_store: 'usable',
  problem: null,
};

const notices: Notices = {
  items: [
    {
      id: 9,
      at: ago(12 * MINUTE),
      weight: 'info',
      announce: true,
      kind: 'paid',
      amount: '5012340',
      transaction: AGREEMENT,
    },
    {
      id: 8,
      at: ago(50 * MINUTE),
      weight: 'bad',
      announce: true,
      kind: 'workload_troubled',
      lease: row(2).lease,
      name: 'recipes',
      problem: problem('app_out_of_memory', 'The app used more than 256 MiB.', 'Give it more.'),
    },
    { id: 7, at: ago(3 * HOUR), weight: 'info', announce: false, kind: 'link_up', away: 94_000 },
    {
      id: 6,
      at: ago(3 * HOUR + 2 * MINUTE),
      weight: 'bad',
      announce: true,
      kind: 'link_down',
      problem: problem('unavailable', 'https://ttalkak.example.com does not answer.', 'It is tried again.'),
    },
    {
      id: 5,
      at: ago(26 * HOUR),
      weight: 'info',
      announce: false,
      kind: 'workload_live',
      lease: row(0).lease,
      name: '점심메뉴-투표',
    },
    {
      id: 4,
      at: ago(27 * HOUR),
      weight: 'warn',
      announce: true,
      kind: 'settings_broken',
      kept_as: '/home/jimin/.local/share/ttalkak/desk-settings.broken-1.json',
      why: 'expected a value at line 3',
    },
    { id: 3, at: ago(28 * HOUR), weight: 'info', announce: true, kind: 'first_earning', amount: '166' },
    { id: 2, at: ago(50 * HOUR), weight: 'warn', announce: true, kind: 'back_up_wallet' },
  ],
  read_up_to: 7,
  unread: 2,
};

/** A usual evening: lending, six workloads, one of them in trouble. */
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
