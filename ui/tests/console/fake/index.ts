// A small API of the tests' own: serves the built console with its policy, answers what pages ask out of tables, tells events,
// and can be silent, refuse, or break. What was asked is kept. What is real is tested against a real coordinator elsewhere.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import {
  LOG,
  NOW,
  RELEASES,
  TEAM,
  VERDICT,
  type Deployment,
  type Project,
  type Release,
  type Verdict,
} from '../fixtures';
import { missing, places, Refusal, type Answer, type Asked, type Route } from './answers';
import { deployRoutes } from './deploy';
import { serveFile } from './files';
import { people, type People } from '../world';
import { peopleRoutes } from './people';
import { refuse } from './policy';

export { refusal, type Answer, type Asked } from './answers';
export { FILES } from './files';
export { TOKEN } from '../world';

export class FakeApi {
  readonly asked: Asked[] = [];
  /** What was refused for who asked it. */
  readonly refused: Asked[] = [];
  deployments: Deployment[] = TEAM;
  projects: Project[] | undefined;
  releases: Release[] = RELEASES;
  /** Whether a deploy could begin now. */
  verdict: Verdict = VERDICT;
  log: readonly (readonly ['build' | 'stdout' | 'stderr' | 'system', string])[] = LOG;
  /** The log goes on. */
  follows = true;
  /** Whether events are told at all. */
  tells = true;
  people: People;
  /** Comes before every other route. */
  over: (asked: Asked) => Answer | undefined = () => undefined;
  #routes: [string, Route][];
  #streams = new Set<ServerResponse>();
  #sockets = new Set<Socket>();

  private constructor(
    readonly http: Server,
    now: number,
  ) {
    this.people = people(now);
    this.#routes = Object.entries({ ...deployRoutes(this), ...peopleRoutes(this) });
  }

  /** `now`: when people did what they did. */
  static async start(now = Date.now()): Promise<FakeApi> {
    const http = createServer((request, response) => void api.#serve(request, response));
    const api = new FakeApi(http, now);
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

  /** Changes what a route such as `GET /v1/tokens/:id` answers from now on. */
  answer(name: string, route: Route): void {
    this.#routes.unshift([name, route]);
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
    if (!url.pathname.startsWith('/v1/')) return serveFile(url.pathname, response);
    const pieces: Buffer[] = [];
    for await (const piece of request) pieces.push(piece as Buffer);
    const text = Buffer.concat(pieces).toString();
    const asked: Asked = {
      method: request.method ?? 'GET',
      path: url.pathname,
      query: url.searchParams,
      body: text === '' ? undefined : JSON.parse(text),
      headers: request.headers,
      params: {},
    };
    this.asked.push(asked);
    const answer = await this.#answer(asked, response).catch((thrown: unknown): Answer => {
      if (thrown instanceof Refusal) return thrown;
      throw thrown;
    });
    if (answer === 'silence') return;
    const { status = answer.body === undefined ? 204 : 200, body } = answer;
    response.writeHead(status, body === undefined ? {} : { 'content-type': 'application/json' });
    response.end(body === undefined ? undefined : JSON.stringify(body));
  }

  async #answer(asked: Asked, response: ServerResponse): Promise<Answer> {
    const over = this.over(asked);
    if (over) return over;
    const refused = refuse(this.people, asked.method, asked.path, asked.headers['x-ttalkak-csrf']);
    if (refused) {
      this.refused.push(asked);
      return refused;
    }
    const stream = this.#stream(asked, response);
    if (stream) return stream;
    for (const [name, route] of this.#routes) {
      const [method, pattern] = name.split(' ') as [string, string];
      const params = method === asked.method ? places(pattern, asked.path) : undefined;
      if (params) return route({ ...asked, params });
    }
    return missing('There is no such route.');
  }

  #stream({ path, query }: Asked, response: ServerResponse): Answer | undefined {
    const begin = () => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.write(': hello\n\n');
    };
    if (path === '/v1/events') {
      if (!this.tells) return missing('There is no such route.');
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
}
