// A desk that speaks the real protocol over a real WebSocket and serves the built screens, for states that a daemon
// reaches seldom. It remembers what was asked and answers as the test says.
import { createReadStream, existsSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { extname, join, normalize } from 'node:path';
import { WebSocketServer, type WebSocket } from 'ws';
import type { Ask, Call, Fault, LogNews, Problem, Reply, Section, Told } from '../../src/generated/desk';
import type { Sections } from './fixtures';

const TYPES: Record<string, string> = {
  '.html': 'text/html',
  '.js': 'text/javascript',
  '.css': 'text/css',
  '.woff2': 'font/woff2',
  '.svg': 'image/svg+xml',
};
const TOKEN = 'test';

export type Answer = Reply | { problem: Problem; faults?: Fault[] } | 'silence';

export class TestDesk {
  readonly asked: Call[] = [];
  /** What is answered; `done` unless the test says something else. */
  answer: (call: Call) => Answer = () => ({ reply: 'done' });
  /** What whoever follows a log gets at once. */
  log: LogNews['lines'] = [];
  #sockets = new Set<WebSocket>();
  #waiters: (() => void)[] = [];

  private constructor(
    readonly http: Server,
    public sections: Partial<Sections>,
  ) {}

  static async start(sections: Partial<Sections>, files: string): Promise<TestDesk> {
    const http = createServer((request, response) => {
      const path = normalize(new URL(request.url ?? '/', 'http://localhost').pathname);
      const file = join(files, path === '/' ? 'index.html' : path);
      if (!existsSync(file)) return void response.writeHead(404).end();
      response.writeHead(200, { 'content-type': TYPES[extname(file)] ?? 'application/octet-stream' });
      createReadStream(file).pipe(response);
    });
    const desk = new TestDesk(http, sections);
    const sockets = new WebSocketServer({ noServer: true });
    http.on('upgrade', (request, socket, head) => {
      const url = new URL(request.url ?? '/', 'http://localhost');
      if (url.pathname !== '/desk' || url.searchParams.get('token') !== TOKEN) return void socket.destroy();
      sockets.handleUpgrade(request, socket, head, (ws) => desk.#open(ws));
    });
    await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
    return desk;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.http.address() as AddressInfo).port}/#token=${TOKEN}`;
  }

  /** Tells a section anew. */
  tell<S extends Section>(section: S, now: Sections[S]): void {
    this.sections = { ...this.sections, [section]: now };
    this.#send({ told: 'news', section, now } as Told);
  }

  lines(news: LogNews): void {
    this.#send({ told: 'lines', ...news });
  }

  /** Cuts every connection, as a daemon that is killed does. */
  cut(): void {
    for (const socket of this.#sockets) socket.terminate();
  }

  /** Waits until something was asked. */
  async heard<C extends Call['call']>(call: C, deadlineMs = 10_000): Promise<Extract<Call, { call: C }>> {
    const until = Date.now() + deadlineMs;
    for (;;) {
      const found = this.asked.findLast((one) => one.call === call);
      if (found) return found as Extract<Call, { call: C }>;
      const left = until - Date.now();
      if (left <= 0) throw new Error(`nobody asked ${call}; asked: ${this.asked.map((one) => one.call).join(', ')}`);
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, left);
        this.#waiters.push(() => (clearTimeout(timer), resolve()));
      });
    }
  }

  async close(): Promise<void> {
    this.cut();
    await new Promise((resolve) => this.http.close(resolve));
  }

  #open(socket: WebSocket): void {
    this.#sockets.add(socket);
    socket.on('close', () => this.#sockets.delete(socket));
    socket.on('message', (data) => this.#hear(socket, JSON.parse(String(data)) as Ask));
    for (const [section, now] of Object.entries(this.sections)) {
      socket.send(JSON.stringify({ told: 'news', section, now }));
    }
  }

  #hear(socket: WebSocket, { n, ...call }: Ask): void {
    this.asked.push(call as Call);
    const answer = this.answer(call as Call);
    const say = (told: Told) => socket.send(JSON.stringify(told));
    if (answer !== 'silence') {
      if ('problem' in answer) say({ told: 'refused', n, problem: answer.problem, faults: answer.faults ?? [] });
      else say({ told: 'answer', n, reply: answer });
    }
    const all = { lines: this.log, skipped: 0, anew: true };
    if (call.call === 'follow_log') say({ told: 'lines', of: { of: 'workload', lease: call.lease }, ...all });
    if (call.call === 'follow_program_log') say({ told: 'lines', of: { of: 'program' }, ...all });
    for (const wake of this.#waiters.splice(0)) wake();
  }

  #send(told: Told): void {
    for (const socket of this.#sockets) socket.send(JSON.stringify(told));
  }
}
