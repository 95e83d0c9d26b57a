// The built console, served as the coordinator does: its policy, and the first page for every address of a page.
import { createReadStream, existsSync, statSync } from 'node:fs';
import type { ServerResponse } from 'node:http';
import { extname, join, normalize, resolve } from 'node:path';

export const FILES = resolve(import.meta.dirname, '../../../dist/console');
const TYPES: Record<string, string> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript',
  '.css': 'text/css',
  '.woff2': 'font/woff2',
  '.svg': 'image/svg+xml',
};
const POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self'; font-src 'self'; img-src 'self' data:; connect-src 'self'; " +
  "manifest-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

export function serveFile(path: string, response: ServerResponse): void {
  const wanted = join(FILES, normalize(path));
  const file = extname(path) !== '' && existsSync(wanted) ? wanted : join(FILES, 'index.html');
  response.writeHead(200, {
    'content-type': TYPES[extname(file)] ?? 'application/octet-stream',
    'content-length': statSync(file).size,
    'content-security-policy': POLICY,
    'referrer-policy': 'no-referrer',
  });
  createReadStream(file).pipe(response);
}
