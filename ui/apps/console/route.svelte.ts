// Which page is seen: a path of this site, so that an address can be kept and shared. Pages of later days join the list.

export const PAGES = { overview: '/', billing: '/billing', wallet: '/wallet' } as const;
export type PageName = keyof typeof PAGES;

/** Reads a path; what is no page has no name. */
export function parse(path: string): PageName | undefined {
  const plain = path.replace(/\/+$/, '') || '/';
  return (Object.keys(PAGES) as PageName[]).find((name) => PAGES[name] === plain);
}

class Router {
  page = $state.raw<PageName | undefined>(parse(window.location.pathname));

  constructor() {
    window.addEventListener('popstate', () => (this.page = parse(window.location.pathname)));
  }

  go(page: PageName): void {
    if (this.page !== page) window.history.pushState(null, '', PAGES[page]);
    this.page = page;
    window.scrollTo(0, 0);
  }
}

export const router = new Router();

/** Makes a link of ours change the page without loading it again; new tabs and downloads stay the browser's. */
export function follow(event: MouseEvent): void {
  const link = (event.target as Element | null)?.closest?.('a');
  const plain = event.button === 0 && !event.metaKey && !event.ctrlKey && !event.shiftKey && !event.altKey;
  if (!link || !plain || link.target || link.hasAttribute('download') || link.origin !== window.location.origin) return;
  const page = parse(link.pathname);
  if (page === undefined) return;
  event.preventDefault();
  router.go(page);
}
