// A coordinator for the console's pages alone: it serves the built console under the real policy and answers `/v1` out of
// tables, one file for each subject. For states that a real coordinator reaches seldom; what is real is tested elsewhere.
import { createReadStream, existsSync, statSync } from 'node:fs';
import { createServer } from 'node:http';
import { extname, join, normalize, resolve } from 'node:path';

export const FILES = resolve(import.meta.dirname, '../../../dist/console');
const TYPES = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript',
  '.css': 'text/css',
  '.woff2': 'font/woff2',
  '.svg': 'image/svg+xml',
};
const POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self'; font-src 'self'; img-src 'self' data:; connect-src 'self'; " +
  "manifest-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/** A failure as the coordinator tells it. */
export class Refusal extends Error {
  constructor(status, code, message = 'It was refused.', next = 'Try something else.') {
    super(message);
    this.status = status;
    this.body = { error: { code, message, next, request_id: 'req_test' } };
  }
}

/** Never answers: for what is drawn meanwhile. */
export const SILENCE = Symbol('silence');

async function bodyOf(request) {
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  const text = Buffer.concat(chunks).toString();
  return text === '' ? undefined : JSON.parse(text);
}

function serveFile(path, response) {
  const file = join(FILES, normalize(path));
  const found = path !== '/' && existsSync(file) && statSync(file).isFile() ? file : join(FILES, 'index.html');
  response.writeHead(200, {
    'content-type': TYPES[extname(found)] ?? 'application/octet-stream',
    'content-length': statSync(found).size,
    'content-security-policy': POLICY,
    'referrer-policy': 'no-referrer',
  });
  createReadStream(found).pipe(response);
}

/**
 * Starts one. `routes`: `{'GET /v1/tokens/:id': ({params, query, body, request}) => answer}`, those of later tables first;
 * an answer that is `undefined` is 204. A route may also take the response itself, as streams do, by returning `null`.
 */
export async function startFake(...tables) {
  const routes = new Map();
  for (const [name, answer] of tables.flatMap((table) => Object.entries(table))) routes.set(name, answer);
  const compiled = [...routes].map(([name, answer]) => {
    const [method, path] = name.split(' ');
    return { method, parts: path.split('/'), answer };
  });
  const asked = [];
  const server = createServer(async (request, response) => {
    const url = new URL(request.url, 'http://localhost');
    if (!url.pathname.startsWith('/v1/')) return serveFile(url.pathname, response);
    const parts = url.pathname.split('/').map(decodeURIComponent);
    const match = compiled.find(
      (one) =>
        one.method === request.method &&
        one.parts.length === parts.length &&
        one.parts.every((part, index) => part.startsWith(':') || part === parts[index]),
    );
    try {
      if (!match) throw new Refusal(404, 'not_found', 'There is nothing of that name or id.');
      const params = Object.fromEntries(
        match.parts.flatMap((part, index) => (part.startsWith(':') ? [[part.slice(1), parts[index]]] : [])),
      );
      const body = await bodyOf(request);
      asked.push({ method: request.method, path: url.pathname, body, headers: request.headers });
      const answer = await match.answer({ params, query: url.searchParams, body, request, response });
      if (answer === SILENCE || answer === null) return;
      if (answer === undefined) return void response.writeHead(204).end();
      response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(answer));
    } catch (thrown) {
      if (!(thrown instanceof Refusal)) throw thrown;
      response.writeHead(thrown.status, { 'content-type': 'application/json' }).end(JSON.stringify(thrown.body));
    }
  });
  await new Promise((done) => server.listen(0, '127.0.0.1', done));
  return {
    url: `http://127.0.0.1:${server.address().port}`,
    asked,
    /** Changes what a route answers from now on. */
    answer(name, answer) {
      const [method, path] = name.split(' ');
      const found = compiled.find((one) => one.method === method && one.parts.join('/') === path);
      if (found) found.answer = answer;
      else compiled.push({ method, parts: path.split('/'), answer });
    },
    close() {
      server.closeAllConnections();
      return new Promise((done) => server.close(done));
    },
  };
}
