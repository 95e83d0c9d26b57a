// People, teams and ways in, as the coordinator answers for them; it remembers what was done.
import type { SessionView } from '../../../apps/console/account/types';
import type { components } from '../../../src/generated/api';
import { DAY, MINUTE } from '../fixtures';
import { from, PEOPLE, TOKEN } from '../world';
import { missing, refusal, type Answer, type Asked, type Routes } from './answers';
import type { FakeApi } from '.';

type Schemas = components['schemas'];
const told = (body: unknown): Answer => ({ body });
const done = (): Answer => ({});
/** What was asked for, as the API describes it. */
const wish = <T>(asked: Asked) => asked.body as T;

function drop(list: { id: string }[], id = ''): Answer {
  const at = list.findIndex((one) => one.id === id);
  if (at < 0) throw missing();
  list.splice(at, 1);
  return done();
}

export function peopleRoutes(api: FakeApi): Routes {
  const world = () => api.people;
  const { ago, ahead } = from(api.people.now);
  const own = { id: 'acc_mina', name: 'mina', personal: true, role: 'owner', created_at: '2026-08-03T02:00:00Z' };
  const view = (): Answer => {
    const { user, personal, scope, csrf } = world();
    const team = world().team();
    const teams = [...(user && !personal ? [own as typeof team] : []), team];
    return told({ user, team, teams, scope, csrf, expires_at: ahead(14 * DAY) } satisfies SessionView);
  };
  const enter = () => {
    world().signedIn = true;
    return view();
  };
  const become = (part: object) => {
    const { user } = world();
    if (!user) throw refusal(403, 'person_needed');
    return told((world().user = { ...user, ...part }));
  };
  return {
    'GET /v1/sign-in': () => told({ github: world().github, development: world().development }),
    'POST /v1/sign-in/development': enter,
    'POST /v1/sign-in/token': (asked) => {
      if (wish<Schemas['SignInByToken']>(asked).token !== TOKEN)
        throw refusal(401, 'unauthorized', 'The token is not valid.');
      return enter();
    },
    'GET /v1/session': view,
    'PUT /v1/session/team': view,
    'DELETE /v1/session': () => {
      world().signedIn = false;
      return done();
    },
    'PATCH /v1/me': (asked) => become({ name: wish<Schemas['ChangeMe']>(asked).name }),
    'POST /v1/me/email': (asked) => {
      world().asked = wish<Schemas['AskEmailCode']>(asked).email;
      return told({ email: world().asked, expires_at: ahead(10 * MINUTE) });
    },
    'POST /v1/me/email/verify': (asked) => {
      const { code } = wish<Schemas['VerifyEmail']>(asked);
      if (code === '000000') throw refusal(422, 'email_code_expired', 'No code waits.');
      if (code !== '123456') throw refusal(422, 'email_code_wrong', 'That is not the code.');
      return become({ email: world().asked, email_verified: true });
    },
    'GET /v1/me/sessions': () => told({ items: world().sessions }),
    'DELETE /v1/me/sessions/:id': ({ params }) => drop(world().sessions, params.id),
    'GET /v1/tokens': () => told({ items: world().tokens }),
    'POST /v1/tokens': (asked) => {
      const { name, scope, expires_in_days: days } = wish<Schemas['CreateToken']>(asked);
      const expires_at = days ? ahead(days * DAY) : null;
      const token = { id: 'tok_new', name, scope, made_by: 'mina', created_at: ago(0), expires_at };
      world().tokens.unshift(token);
      return told({ token, secret: 'ttk_q7Yd2kP0sVb9XwLr4TzGmJ1hNc6FuEa8' });
    },
    'DELETE /v1/tokens/:id': ({ params }) => drop(world().tokens, params.id),
    'GET /v1/team': () => {
      const { members, invitations, role } = world();
      return told({ team: world().team(), members, invitations: role === 'owner' ? invitations : [] });
    },
    'POST /v1/teams': () => told(world().team()),
    'PATCH /v1/team': (asked) => {
      world().teamName = wish<Schemas['NameTeam']>(asked).name;
      return told(world().team());
    },
    'PATCH /v1/team/members/:user': (asked) => {
      const member = world().members.find(({ user }) => user.id === asked.params.user);
      if (!member) throw missing();
      member.role = wish<Schemas['ChangeMember']>(asked).role;
      return done();
    },
    'DELETE /v1/team/members/:user': ({ params }) => {
      world().members = world().members.filter(({ user }) => user.id !== params.user);
      return done();
    },
    'POST /v1/team/invitations': (asked) => {
      const { email = null, role } = wish<Schemas['Invite']>(asked);
      const until = ahead(7 * DAY);
      const invitation = {
        id: 'inv_new',
        email,
        role,
        created_at: ago(0),
        expires_at: until,
        invited_by: PEOPLE[0],
      };
      world().invitations.unshift(invitation);
      return told({ invitation, url: `${api.url}/invitations/hW3kq0ZtYb5n2VxL8rPd` });
    },
    'DELETE /v1/team/invitations/:id': ({ params }) => drop(world().invitations, params.id),
    'GET /v1/invitations/:code': ({ params }) => {
      if (params.code !== 'gone') return told(world().invitation);
      throw refusal(404, 'invitation_gone', 'There is no such invitation.', 'Ask for a new invitation.');
    },
    'POST /v1/invitations/:code/accept': view,
    'GET /v1/team/audit': ({ query }) => {
      const before = Number(query.get('before') ?? Infinity);
      const rest = world().audit.filter(({ id }) => id < before);
      const items = rest.slice(0, Math.min(15, Number(query.get('limit') ?? 50)));
      return told({ items, next_before: rest.length > items.length ? items.at(-1)?.id : null });
    },
    'GET /v1/devices/:code': ({ params }) => {
      if (params.code !== 'GONE-GONE') return told(world().device);
      throw refusal(404, 'device_gone', 'No device waits with this code.', 'Start signing in anew on the device.');
    },
    'POST /v1/devices/:code/approve': done,
    'POST /v1/devices/:code/deny': done,
  };
}
