// Which page is seen: a name after the hash, so that going back works and a page can be named from outside.

export const PAGES = [
  'home',
  'earnings',
  'disk',
  'ports',
  'tunnel',
  'rules',
  'limits',
  'doctor',
  'notices',
  'logs',
  'settings',
] as const;

export type PageName = (typeof PAGES)[number] | 'workload';

export interface Route {
  page: PageName;
  /** The lease of a workload's page. */
  lease?: string;
}

/** Reads a route; what is no page is home. */
export function parseRoute(hash: string): Route {
  const [page = '', lease] = hash.replace(/^#\/?/, '').split('/');
  if (page === 'workload' && lease) return { page, lease: decodeURIComponent(lease) };
  return { page: PAGES.find((name) => name === page) ?? 'home' };
}

/** The address of a page within the app. */
export function href(page: PageName, lease?: string): string {
  return `#/${page}${lease === undefined ? '' : `/${encodeURIComponent(lease)}`}`;
}

class Router {
  route = $state.raw<Route>(parseRoute(window.location.hash));

  constructor() {
    window.addEventListener('hashchange', () => (this.route = parseRoute(window.location.hash)));
  }
}

export const router = new Router();

/** Goes to a page, also by a name that the tray or a finding gives. */
export function go(page: string, lease?: string): void {
  window.location.hash = lease === undefined ? `#/${page}` : href(page as PageName, lease);
}
