// A small API of the tests' own: serves the built console with its policy, answers what pages ask, tells events, and can be
// silent, refuse, or break. What was asked is kept.
import { createReadStream, existsSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { extname, join, normalize, resolve } from 'node:path';
import {
  billing,
  deployment,
  ENV,
  LOG,
  NOW,
  plan,
  prices,
  problem,
  projectsOf,
  RELEASES,
  TEAM,
  type Deployment,
  type Project,
  type Release,
} from './fixtures';

export const FILES = resolve(import.meta.dirname, '../../dist/console');
const TYPES: Record<string, string> = {
  '.html': 'text/html',
  '.js': 'text/javascript',
  '.css': 'text/css',
  '.woff2': 'font/woff2',
  '.svg': 'image/svg+xml',
};
const POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self'; font-src 'self'; img-src 'self' data:; connect-src 'self'; " +
  "manifest-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/** An answer of a route: a body, a status with a body, or none at all. */
export type Answer = { status?: number; body?: unknown } | 'silence';
type Route = (found: RegExpExecArray, request: Asked) => Answer;

export interface Asked {
  method: string;
  path: string;
  query: URLSearchParams;
  body: unknown;
}

export const refusal = (status: number, code: string, message = 'It is not to be.'): Answer => ({
  status,
  body: { error: { ...problem('internal', message), code } },
});
const MISSING = refusal(404, 'not_found', 'There is no such route.');

export class FakeApi {
  readonly asked: Asked[] = [];
  deployments: Deployment[] = TEAM;
  projects: Project[] | undefined;
  releases: Release[] = RELEASES;
  log: readonly (readonly ['build' | 'stdout' | 'stderr' | 'system', string])[] = LOG;
  /** The log goes on. */
  follows = true;
  /** Nobody is signed in. */
  signedOut = false;
  /** Whether events are told at all. */
  tells = true;
  /** Comes before every other route. */
  over: (asked: Asked) => Answer | undefined = () => undefined;
  #streams = new Set<ServerResponse>();
  #sockets = new Set<Socket>();

  private constructor(readonly http: Server) {}

  static async start(): Promise<FakeApi> {
    const http = createServer((request, response) => void api.#serve(request, response));
    const api = new FakeApi(http);
    http.on('connection', (socket) => {
      api.#sockets.add(socket);
      socket.on('close', () => api.#sockets.delete(socket));
    });
    await new Promise<void>((listening) => http.listen(0, '127.0.0.1', listening));
    return api;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.http.address() as AddressInfo).port}`;
  }

  /** Tells a change to whoever listens. */
  tell(event: 'deployments' | 'projects' | 'billing', data: unknown = {}): void {
    for (const stream of this.#streams) stream.write(`event: ${event}\ndata: ${JSON.stringify(data)}\n\n`);
  }

  /** Changes one and tells it. */
  change(name: string, part: Partial<Deployment>): void {
    const now = new Date(Date.now()).toISOString();
    this.deployments = this.deployments.map((one) => (one.name === name ? { ...one, updated_at: now, ...part } : one));
    this.tell('deployments', { items: this.deployments.filter((one) => one.name === name), gone: [] });
  }

  /** Breaks every stream. */
  cut(): void {
    for (const stream of this.#streams) stream.destroy();
  }

  heard(method: string, path: RegExp): Asked[] {
    return this.asked.filter((one) => one.method === method && path.test(one.path));
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((closed) => this.http.close(closed));
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', 'http://localhost');
    if (!url.pathname.startsWith('/v1/')) return this.#file(url.pathname, response);
    const pieces: Buffer[] = [];
    for await (const piece of request) pieces.push(piece as Buffer);
    const text = Buffer.concat(pieces).toString();
    const asked: Asked = {
      method: request.method ?? 'GET',
      path: url.pathname,
      query: url.searchParams,
      body: text === '' ? undefined : JSON.parse(text),
    };
    this.asked.push(asked);
    const answer = this.over(asked) ?? this.#stream(asked, response) ?? this.#answer(asked);
    if (answer === 'silence') return;
    response.writeHead(answer.status ?? 200, { 'content-type': 'application/json' });
    response.end(answer.body === undefined ? undefined : JSON.stringify(answer.body));
  }

  #file(path: string, response: ServerResponse): void {
    const wanted = join(FILES, normalize(path));
    const file = extname(path) !== '' && existsSync(wanted) ? wanted : join(FILES, 'index.html');
    response.writeHead(200, {
      'content-type': TYPES[extname(file)] ?? 'application/octet-stream',
      'content-security-policy': POLICY,
    });
    createReadStream(file).pipe(response);
  }

  #stream({ path, query }: Asked, response: ServerResponse): Answer | undefined {
    const begin = () => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.write(': hello\n\n');
    };
    if (path === '/v1/events') {
      if (!this.tells) return MISSING;
      begin();
      this.#streams.add(response);
      response.on('close', () => this.#streams.delete(response));
      response.write(`event: deployments\ndata: ${JSON.stringify({ items: this.deployments, gone: [] })}\n\n`);
      return 'silence';
    }
    if (!/^\/v1\/deployments\/[^/]+\/logs$/.test(path)) return undefined;
    begin();
    const kind = query.get('kind');
    this.log.forEach(([stream, text], index) => {
      if ((kind === 'build') !== (stream === 'build')) return;
      const line = { id: index + 1, at: new Date(NOW - 60_000 + index * 800).toISOString(), release: 3, stream, text };
      response.write(`event: line\nid: ${line.id}\ndata: ${JSON.stringify(line)}\n\n`);
    });
    if (!this.follows) response.end('event: end\ndata: {}\n\n');
    return 'silence';
  }

  #find = (key: string) => this.deployments.find((one) => one.id === key || one.name === key);

  #about(key: string, body: (one: Deployment) => unknown, status = 200): Answer {
    const one = this.#find(decodeURIComponent(key));
    return one ? { status, body: body(one) } : refusal(404, 'not_found', 'There is no such deployment.');
  }

  #page<T extends { name: string }>(all: T[], query: URLSearchParams): Answer {
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

  #answer(asked: Asked): Answer {
    const { method, path } = asked;
    const key = `${method} ${path}`;
    for (const [pattern, route] of this.#routes) {
      const found = pattern.exec(key);
      if (found) return route(found, asked);
    }
    return MISSING;
  }

  #accepted = (key: string, part: Partial<Deployment> = {}) =>
    this.#about(key, (one) => ({ deployment: { ...one, ...part }, release: RELEASES[0] }), 202);

  #routes: [RegExp, Route][] = [
    [
      /^GET \/v1\/session$/,
      () =>
        this.signedOut
          ? refusal(401, 'unauthorized')
          : {
              body: {
                user: null,
                team: {
                  id: 'team_1',
                  name: 'Acme',
                  personal: false,
                  role: 'owner',
                  created_at: new Date(NOW).toISOString(),
                },
                teams: [],
                scope: 'full',
                csrf: null,
                expires_at: new Date(NOW + 86_400_000).toISOString(),
              },
            },
    ],
    [
      /^GET \/v1\/health$/,
      () => ({
        body: {
          apps_url: 'http://{name}.localhost:7780',
          ok: true,
          problems: [],
          providers_online: 1,
          version: '0.1.0',
        },
      }),
    ],
    [/^GET \/v1\/billing$/, () => ({ body: billing(this.deployments) })],
    [
      /^GET \/v1\/billing\/prices$/,
      (_, { query }) => ({
        body: prices(Number(query.get('memory_bytes')), Number(query.get('milli_cpu')), query.get('until')),
      }),
    ],
    [/^GET \/v1\/projects$/, (_, { query }) => this.#page(this.projects ?? projectsOf(this.deployments), query)],
    [
      /^(GET|PATCH) \/v1\/projects\/([^/]+)$/,
      ([, , key]) => {
        const all = this.projects ?? projectsOf(this.deployments);
        const one = all.find(({ name, id }) => name === decodeURIComponent(key ?? '') || id === key);
        return one ? { body: one } : refusal(404, 'not_found', 'There is no such project.');
      },
    ],
    [
      /^GET \/v1\/deployments$/,
      (_, { query }) => {
        const project = query.get('project');
        return this.#page(
          this.deployments.filter((one) => !project || one.project_name === project || one.project === project),
          query,
        );
      },
    ],
    [
      /^POST \/v1\/deployments$/,
      (_, { body }) => {
        const { name } = body as { name: string };
        const one = deployment(name, { state: 'requested', release: null, updated_at: new Date().toISOString() });
        one.rollout = { release: 1, step: 'fetch_source', since: new Date().toISOString() };
        this.deployments = [one, ...this.deployments];
        return { status: 202, body: { deployment: one, release: RELEASES[0] } };
      },
    ],
    [
      /^GET \/v1\/names\/([^/]+)$/,
      ([, name = '']) => {
        const free = !this.deployments.some((one) => one.name === name);
        return { body: { free, reason: free ? null : 'taken', suggestion: free ? null : `${name}-2` } };
      },
    ],
    [/^GET \/v1\/deployments\/([^/]+)$/, ([, key = '']) => this.#about(key, (one) => one)],
    [
      /^DELETE \/v1\/deployments\/([^/]+)$/,
      ([, key = '']) => this.#about(key, (one) => ({ ...one, state: 'draining' }), 202),
    ],
    [
      /^GET \/v1\/deployments\/([^/]+)\/releases$/,
      () => ({ body: { items: this.releases, total: this.releases.length } }),
    ],
    [
      /^GET \/v1\/deployments\/([^/]+)\/releases\/(\d+)$/,
      ([, , number]) => {
        const one = this.releases.find((item) => item.number === Number(number));
        return one ? { body: { ...one, plan: plan(one.number > 2 ? 3000 : 8080) } } : MISSING;
      },
    ],
    [/^(GET|PATCH|PUT) \/v1\/deployments\/([^/]+)\/env$/, () => ({ body: ENV })],
    [/^PUT \/v1\/deployments\/([^/]+)\/term$/, ([, key = '']) => this.#about(key, (one) => one)],
    [
      /^POST \/v1\/deployments\/([^/]+)\/(stop|cancel)$/,
      ([, key = '', deed]) =>
        this.#about(key, (one) => ({ ...one, state: deed === 'stop' ? 'draining' : one.state }), 202),
    ],
    [/^POST \/v1\/deployments\/([^/]+)\/(restart|redeploy|rollback|start)$/, ([, key = '']) => this.#accepted(key)],
  ];
}
