// Which backend this page has: the shell's, when it runs in its window, else the WebSocket of whoever served it.
import type { Backend } from './backend';

export async function backend(): Promise<Backend> {
  if ('__TAURI_INTERNALS__' in window) return new (await import('./tauri')).TauriBackend();
  const { SocketBackend } = await import('./socket');
  return new SocketBackend(deskAddress(window.location));
}

/** The desk of the server that this page came from, with the token that stands after `#token=` or in the query. */
export function deskAddress(location: Pick<Location, 'protocol' | 'host' | 'hash' | 'search'>): string {
  const scheme = location.protocol === 'https:' ? 'wss:' : 'ws:';
  const token = /token=([\w.-]+)/.exec(`${location.hash}&${location.search}`)?.[1];
  return `${scheme}//${location.host}/desk${token === undefined ? '' : `?token=${token}`}`;
}
