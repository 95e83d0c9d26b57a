// Where the reader is: an address of this site, so that it can be kept and shared. What is which page stands in routes.ts.
import { parse, type Route } from './routes';

export { path, type PageName, type Params, type Route, type Tab } from './routes';

const here = () => window.location;

class Router {
  /** Absent: there is no such page. */
  route = $state.raw<Route | undefined>(parse(here().pathname));
  /** The part after `?`. */
  query = $state.raw(new URLSearchParams(here().search));
  /** So many moves were made; 0 for the page that was loaded. */
  moves = $state(0);

  constructor() {
    window.addEventListener('popstate', () => this.#read());
  }

  /** Goes to an address of ours, such as `path('deployment', { name })`. `replace`: Back leads past where we are now. */
  go(to: string, { replace = false }: { replace?: boolean } = {}): void {
    const before = this.route;
    const same = to === here().pathname + here().search + here().hash;
    if (replace || same) window.history.replaceState(null, '', to);
    else window.history.pushState(null, '', to);
    this.#read();
    // Another view of the same thing leaves the eye where it is.
    if (this.route?.page !== before?.page) window.scrollTo(0, 0);
  }

  #read(): void {
    this.route = parse(here().pathname);
    this.query = new URLSearchParams(here().search);
    this.moves += 1;
  }
}

export const router = new Router();

/** Makes a link of ours change the page without loading it again; new tabs and downloads stay the browser's. */
export function follow(event: MouseEvent): void {
  const link = (event.target as Element | null)?.closest?.('a');
  const plain = event.button === 0 && !event.metaKey && !event.ctrlKey && !event.shiftKey && !event.altKey;
  if (event.defaultPrevented || !link || !plain || link.target || link.hasAttribute('download')) return;
  // A place on this very page is the browser's, too.
  const within = link.hash !== '' && link.pathname === here().pathname;
  if (link.origin !== here().origin || within || parse(link.pathname) === undefined) return;
  event.preventDefault();
  router.go(link.pathname + link.search + link.hash);
}
