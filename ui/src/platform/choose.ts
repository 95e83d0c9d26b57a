// Which backend this page has: the shell's, when it runs in its window, else the WebSocket of whoever served it.
import type { Backend } from './backend';

const KEPT = 'desk-token';

export async function backend(): Promise<Backend> {
  if ('__TAURI_INTERNALS__' in window) return new (await import('./tauri')).TauriBackend();
  const { SocketBackend } = await import('./socket');
  // The token goes with the first page; a page that is loaded again in this tab still has it.
  const token = tokenOf(window.location.hash) ?? sessionStorage.getItem(KEPT) ?? undefined;
  if (token !== undefined) sessionStorage.setItem(KEPT, token);
  return new SocketBackend(deskAddress(window.location, token));
}

/** The token of an address that the daemon printed, which stands after `#token=`. */
export function tokenOf(hash: string): string | undefined {
  return /^#token=([\w-]+)/.exec(hash)?.[1];
}

/** The desk of the server that a page came from. */
export function deskAddress(location: Pick<Location, 'protocol' | 'host'>, token: string | undefined): string {
  const scheme = location.protocol === 'https:' ? 'wss:' : 'ws:';
  return `${scheme}//${location.host}/desk${token === undefined ? '' : `?token=${token}`}`;
}
