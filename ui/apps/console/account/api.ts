// The coordinator's routes of people, teams and ways in, called as the console speaks of them.
import { api, taken } from '../client';
import type { Role, Scope } from './types';

const LINES = 50;

/** Fifty lines of the audit log, those before one of them when it is named. */
const audit = (before?: number) =>
  taken(
    api.GET('/v1/team/audit', { params: { query: { limit: LINES, ...(before === undefined ? {} : { before }) } } }),
  );
const member = (id: string) => ({ params: { path: { user: id } } });
const device = (code: string) => ({ params: { path: { user_code: code } } });
const invitation = (code: string) => ({ params: { path: { code } } });

export const people = {
  ways: () => taken(api.GET('/v1/sign-in')),
  byToken: (token: string) => taken(api.POST('/v1/sign-in/token', { body: { token } })),
  byName: (login: string) => taken(api.POST('/v1/sign-in/development', { body: { login } })),
  session: () => taken(api.GET('/v1/session')),
  chooseTeam: (team: string) => taken(api.PUT('/v1/session/team', { body: { team } })),
  signOut: () => taken(api.DELETE('/v1/session')),

  rename: (name: string) => taken(api.PATCH('/v1/me', { body: { name } })),
  sendCode: (email: string) => taken(api.POST('/v1/me/email', { body: { email } })),
  verify: (code: string) => taken(api.POST('/v1/me/email/verify', { body: { code } })),
  sessions: () => taken(api.GET('/v1/me/sessions')),
  endSession: (session: string) => taken(api.DELETE('/v1/me/sessions/{session}', { params: { path: { session } } })),

  tokens: () => taken(api.GET('/v1/tokens')),
  makeToken: (wish: { name: string; scope: Scope; expires_in_days?: number }) =>
    taken(api.POST('/v1/tokens', { body: wish })),
  revokeToken: (token: string) => taken(api.DELETE('/v1/tokens/{token}', { params: { path: { token } } })),

  team: () => taken(api.GET('/v1/team')),
  makeTeam: (name: string) => taken(api.POST('/v1/teams', { body: { name } })),
  renameTeam: (name: string) => taken(api.PATCH('/v1/team', { body: { name } })),
  changeMember: (user: string, role: Role) =>
    taken(api.PATCH('/v1/team/members/{user}', { ...member(user), body: { role } })),
  removeMember: (user: string) => taken(api.DELETE('/v1/team/members/{user}', member(user))),
  invite: (wish: { role: Role; email?: string }) => taken(api.POST('/v1/team/invitations', { body: wish })),
  revokeInvitation: (invitation: string) =>
    taken(api.DELETE('/v1/team/invitations/{invitation}', { params: { path: { invitation } } })),
  invitation: (code: string) => taken(api.GET('/v1/invitations/{code}', invitation(code))),
  accept: (code: string) => taken(api.POST('/v1/invitations/{code}/accept', invitation(code))),
  audit,

  device: (code: string) => taken(api.GET('/v1/devices/{user_code}', device(code))),
  approve: (code: string, scope: Scope) =>
    taken(api.POST('/v1/devices/{user_code}/approve', { ...device(code), body: { scope } })),
  deny: (code: string) => taken(api.POST('/v1/devices/{user_code}/deny', device(code))),
};
