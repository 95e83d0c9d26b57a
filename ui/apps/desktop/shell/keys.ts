// Keys that work everywhere: `g` and a letter go to a page, `/` searches, `?` tells all of them. Letters are by their
// place on the keyboard, so that they work while Korean is typed.
import type { PAGES } from '../route.svelte';

type Page = (typeof PAGES)[number];

const GO: Record<string, Page> = {
  KeyH: 'home',
  KeyE: 'earnings',
  KeyR: 'rules',
  KeyL: 'limits',
  KeyD: 'disk',
  KeyP: 'ports',
  KeyT: 'tunnel',
  KeyC: 'doctor',
  KeyN: 'notices',
  KeyO: 'logs',
  KeyS: 'settings',
};
const TOGETHER_MS = 1200;

/** What help shows. */
export const KEYS = [
  ...Object.entries(GO).map(([code, page]) => ({
    keys: ['g', code.slice(3).toLowerCase()],
    word: `nav.${page}` as const,
  })),
  { keys: ['/'], word: 'help.search' as const },
  { keys: ['?'], word: 'help.help' as const },
  { keys: ['Esc'], word: 'help.close' as const },
];

const typing = (target: EventTarget | null) =>
  target instanceof HTMLElement && (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName));

/** Listens to the keys of the window. */
export function listen(on: { go: (page: Page) => void; help: () => void }): (event: KeyboardEvent) => void {
  let gAt = 0;
  return (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || typing(event.target)) return;
    if (document.querySelector('[role="dialog"]')) return;
    const page = GO[event.code];
    if (event.timeStamp - gAt < TOGETHER_MS && page !== undefined) {
      gAt = 0;
      return on.go(page);
    }
    if (event.code === 'KeyG') gAt = event.timeStamp;
    else if (event.key === '?') on.help();
    else if (event.key === '/') {
      const search = document.querySelector<HTMLElement>('[data-search]');
      if (search) event.preventDefault();
      search?.focus();
    }
  };
}
