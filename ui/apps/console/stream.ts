// Follows a stream of events of the API. By `fetch`, since an `EventSource` cannot carry a token; it works the same with a
// session's cookie.
import { Failure, problemOf } from './client';
import type { ProblemText } from '$lib/i18n';
import { session } from './session.svelte';
import { SseReader, type SseEvent } from './view/sse';

/** The API writes at least every 15 s; silence beyond this is a connection that died without a word. */
const SILENCE_MS = 40_000;
const WAIT_FIRST_MS = 500;
const WAIT_MAX_MS = 30_000;

export interface Following {
  path: string;
  /** Where to go on. */
  lastId?: () => string | undefined;
  onopen?: () => void;
  onevent: (event: SseEvent) => void;
}

/** One connection, until it ends. Throws a [`Failure`] where it is refused, and whatever `fetch` throws where it breaks. */
async function connect({ path, lastId, onopen, onevent }: Following, outer: AbortSignal): Promise<void> {
  const own = new AbortController();
  const abort = () => own.abort();
  outer.addEventListener('abort', abort);
  let timer = setTimeout(abort, SILENCE_MS);
  const heard = () => {
    clearTimeout(timer);
    timer = setTimeout(abort, SILENCE_MS);
  };
  try {
    const id = lastId?.();
    const headers = { ...session.headers(), accept: 'text/event-stream', ...(id ? { 'last-event-id': id } : {}) };
    const response = await fetch(path, { headers, cache: 'no-store', signal: own.signal });
    await session.hear(response);
    if (!response.ok || !response.body) throw new Failure(await refusal(response));
    onopen?.();
    const reader = new SseReader();
    const decoder = new TextDecoder();
    const body = response.body.getReader();
    for (;;) {
      const { value, done } = await body.read();
      if (done) return;
      heard();
      for (const event of reader.feed(decoder.decode(value, { stream: true }))) onevent(event);
    }
  } finally {
    clearTimeout(timer);
    outer.removeEventListener('abort', abort);
    own.abort();
  }
}

async function refusal(response: Response): Promise<ProblemText> {
  const told = (await response.json().catch(() => undefined)) as { error?: ProblemText } | undefined;
  return told?.error ?? { ...problemOf(new TypeError()), code: `http_${response.status}` };
}

/** Waits, but not longer than until the line is back or the reader looks again. */
async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await new Promise<void>((resolve) => {
    const end = () => {
      clearTimeout(timer);
      for (const name of ['online', 'focus'] as const) window.removeEventListener(name, end);
      signal.removeEventListener('abort', end);
      resolve();
    };
    const timer = setTimeout(end, ms);
    for (const name of ['online', 'focus'] as const) window.addEventListener(name, end);
    signal.addEventListener('abort', end);
  });
}

export interface Persistent extends Following {
  /** It broke, ended or was refused. Answers whether to go on. */
  onlost: (problem: ProblemText | undefined) => boolean;
}

/** Follows a stream over every break, until the returned function is called or `onlost` says that it is enough. */
export function follow(wish: Persistent): () => void {
  const over = new AbortController();
  void (async () => {
    let wait = WAIT_FIRST_MS;
    const opened = () => {
      wait = WAIT_FIRST_MS;
      wish.onopen?.();
    };
    while (!over.signal.aborted) {
      let problem: ProblemText | undefined;
      try {
        await connect({ ...wish, onopen: opened }, over.signal);
      } catch (thrown) {
        problem = problemOf(thrown instanceof Failure ? thrown : new TypeError());
      }
      if (over.signal.aborted || !wish.onlost(problem)) return;
      // A little chance, so that a coordinator that comes back is not asked by all at once.
      await pause(wait * (0.75 + Math.random() / 2), over.signal);
      wait = Math.min(wait * 2, WAIT_MAX_MS);
    }
  })();
  return () => over.abort();
}
