// What runs and what it costs: each page in each of its states.
import type { Page } from 'playwright-core';
import { refusal, type Asked, type FakeApi } from '../fake';
import { deployment, EVIL, failed, many, problem, release, RELEASES, ROLLOUT } from '../fixtures';
import { has, type Scene } from './scene';

const heading = (page: Page) => page.locator('h1').first().waitFor();
const silent = (pattern: RegExp) => (api: FakeApi) => {
  api.over = ({ path }: Asked) => (pattern.test(path) ? 'silence' : undefined);
};
const failing = (pattern: RegExp) => (api: FakeApi) => {
  api.over = ({ path }: Asked) =>
    pattern.test(path) ? refusal(503, 'unavailable', 'The store does not answer.') : undefined;
};
const off = (api: FakeApi) => {
  api.over = ({ path }) => (path.startsWith('/v1/billing') ? refusal(409, 'payments_off') : undefined);
};
const none = (api: FakeApi) => {
  api.deployments = [];
};
const evil = (api: FakeApi) => {
  api.deployments = [
    deployment('shop-front', { branch: EVIL, git_url: `https://github.com/acme/${EVIL}`, root_dir: EVIL }),
  ];
  api.releases = RELEASES.map((one) => ({ ...one, subject: EVIL, branch: EVIL }));
  api.log = [['stdout', EVIL]];
};

const viewer = (api: FakeApi) => {
  api.people.role = 'viewer';
};

const SOURCE = 'https://github.com/acme/new-shop.git';
async function fill(page: Page): Promise<void> {
  await page.locator('input[inputmode="url"]').fill(SOURCE);
  await page.locator('.told .free').waitFor();
}

export const DEPLOY: Scene[] = [
  { name: 'overview', path: '/', ready: has('.row') },
  { name: 'overview-empty', path: '/', prepare: none, ready: has('.empty') },
  { name: 'overview-loading', path: '/', prepare: silent(/events|billing/), ready: has('[aria-busy="true"]') },
  {
    name: 'overview-failed',
    path: '/',
    prepare: failing(/events|billing/),
    ready: has('.problem'),
  },
  { name: 'projects', path: '/projects', ready: has('.row') },
  { name: 'projects-empty', path: '/projects', prepare: none, ready: has('.empty') },
  { name: 'projects-loading', path: '/projects', prepare: silent(/projects/), ready: has('[aria-busy="true"]') },
  { name: 'projects-failed', path: '/projects', prepare: failing(/projects/), ready: has('.problem') },
  { name: 'projects-many', path: '/projects', prepare: (api) => (api.projects = many(5000)), ready: has('.row') },
  {
    name: 'projects-none-found',
    path: '/projects',
    ready: has('.row'),
    act: (page) => page.locator('[data-search]').fill('nowhere'),
  },
  {
    name: 'projects-stale',
    path: '/projects',
    ready: has('.row'),
    act: async (page, api) => {
      api.over = ({ path }) => (path === '/v1/events' ? refusal(503, 'unavailable') : undefined);
      api.cut();
      await page.clock.runFor(4000).catch(() => undefined);
      await page.locator('.bar').waitFor();
    },
  },
  {
    name: 'projects-offline',
    path: '/projects',
    ready: has('.row'),
    act: async (page) => {
      await page.context().setOffline(true);
      await page.locator('.bar').waitFor();
    },
  },
  { name: 'project', path: '/projects/shop', ready: has('.row') },
  {
    name: 'project-empty',
    path: '/projects/sketches',
    prepare: (api) => (api.projects = many(1).map((one) => ({ ...one, name: 'sketches' }))),
    ready: has('.empty'),
  },
  { name: 'project-missing', path: '/projects/nowhere', ready: has('.problem') },
  { name: 'new', path: '/new', ready: heading },
  { name: 'new-filled', path: '/new', ready: heading, act: fill },
  {
    name: 'new-wrong',
    path: '/new',
    ready: heading,
    act: async (page) => {
      await page.locator('input[inputmode="url"]').fill('git@github.com:acme/shop.git');
      await page.locator('.fields:has(.told) input').first().fill('shор\u202e');
    },
  },
  {
    name: 'new-taken',
    path: '/new',
    ready: heading,
    act: async (page) => {
      await page.locator('input[inputmode="url"]').fill('https://github.com/acme/shop-api');
      await page.locator('.told button').waitFor();
    },
  },
  {
    name: 'new-fixed',
    path: '/new',
    ready: heading,
    act: async (page) => {
      await fill(page);
      await page.getByRole('radio').last().click();
      await page.locator('input[type="datetime-local"]').waitFor();
    },
  },
  { name: 'new-free', path: '/new', prepare: off, ready: heading, act: fill },
  {
    name: 'new-github',
    path: '/new',
    prepare: (api) => {
      api.over = ({ path }) => {
        if (path === '/v1/github') return { body: { configured: true, connected: true, install_url: null } };
        if (path !== '/v1/github/repositories') return undefined;
        const one = (name: string, hidden: boolean) => ({
          full_name: `acme/${name}`,
          private: hidden,
          default_branch: 'main',
          pushed_at: release(3).created_at,
          git_url: `https://github.com/acme/${name}.git`,
        });
        return { body: { items: [one('shop', false), one('shop-api', true), one(EVIL, false)] } };
      };
    },
    ready: has('ul button'),
  },
  {
    name: 'new-import',
    path: '/new',
    ready: heading,
    act: async (page) => {
      await page.locator('section header button').first().click();
      await page.locator('[role="dialog"] textarea').fill('PORT=3000\nSTRIPE_SECRET_KEY="sk_live_x"\nwhat is this');
    },
  },
  {
    name: 'new-refused',
    path: '/new',
    prepare: (api) => {
      api.over = ({ method, path }) =>
        method === 'POST' && path === '/v1/deployments'
          ? refusal(402, 'funds_insufficient', 'There is 0.1 tUSD, and 2 tUSD are needed.')
          : undefined;
    },
    ready: heading,
    act: async (page) => {
      await fill(page);
      await page.locator('.cost button').click();
      await page.locator('.cost .problem').waitFor();
    },
  },
  {
    name: 'new-obstacle',
    path: '/new',
    prepare: (api) =>
      (api.verdict = { providers: 0, problem: problem('no_provider', 'No provider can take it now: 2 offline.') }),
    ready: heading,
    act: async (page) => {
      await fill(page);
      await page.locator('.verdict .problem').waitFor();
    },
  },
  {
    name: 'new-dockerfile',
    path: '/new',
    ready: heading,
    act: async (page) => {
      await fill(page);
      await page.locator('.plan details summary').last().click();
      await page.locator('.editor').fill('FROM nginx\nCOPY . /usr/share/nginx/html\n');
      await page.locator('.verdict .good').waitFor();
    },
  },
  {
    name: 'new-part',
    path: '/new?project=shop',
    ready: heading,
    act: async (page) => {
      await fill(page);
      await page.locator('.told .free').waitFor();
      await page.locator('.choice').first().waitFor();
    },
  },
  { name: 'deployment', path: '/deployments/shop-front', ready: has('.commit') },
  { name: 'deployment-rolling', path: '/deployments/checkout', prepare: first, ready: has('ol') },
  {
    name: 'deployment-replacing',
    path: '/deployments/shop-front',
    prepare: (api) => {
      api.deployments = [deployment('shop-front', { rollout: { ...ROLLOUT, release: 4 } })];
      api.releases = [release(4, { state: 'rolling', live_at: null, created_at: ROLLOUT.since }), ...RELEASES.slice(1)];
    },
    ready: has('ol'),
  },
  {
    name: 'deployment-failed',
    path: '/deployments/mailer',
    prepare: failedFirst,
    ready: has('.trouble pre'),
  },
  { name: 'deployment-crashed', path: '/deployments/shop-api', ready: has('.trouble') },
  { name: 'deployment-stopped', path: '/deployments/sketch', ready: has('.commit') },
  {
    name: 'deployment-loading',
    path: '/deployments/shop-front',
    prepare: silent(/events|deployments/),
    ready: has('[aria-busy]'),
  },
  { name: 'deployment-missing', path: '/deployments/nowhere', ready: has('.problem') },
  {
    name: 'deployment-evil',
    path: '/deployments/shop-front',
    prepare: evil,
    ready: has('bdi .mark'),
  },
  { name: 'deployment-free', path: '/deployments/shop-front', prepare: off, ready: has('.commit') },
  { name: 'logs', path: '/deployments/shop-front/logs', ready: has('.line') },
  {
    name: 'logs-empty',
    path: '/deployments/shop-front/logs',
    prepare: (api) => (api.log = []),
    ready: has('.log .empty'),
  },
  { name: 'releases', path: '/deployments/shop-front/releases', ready: has('li .number') },
  {
    name: 'release',
    path: '/deployments/shop-front/releases?release=2',
    ready: has('.diff dl'),
  },
  {
    name: 'releases-failed',
    path: '/deployments/shop-front/releases',
    prepare: failing(/releases/),
    ready: has('.problem'),
  },
  { name: 'env', path: '/deployments/shop-front/env', ready: has('.key') },
  {
    name: 'env-empty',
    path: '/deployments/shop-front/env',
    prepare: (api) => {
      api.over = ({ path }) => (path.endsWith('/env') ? { body: { items: [], pending: false } } : undefined);
    },
    ready: has('.empty'),
  },
  {
    name: 'env-change',
    path: '/deployments/shop-front/env',
    ready: has('.key'),
    act: (page) => page.locator('main li .tools button').nth(1).click(),
  },
  { name: 'settings', path: '/deployments/shop-front/settings', ready: has('[role="switch"]') },
  {
    name: 'settings-delete',
    path: '/deployments/shop-front/settings',
    ready: has('.settings'),
    act: (page) => page.locator('.settings .danger').click(),
  },
  { name: 'new-viewer', path: '/new', prepare: viewer, ready: has('.cost dl') },
  { name: 'env-viewer', path: '/deployments/shop-front/env', prepare: viewer, ready: has('.key') },
  { name: 'settings-viewer', path: '/deployments/shop-front/settings', prepare: viewer, ready: has('.danger') },
  {
    name: 'menu-viewer',
    path: '/deployments/shop-front',
    prepare: viewer,
    ready: has('.commit'),
    act: async (page) => {
      await page.locator('main [aria-haspopup="menu"]').first().click();
      await page.getByRole('menuitem').first().waitFor();
    },
  },
  { name: 'billing', path: '/billing', ready: has('.row') },
  { name: 'unknown', path: '/nowhere', ready: has('.empty') },
  { name: 'keys', path: '/projects', ready: has('.row'), act: (page) => page.keyboard.press('?') },
];

function first(api: FakeApi): void {
  api.releases = [release(1, { state: 'rolling', live_at: null, created_at: ROLLOUT.since })];
}

function failedFirst(api: FakeApi): void {
  const code = problem('app_wrong_port', failed.problem?.message ?? '');
  api.releases = [
    release(1, { state: 'failed', live_at: null, problem: code, last_lines: ['Listening on 8080', 'GET / 404'] }),
  ];
  api.follows = false;
}
