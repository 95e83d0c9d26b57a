// What an API tells, typed by its own description: a usual team, and what differs from it.
import type { components } from '../../src/generated/api';

type Schemas = components['schemas'];
export type Deployment = Schemas['DeploymentView'];
export type Project = Schemas['ProjectView'];
export type Release = Schemas['ReleaseView'];
export type Verdict = components['schemas']['PlanVerdict'];

/** All times are counted from here, so that pictures of two days are the same. */
export const NOW = Date.parse('2026-11-27T03:00:00Z');
const MIB = 1024 * 1024;
export const ago = (ms: number) => new Date(NOW - ms).toISOString();
export const MINUTE = 60_000;
export const HOUR = 60 * MINUTE;
export const DAY = 24 * HOUR;
const ADDRESS = '0x7099797051812dc3a010c7d01b50e0d17dc79c8a';

export const problem = (code: Schemas['ErrorCode'], message: string, next = 'Try again.') => ({ code, message, next });

export function deployment(name: string, part: Partial<Deployment> = {}): Deployment {
  return {
    id: `dep_${name}`,
    name,
    project: `prj_${part.project_name ?? name}`,
    project_name: name,
    state: 'live',
    exposure: 'http',
    url: `http://${name}.localhost:7780`,
    git_url: `https://github.com/acme/${name}.git`,
    branch: 'main',
    memory_bytes: 512 * MIB,
    milli_cpu: 1000,
    port: 3000,
    release: 3,
    created_at: ago(20 * DAY),
    since: ago(3 * HOUR),
    updated_at: ago(3 * HOUR),
    ...part,
  };
}

export function release(number: number, part: Partial<Release> = {}): Release {
  return {
    id: `rel_${number}`,
    number,
    state: 'retired',
    commit: `${number}a9c31f0e77b4d2c5586a1b0f9d3e2c4a6b8d0e1f`.slice(0, 40).padEnd(40, '0'),
    subject: SUBJECTS[number % SUBJECTS.length] ?? '',
    branch: 'main',
    platform: 'vite',
    image: `sha256:${String(number).repeat(64).slice(0, 64)}`,
    image_bytes: (140 + 4 * number) * MIB,
    env_keys: number > 2 ? ['API_URL', 'SESSION_SECRET'] : ['API_URL'],
    timings: { fetch: 900, build: 41_200, start: 1200, healthy: 2100 },
    created_at: ago((12 - number) * DAY),
    live_at: new Date(NOW - (12 - number) * DAY + 52_000).toISOString(),
    ...part,
  };
}

const SUBJECTS = [
  'Add a cart',
  'Mend the total of an empty cart',
  '결제 화면에서 금액이 두 번 보이던 문제를 고침',
  'Bump vite',
];
/** What must stay text, whatever it holds. */
export const EVIL = '<img src=x onerror=alert(1)>\u202e gnihtemos\u0007';

export const plan = (port = 3000) => ({
  platform: 'vite',
  framework: 'react',
  package_manager: 'npm',
  runtime: 'node 24',
  output_dir: 'dist',
  port,
  evidence: [{ file: 'package.json', found: 'a dependency on vite', so: 'it is built by vite' }],
  warnings: ['There is no lock file: versions may differ from those on your machine.'],
  dockerfile: `FROM node:24\nWORKDIR /app\nCOPY . .\nRUN npm install && npm run build\nEXPOSE ${port}\n`,
});

export const VERDICT: Verdict = { providers: 2, rate_per_hour: '900', needed_to_begin: '900', runway_seconds: 864_000 };

export const RELEASES = [
  release(4, { state: 'cancelled', live_at: null, image: null, image_bytes: null, timings: {} }),
  release(3, { state: 'live', created_at: ago(3 * HOUR) }),
  release(2),
  release(1, {
    state: 'failed',
    live_at: null,
    problem: problem('build_failed', 'The step `npm run build` ended with 1.'),
    last_lines: ['> vite build', 'src/cart.ts:14:3 - error TS2322: Type string is not assignable to type number.'],
  }),
];

export const ROLLOUT = {
  release: 1,
  step: 'await_image',
  progress: 'step 4 of 7: RUN npm install',
  since: ago(40_000),
};
export const rolling = deployment('checkout', {
  state: 'building',
  release: null,
  since: ago(24_000),
  updated_at: ago(1000),
  rollout: ROLLOUT,
});
export const failed = deployment('mailer', {
  state: 'ended',
  reason: 'failed',
  release: null,
  since: ago(12 * MINUTE),
  updated_at: ago(12 * MINUTE),
  problem: problem('app_wrong_port', 'The app listens on 8080, and 3000 was expected.', 'Listen on PORT.'),
});

export const TEAM: Deployment[] = [
  deployment('shop-front', { project_name: 'shop', project: 'prj_shop' }),
  deployment('shop-api', {
    project_name: 'shop',
    project: 'prj_shop',
    state: 'crashed',
    since: ago(2 * MINUTE),
    updated_at: ago(2 * MINUTE),
    problem: problem('app_out_of_memory', 'The app used more than its 512 MiB.'),
  }),
  rolling,
  failed,
  deployment('blog-of-a-company-with-a-very-long-name-indeed', { until: ago(-6 * DAY), updated_at: ago(2 * DAY) }),
  deployment('sketch', { state: 'ended', reason: 'stopped', since: ago(9 * DAY), updated_at: ago(9 * DAY) }),
];

export function projectsOf(team: Deployment[]): Project[] {
  const names = [...new Set(team.map((one) => one.project_name))];
  return names.map((name) => {
    const own = team.filter((one) => one.project_name === name);
    const times = own.map((one) => one.updated_at).sort();
    return {
      id: `prj_${name}`,
      name,
      deployments: own.length,
      created_at: ago(20 * DAY),
      updated_at: times.at(-1) ?? ago(0),
    };
  });
}

export const many = (count: number): Project[] =>
  Array.from({ length: count }, (_, n) => ({
    id: `prj_${n}`,
    name: `project-${String(n).padStart(4, '0')}`,
    deployments: n % 3,
    created_at: ago(n * HOUR),
    updated_at: ago(n * MINUTE),
  }));

export const ENV: Schemas['EnvList'] = {
  pending: true,
  items: [
    { key: 'API_URL', value: 'https://api.example.com/v1', scope: 'both', secret: false, public: false },
    { key: 'SESSION_SECRET', scope: 'run', secret: true, public: false },
    { key: 'VITE_TITLE', value: EVIL, scope: 'build', secret: false, public: true },
  ],
};

const chain: Schemas['ChainView'] = {
  decimals: 6,
  domain: { chain_id: 31337, contract: ADDRESS },
  fee_bps: 100,
  healthy: true,
  meter: ADDRESS,
  symbol: 'tUSD',
  token: ADDRESS,
};

export function billing(team: Deployment[]): Schemas['BillingView'] {
  const mandate = {
    tenant: ADDRESS,
    token: ADDRESS,
    rate_per_hour_max: '10000000',
    cap: '100000000',
    start: NOW / 1000 - 86_400,
    expiry: NOW / 1000 + 30 * 86_400,
    period: 2_592_000,
    salt: 7,
  };
  return {
    accrued: '120000',
    chain,
    cost_per_hour: '21500',
    display: [
      { at: ago(HOUR), currency: 'USD', micros_per_token: 1_000_000, source: 'fixed' },
      { at: ago(HOUR), currency: 'KRW', micros_per_token: 1_385_000_000, source: 'fixed' },
    ],
    free: '18250000',
    locked: '3400000',
    mandate: { id: `0x${'ab'.repeat(32)}`, mandate, used: '3400000' },
    notices: [],
    runway_seconds: 36 * 86_400,
    settled: '940000',
    wallet: ADDRESS,
    deployments: team.map((one) => ({
      agreements: [],
      charged: '410000',
      cost_per_hour: one.state === 'live' ? '10750' : '0',
      deployment: one.id,
      name: one.name,
      running: one.state === 'live',
      runway_seconds: one.state === 'live' ? 36 * 86_400 : null,
    })),
  };
}

export function prices(memory: number, cpu: number, until: string | null): Schemas['PriceBook'] {
  const perHour = Math.round(cpu * 8 + (memory / MIB) * 5);
  return {
    offers: [],
    estimate: {
      per_hour: String(perHour),
      per_month: String(perHour * 730),
      reserved: { cpu, disk: 1024 * MIB, memory },
      until_end: until ? String(Math.round((perHour * (Date.parse(until) - Date.now())) / HOUR)) : null,
    },
  };
}

export const PUSH: Schemas['PushView'] = {
  on: true,
  branch: 'main',
  paths: ['frontend/**'],
  wait_for_checks: true,
  previews: { on: true, forks: false, ttl_ms: 259_200_000, at_most: 5, spend_max: null },
  hook_url: 'http://127.0.0.1:7700/v1/hooks/hook_2f8c',
  secret_set: true,
  github: false,
};

const delivery = (id: string, part: Partial<Schemas['DeliveryView']>): Schemas['DeliveryView'] => ({
  id,
  at: ago(3 * HOUR),
  via: 'generic',
  branch: 'main',
  commit: release(3).commit,
  message: 'Add a cart',
  author: 'Mina',
  outcome: 'deployed',
  ...part,
});
export const DELIVERIES = [
  delivery('1', { release: 3 }),
  delivery('2', { outcome: 'skipped', reason: 'paths_untouched', message: EVIL }),
];

export const LOG = [
  ['build', '#5 [2/5] WORKDIR /app'],
  ['build', '#6 [4/5] RUN npm install'],
  ['build', '#6 4.812 added 251 packages in 4s'],
  ['stdout', '\u001b[32mready\u001b[0m on http://0.0.0.0:3000'],
  ['stdout', 'GET / 200 4 ms'],
  ['stderr', 'warning: no cache, every page is made anew'],
] as const;
