// Which address is which page, typed. Pure: `route.svelte.ts` is what moves.
//   :name    one part of the path, percent-decoded
//   :name?   the same, and may be absent at the end
// A parameter in `CHOICES` takes only those values; an address with another is no page.

export const PATHS = {
  home: '/',
  projects: '/projects',
  project: '/projects/:project',
  new: '/new',
  deployment: '/deployments/:name/:tab?',
  billing: '/billing',
  wallet: '/wallet',
  settings: '/settings/:section?',
  guide: '/guide/:chapter?',
  'sign-in': '/sign-in',
  device: '/device',
  invitation: '/invitations/:code',
} as const;

/** The views of one deployment beside its first. */
export const TABS = ['logs', 'releases', 'env', 'settings'] as const;
export type Tab = (typeof TABS)[number];

const CHOICES: Record<string, readonly string[]> = { tab: TABS };
/** Longer parts are nobody's name. */
const PART_MAX = 200;

export type PageName = keyof typeof PATHS;

type Value<N extends string> = N extends 'tab' ? Tab : string;
type Of<S extends string> = S extends `:${infer N}?`
  ? { [K in N]?: Value<N> | undefined }
  : S extends `:${infer N}`
    ? { [K in N]: Value<N> }
    : object;
type Parts<P extends string> = P extends `${infer Head}/${infer Rest}` ? Of<Head> & Parts<Rest> : Of<P>;

/** What the address of a page says beside its name. */
export type Params<N extends PageName> = Parts<(typeof PATHS)[N]>;

export type Route = { [N in PageName]: { page: N; params: Params<N> } }[PageName];

/** Parameters may be left out where none is needed. */
type Given<N extends PageName> = object extends Params<N> ? [params?: Params<N>] : [params: Params<N>];

const split = (path: string) => path.split('/').filter((part) => part !== '');

function decoded(part: string): string | undefined {
  try {
    const text = decodeURIComponent(part);
    return text === '' || text.length > PART_MAX ? undefined : text;
  } catch {
    return undefined;
  }
}

function match(pattern: string, path: string[]): Record<string, string> | undefined {
  const wanted = split(pattern);
  if (path.length > wanted.length) return undefined;
  const params: Record<string, string> = {};
  for (const [index, want] of wanted.entries()) {
    const given = path[index];
    if (given === undefined) return want.endsWith('?') ? params : undefined;
    if (!want.startsWith(':')) {
      if (want !== given) return undefined;
      continue;
    }
    const name = want.slice(1).replace('?', '');
    const value = decoded(given);
    if (value === undefined || CHOICES[name]?.includes(value) === false) return undefined;
    params[name] = value;
  }
  return params;
}

/** Reads the path of an address; absent where there is no page. */
export function parse(path: string): Route | undefined {
  const parts = split(path);
  for (const page of Object.keys(PATHS) as PageName[]) {
    const params = match(PATHS[page], parts);
    if (params) return { page, params } as Route;
  }
  return undefined;
}

/** The address of a page. */
export function path<N extends PageName>(page: N, ...given: Given<N>): string {
  const params = (given[0] ?? {}) as Record<string, string | undefined>;
  const parts = split(PATHS[page]).map((part) => {
    if (!part.startsWith(':')) return part;
    const value = params[part.slice(1).replace('?', '')];
    return value === undefined ? '' : encodeURIComponent(value);
  });
  return `/${parts.filter((part) => part !== '').join('/')}`;
}
