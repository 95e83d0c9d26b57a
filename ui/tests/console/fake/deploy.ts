// Deployments, projects, names and money, as the coordinator answers for them.
import {
  billing,
  DELIVERIES,
  deployment,
  ENV,
  plan,
  prices,
  projectsOf,
  PUSH,
  RELEASES,
  type Deployment,
  type Project,
} from '../fixtures';
import { missing, type Answer, type Asked, type Routes } from './answers';
import type { FakeApi } from '.';

type Listed = { name: string };

function page<T extends Listed>(all: T[], query: URLSearchParams): Answer {
  const sort = query.get('sort') ?? '-created_at';
  const by = sort.replace('-', '') as keyof T;
  const text = query.get('q')?.toLowerCase() ?? '';
  const found = all
    .filter((one) => one.name.includes(text))
    .sort((a, b) => (a[by] < b[by] ? -1 : 1) * (sort.startsWith('-') ? -1 : 1));
  const [from, limit] = [Number(query.get('cursor') ?? 0), Number(query.get('limit') ?? 50)];
  const next = from + limit < found.length ? String(from + limit) : undefined;
  return { body: { items: found.slice(from, from + limit), next_cursor: next, total: found.length } };
}

const named = <T extends Listed & { id: string }>(all: T[], key = ''): T => {
  const found = all.find(({ name, id }) => name === key || id === key);
  if (!found) throw missing();
  return found;
};

export function deployRoutes(api: FakeApi): Routes {
  const one = ({ params }: Asked): Deployment => named(api.deployments, params.deployment);
  const projects = (): Project[] => api.projects ?? projectsOf(api.deployments);
  const accepted = (asked: Asked): Answer => ({
    status: 202,
    body: { deployment: one(asked), release: RELEASES[0] },
  });
  const project = ({ params }: Asked): Answer => ({ body: named(projects(), params.project) });
  const env = (): Answer => ({ body: ENV });
  const of = (path: string) => `/v1/deployments/:deployment${path}`;
  return {
    'GET /v1/health': () => ({
      body: {
        apps_url: 'http://{name}.localhost:7780',
        ok: true,
        problems: [],
        providers_online: 1,
        version: '0.1.0',
      },
    }),
    'GET /v1/billing': () => ({ body: billing(api.deployments) }),
    'GET /v1/billing/prices': ({ query }) => ({
      body: prices(Number(query.get('memory_bytes')), Number(query.get('milli_cpu')), query.get('until')),
    }),
    'GET /v1/projects': ({ query }) => page(projects(), query),
    'GET /v1/projects/:project': project,
    'PATCH /v1/projects/:project': project,
    'GET /v1/deployments': ({ query }) => {
      const wanted = query.get('project');
      const of = (one: Deployment) => !wanted || one.project_name === wanted || one.project === wanted;
      return page(api.deployments.filter(of), query);
    },
    'POST /v1/deployments': ({ body }) => {
      const now = new Date().toISOString();
      const made = deployment((body as Listed).name, { state: 'requested', release: null, updated_at: now });
      made.rollout = { release: 1, step: 'fetch_source', since: now };
      api.deployments = [made, ...api.deployments];
      return { status: 202, body: { deployment: made, release: RELEASES[0] } };
    },
    'POST /v1/plans': ({ body }) => {
      const { dockerfile } = body as { dockerfile?: string };
      const planned = plan();
      const told = { ...planned, dockerfile: dockerfile ?? planned.dockerfile };
      return {
        body: {
          plan: told,
          commit: 'c0ffee00c0ffee00c0ffee00c0ffee00c0ffee00',
          subject: 'Open the shop',
          branch: 'main',
          source_bytes: 48_211,
          verdict: api.verdict,
        },
      };
    },
    'GET /v1/names/:name': ({ params }) => {
      const free = !api.deployments.some((one) => one.name === params.name);
      return { body: { free, reason: free ? null : 'taken', suggestion: free ? null : `${params.name}-2` } };
    },
    [`GET ${of('')}`]: (asked) => ({ body: one(asked) }),
    [`DELETE ${of('')}`]: (asked) => ({ status: 202, body: { ...one(asked), state: 'draining' } }),
    [`GET ${of('/releases')}`]: () => ({ body: { items: api.releases, total: api.releases.length } }),
    [`GET ${of('/releases/:number')}`]: ({ params }) => {
      const found = api.releases.find(({ number }) => number === Number(params.number));
      return found ? { body: { ...found, plan: plan(found.number > 2 ? 3000 : 8080) } } : missing();
    },
    [`GET ${of('/env')}`]: env,
    [`PATCH ${of('/env')}`]: env,
    [`PUT ${of('/env')}`]: env,
    [`PUT ${of('/size')}`]: (asked) => ({ status: 202, body: { ...one(asked), ...(asked.body as object) } }),
    [`PUT ${of('/part')}`]: (asked) => ({ body: { ...one(asked), part: null, ...(asked.body as object) } }),
    [`PUT ${of('/term')}`]: (asked) => ({ body: one(asked) }),
    [`POST ${of('/stop')}`]: (asked) => ({ status: 202, body: { ...one(asked), state: 'draining' } }),
    [`POST ${of('/cancel')}`]: (asked) => ({ status: 202, body: one(asked) }),
    [`POST ${of('/restart')}`]: accepted,
    [`POST ${of('/redeploy')}`]: accepted,
    [`POST ${of('/rollback')}`]: accepted,
    [`POST ${of('/start')}`]: accepted,
    [`GET ${of('/push')}`]: () => ({ body: PUSH }),
    [`PUT ${of('/push')}`]: () => ({ body: PUSH }),
    [`GET ${of('/deliveries')}`]: () => ({ body: { items: DELIVERIES } }),
    'GET /v1/github': () => ({ body: { configured: false, connected: false } }),
  };
}
