// Every page: what it is called, what loads it, and who sees it. A page comes when it is asked for and not before, so that
// each begins small. A name without an entry is a page that is not there yet: its address says so.
import type { Component } from 'svelte';
import { path, type PageName, type Params } from './routes';
import { saying, t } from './words';

type Load<N extends PageName> = () => Promise<{ default: Component<{ params: Params<N> }> | Component }>;

interface Entry<N extends PageName> {
  /** Its name in the window's title. */
  title: (params: Params<N>, signedIn: boolean) => string;
  /** For whoever is signed in. */
  inside?: Load<N>;
  /** For whoever is not: alone, a page for both. Absent: the door, and behind it this page. */
  outside?: Load<N>;
}

export const TABLE: { [N in PageName]?: Entry<N> } = {
  projects: { title: () => t('nav.projects'), inside: () => import('./pages/Projects.svelte') },
  project: { title: ({ project }) => project, inside: () => import('./pages/Project.svelte') },
  new: { title: () => t('nav.new'), inside: () => import('./pages/New.svelte') },
  deployment: { title: ({ name }) => name, inside: () => import('./pages/Deployment.svelte') },
  home: {
    title: (_, signedIn) => (signedIn ? t('nav.home') : t('landing.title')),
    inside: () => import('./pages/Overview.svelte'),
    outside: () => import('./pages/Landing.svelte'),
  },
  billing: { title: () => t('nav.billing'), inside: () => import('./pages/Billing.svelte') },
  wallet: { title: () => t('nav.wallet'), inside: () => saying('wallet', import('./pages/Wallet.svelte')) },
  settings: { title: () => t('settings.title'), inside: () => saying('audit', import('./pages/Settings.svelte')) },
  guide: { title: () => t('guide.title'), outside: () => import('./pages/Guide.svelte') },
  'sign-in': { title: () => t('sign.title'), outside: () => import('./pages/SignIn.svelte') },
  device: { title: () => t('device.title'), inside: () => import('./pages/Device.svelte') },
  invitation: { title: () => t('invitation.title'), outside: () => import('./pages/Invitation.svelte') },
};

/** What the bar leads to, in its order; pages without an entry above are left out. */
const BAR = ['home', 'projects', 'billing', 'wallet', 'guide'] as const satisfies PageName[];

export const NAV = BAR.filter((page) => TABLE[page]).map((page) => ({
  page,
  href: path(page),
  word: `nav.${page}` as const,
}));

/** The page for a reader, as something to load. Absent: there is none. */
export function loader(page: PageName, signedIn: boolean): Load<PageName> | undefined {
  const entry = TABLE[page] as Entry<PageName> | undefined;
  if (signedIn) return entry?.inside ?? entry?.outside;
  return entry?.outside ?? (entry?.inside && (() => import('./pages/SignIn.svelte')));
}

/** What the window is called at a page. */
export function titleOf(page: PageName, params: object, signedIn: boolean): string | undefined {
  const entry = TABLE[page] as Entry<PageName> | undefined;
  if (!signedIn && entry?.inside && !entry.outside) return t('sign.title');
  return entry?.title(params as Params<PageName>, signedIn);
}
