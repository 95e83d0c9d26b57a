// Keys that work everywhere: `g` and a letter go to a page, `/` searches, `?` tells all of them. Letters are by their
// place on the keyboard, so that they work while Korean is typed.
import { NAV } from './pages';
import { path, type PageName } from './routes';

const LETTERS: Partial<Record<PageName, string>> = {
  home: 'o',
  projects: 'p',
  billing: 'b',
  wallet: 'w',
  guide: 'h',
};
const TOGETHER_MS = 1200;

const GO = NAV.flatMap(({ page, href, word }) => {
  const letter = LETTERS[page];
  return letter === undefined ? [] : [{ code: `Key${letter.toUpperCase()}`, keys: ['g', letter], href, word }];
});
const NEW = path('new');

/** What help shows. */
export const KEYS = [
  ...GO.map(({ keys, word }) => ({ keys, word })),
  { keys: ['n'], word: 'help.new' as const },
  { keys: ['/'], word: 'help.search' as const },
  { keys: ['?'], word: 'help.help' as const },
  { keys: ['Esc'], word: 'help.close' as const },
];

const typing = (target: EventTarget | null) =>
  target instanceof HTMLElement && (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName));

/** Listens to the keys of the window. */
export function listen(on: { go: (href: string) => void; help: () => void }): (event: KeyboardEvent) => void {
  let gAt = -TOGETHER_MS;
  return (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.repeat || typing(event.target)) return;
    if (document.querySelector('[role="dialog"]')) return;
    const goes = event.timeStamp - gAt < TOGETHER_MS && GO.find(({ code }) => code === event.code);
    if (goes) {
      gAt = -TOGETHER_MS;
      return on.go(goes.href);
    }
    if (event.code === 'KeyG') gAt = event.timeStamp;
    else if (event.key === '?') on.help();
    else if (event.code === 'KeyN' && !event.shiftKey) on.go(NEW);
    else if (event.key === '/') {
      const search = document.querySelector<HTMLElement>('[data-search]');
      if (search) event.preventDefault();
      search?.focus();
    }
  };
}
