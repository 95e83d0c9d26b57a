// Coming in, going out, changing teams; and hearing of it when another tab does.
import { problemOf } from '../client';
import { router } from '../route.svelte';
import { session } from '../session.svelte';
import { people } from './api';
import type { SessionView } from './types';

/** What tabs tell each other: nothing that is secret. */
type Word = 'in' | 'out' | 'team';
const channel = typeof BroadcastChannel === 'undefined' ? undefined : new BroadcastChannel('ttalkak.session');
const tell = (word: Word) => channel?.postMessage(word);

/** Asks who is signed in. */
export async function ask(): Promise<void> {
  try {
    session.begin(await people.session());
  } catch (thrown) {
    const problem = problemOf(thrown);
    if (problem.code === 'unauthorized') session.end(session.signedIn ? 'expired' : session.why);
    else session.unknown(problem);
  }
}

/** Another tab changed something: this one goes along, or says that it stands still. */
async function compare(): Promise<void> {
  const before = session.view;
  if (!before) return ask();
  try {
    const now = await people.session();
    if (now.team.id === before.team.id && now.user?.id === before.user?.id) session.begin(now);
    else session.moved = now;
  } catch {
    // A session that is over has been told by its 401; else the next request tells.
  }
}

/** Once, before anything is drawn. */
export function start(): void {
  session.refresh = () => void compare();
  channel?.addEventListener('message', ({ data }: MessageEvent<Word>) => {
    if (data !== 'out') void compare();
    else if (session.signedIn) session.end('elsewhere');
  });
  void ask();
}

function enter(view: SessionView): void {
  session.begin(view);
  tell('in');
}

export const byToken = async (token: string): Promise<void> => enter(await people.byToken(token.trim()));
export const byName = async (login: string): Promise<void> => enter(await people.byName(login.trim()));

export async function signOut(): Promise<void> {
  await people.signOut();
  // First away from what only the signed-in see, so that nobody is asked to sign in for it.
  router.go('/');
  session.end('left');
  tell('out');
}

/** Where everything of one team is left behind: the page is loaded anew, so that nothing of it stays. */
function arrive(path: string): void {
  tell('team');
  window.location.assign(path);
}

export async function chooseTeam(team: string): Promise<void> {
  await people.chooseTeam(team);
  arrive('/');
}

export async function makeTeam(name: string): Promise<void> {
  await people.makeTeam(name);
  arrive('/settings/team');
}

export async function leave(me: string): Promise<void> {
  await people.removeMember(me);
  arrive('/');
}

export async function accept(code: string): Promise<void> {
  await people.accept(code);
  arrive('/');
}

/** A plain link, as GitHub must be visited by the browser itself. */
export const githubLink = (path: string): string => `/v1/sign-in/github?return=${encodeURIComponent(path)}`;
