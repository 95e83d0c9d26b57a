// The coordinator's routes of people, teams and ways in.
import { api, taken } from '../client';
import type * as T from './types';

type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
interface Answer {
  data?: unknown;
  error?: unknown;
  response: Response;
}
const plain = api as unknown as { request(method: string, path: string, init: object): Promise<Answer> };

function ask<R>(method: Method, path: string, body?: object): Promise<R> {
  return taken(plain.request(method.toLowerCase(), path, body ? { body } : {})) as Promise<R>;
}
const at = encodeURIComponent;

export const people = {
  ways: () => ask<T.SignInWays>('GET', '/v1/sign-in'),
  byToken: (token: string) => ask<T.SessionView>('POST', '/v1/sign-in/token', { token }),
  byName: (login: string) => ask<T.SessionView>('POST', '/v1/sign-in/development', { login }),
  session: () => ask<T.SessionView>('GET', '/v1/session'),
  chooseTeam: (team: string) => ask<T.SessionView>('PUT', '/v1/session/team', { team }),
  signOut: () => ask<void>('DELETE', '/v1/session'),
  rename: (name: string) => ask<T.User>('PATCH', '/v1/me', { name }),
  sendCode: (email: string) => ask<T.EmailCodeSent>('POST', '/v1/me/email', { email }),
  verify: (code: string) => ask<T.User>('POST', '/v1/me/email/verify', { code }),
  sessions: () => ask<{ items: T.SessionLine[] }>('GET', '/v1/me/sessions'),
  endSession: (id: string) => ask<void>('DELETE', `/v1/me/sessions/${at(id)}`),
  tokens: () => ask<{ items: T.Token[] }>('GET', '/v1/tokens'),
  makeToken: (wish: { name: string; scope: T.Scope; expires_in_days?: number }) =>
    ask<T.TokenMade>('POST', '/v1/tokens', wish),
  revokeToken: (id: string) => ask<void>('DELETE', `/v1/tokens/${at(id)}`),
  team: () => ask<T.TeamDetail>('GET', '/v1/team'),
  makeTeam: (name: string) => ask<T.Team>('POST', '/v1/teams', { name }),
  renameTeam: (name: string) => ask<T.Team>('PATCH', '/v1/team', { name }),
  changeMember: (user: string, role: T.Role) => ask<void>('PATCH', `/v1/team/members/${at(user)}`, { role }),
  removeMember: (user: string) => ask<void>('DELETE', `/v1/team/members/${at(user)}`),
  invite: (wish: { role: T.Role; email?: string }) => ask<T.InvitationMade>('POST', '/v1/team/invitations', wish),
  revokeInvitation: (id: string) => ask<void>('DELETE', `/v1/team/invitations/${at(id)}`),
  invitation: (code: string) => ask<T.InvitationView>('GET', `/v1/invitations/${at(code)}`),
  accept: (code: string) => ask<T.SessionView>('POST', `/v1/invitations/${at(code)}/accept`),
  audit: (before?: number) =>
    ask<T.AuditPage>('GET', `/v1/team/audit?limit=50${before === undefined ? '' : `&before=${before}`}`),
  device: (code: string) => ask<T.DeviceView>('GET', `/v1/devices/${at(code)}`),
  approve: (code: string, scope: T.Scope) => ask<void>('POST', `/v1/devices/${at(code)}/approve`, { scope }),
  deny: (code: string) => ask<void>('POST', `/v1/devices/${at(code)}/deny`),
};
