// What a fake answers with: routes by method and path, what was asked, refusals, and silence.
import type { IncomingHttpHeaders } from 'node:http';
import { problem } from '../fixtures';

/** An answer of a route: a status and a body, or none at all. Without a body it is 204. */
export type Answer = { status?: number; body?: unknown } | 'silence';

export interface Asked {
  method: string;
  path: string;
  query: URLSearchParams;
  body: unknown;
  headers: IncomingHttpHeaders;
  /** What stands in the places of a route's path. */
  params: Record<string, string>;
}

/** Refusals may be returned or thrown. */
export type Route = (asked: Asked) => Answer | Promise<Answer>;
/** `GET /v1/tokens/:id` and what it answers. */
export type Routes = Record<string, Route>;

/** A failure as the coordinator tells it. */
export class Refusal extends Error {
  readonly body: unknown;
  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
    next?: string,
  ) {
    super(message);
    this.body = { error: { ...problem('internal', message, next), code } };
  }
}

export const refusal = (status: number, code: string, message = 'It is not to be.', next?: string) =>
  new Refusal(status, code, message, next);
export const missing = (what = 'There is nothing of that name or id.') => refusal(404, 'not_found', what);

/** The places of `pattern` in `path`; nothing when it is of another route. Both begin with a slash. */
export function places(pattern: string, path: string): Record<string, string> | undefined {
  const [wanted, given] = [pattern.split('/'), path.split('/').map(decodeURIComponent)];
  if (wanted.length !== given.length) return undefined;
  const found: Record<string, string> = {};
  for (const [at, part] of wanted.entries()) {
    if (part.startsWith(':')) found[part.slice(1)] = given[at] ?? '';
    else if (part !== given[at]) return undefined;
  }
  return found;
}
