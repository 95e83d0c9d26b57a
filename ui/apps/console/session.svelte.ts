// Who is signed in, as the coordinator says it of the cookie that this browser carries. The cookie itself is out of any
// script's reach; what is kept here is gone with the page. Deliberately absent: asking, which is `account/enter.ts`.
import type { ProblemText } from '$lib/i18n';
import type { Middleware } from 'openapi-fetch';
import { changes, denied, type Action, type Denied } from './account/rules';
import type { SessionView, User } from './account/types';

const CSRF = 'x-ttalkak-csrf';
/** That somebody was signed in here: what is drawn while it is asked whether that still holds. No secret. */
const HINT = 'ttalkak.signed_in';

/** `unknown`: it could not be asked. */
export type Phase = 'asking' | 'unknown' | 'in' | 'out';
/** Why one is signed out, where one may wonder. */
export type Why = 'expired' | 'elsewhere' | 'left';

class Session {
  view = $state.raw<SessionView>();
  phase = $state<Phase>('asking');
  why = $state<Why>();
  /** What kept the question from being answered. */
  problem = $state.raw<ProblemText>();
  /** Another tab went to another team or person: what this page shows is not what its requests would act on. */
  moved = $state.raw<SessionView>();
  /** Asks again, as what is known here does not hold any more. */
  refresh: () => void = () => {};

  get signedIn(): boolean {
    return this.phase === 'in';
  }

  /** Whether it was answered who is signed in. */
  get known(): boolean {
    return this.phase === 'in' || this.phase === 'out';
  }

  /** Whether pages may be drawn in the hope that one is still signed in. */
  get likely(): boolean {
    return this.phase === 'in' || (this.phase !== 'out' && localStorage.getItem(HINT) !== null);
  }

  /** What stands in the way of an action; nothing when it is allowed. */
  denied(action: Action): Denied | undefined {
    return this.view && denied(this.view, action);
  }

  /** What a request carries beside the cookie. */
  headers(method = 'GET'): Record<string, string> {
    const csrf = this.view?.csrf;
    return csrf && changes(method) ? { [CSRF]: csrf } : {};
  }

  /** What an answer says of the session: whether it is over, or its token for changes is old. */
  async hear(response: Response): Promise<void> {
    if (!this.signedIn) return;
    if (response.status === 401) this.end('expired');
    if (response.status !== 403) return;
    // Signing in anew in another tab may make a new one; with it the same press works.
    const body: unknown = await response
      .clone()
      .json()
      .catch(() => undefined);
    if ((body as { error?: { code?: string } } | undefined)?.error?.code === 'csrf_refused') this.refresh();
  }

  begin(view: SessionView): void {
    this.view = view;
    this.phase = 'in';
    this.why = undefined;
    this.problem = undefined;
    localStorage.setItem(HINT, '1');
  }

  /** The person changed something about themselves. */
  know(user: User): void {
    if (this.view) this.view = { ...this.view, user };
  }

  /** `why`: for the one who is now at the door and was not a moment ago. */
  end(why?: Why): void {
    this.view = undefined;
    this.moved = undefined;
    this.phase = 'out';
    this.why = why;
    this.problem = undefined;
    localStorage.removeItem(HINT);
  }

  unknown(problem: ProblemText): void {
    this.problem = problem;
    if (this.phase !== 'in') this.phase = 'unknown';
  }
}

export const session = new Session();

/** Makes every request of the API one of this session, and hears when it is over. */
export const guard: Middleware = {
  onRequest({ request }) {
    for (const [name, value] of Object.entries(session.headers(request.method))) request.headers.set(name, value);
    return request;
  },
  onResponse: ({ response }) => session.hear(response).then(() => undefined),
};
