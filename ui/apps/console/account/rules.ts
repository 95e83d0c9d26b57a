// Who may do what, and where one goes after signing in. The coordinator decides; this says it before it is asked. Pure.
import type { Role, Scope, SessionView, TeamDetail } from './types';

/** As the coordinator sorts its routes. */
export type Action = 'read' | 'deploy' | 'lend' | 'pay' | 'administer' | 'personal';

const ROLES: Role[] = ['viewer', 'developer', 'owner'];
const SCOPES: Scope[] = ['read', 'deploy', 'full'];
const NEEDED: Record<Action, { role: Role; scope: Scope }> = {
  read: { role: 'viewer', scope: 'read' },
  deploy: { role: 'developer', scope: 'deploy' },
  lend: { role: 'owner', scope: 'full' },
  pay: { role: 'owner', scope: 'full' },
  administer: { role: 'owner', scope: 'full' },
  personal: { role: 'viewer', scope: 'full' },
};

/** Why something is not allowed: the role or the scope that it takes. */
export type Denied = { role: Role } | { scope: Scope };

/** What stands in the way of `action`; nothing when it is allowed. */
export function denied(view: Pick<SessionView, 'team' | 'scope'>, action: Action): Denied | undefined {
  const { role, scope } = NEEDED[action];
  if (ROLES.indexOf(view.team.role) < ROLES.indexOf(role)) return { role };
  return SCOPES.indexOf(view.scope) < SCOPES.indexOf(scope) ? { scope } : undefined;
}

/** Scopes that a session may give away: none above its own. */
export function scopesWithin(scope: Scope): Scope[] {
  return SCOPES.slice(0, SCOPES.indexOf(scope) + 1);
}

/** Whether a request changes something, and so must show that it comes from our own page. */
export function changes(method: string): boolean {
  return !['GET', 'HEAD', 'OPTIONS'].includes(method.toUpperCase());
}

const RETURN_CHARS_MAX = 512;

/** A place of this site to return to, else `/`. What a browser could read as another site is none. */
export function safeReturn(path: string | null | undefined): string {
  if (!path || path.length > RETURN_CHARS_MAX || !/^\/(?![/\\])[\x21-\x7e]*$/.test(path)) return '/';
  if (path.includes('\\') || /^\/(sign-in|v1)(\/|\?|#|$)/.test(path)) return '/';
  return path;
}

/** Whether `user` is the only owner, and so can neither leave nor become less. */
export function lastOwner(team: Pick<TeamDetail, 'members'>, user: string): boolean {
  const owners = team.members.filter((member) => member.role === 'owner');
  return owners.length === 1 && owners[0]?.user.id === user;
}

/** As the coordinator makes them; anything else is a slip of the hand. */
const TOKEN = /^ttk_[A-Za-z0-9_-]{16,200}$/;
export const looksLikeToken = (text: string): boolean => TOKEN.test(text.trim());

/** A login that signs in by its name alone: letters, digits and single hyphens inside. */
export const looksLikeLogin = (text: string): boolean =>
  text.trim().length <= 39 && /^[A-Za-z0-9]+(?:-[A-Za-z0-9]+)*$/.test(text.trim());

/** Something before and after an at sign; whether mail arrives is seen by the code alone. */
export const looksLikeEmail = (text: string): boolean =>
  text.trim().length <= 254 && /^[^\s@<>"]{1,64}@[^\s@<>"]+\.[^\s@<>".]{2,}$/.test(text.trim());
