// People, teams and ways in, as plan and protocol say: a small world that remembers what was done to it.
import { Refusal } from './server.mjs';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const ago = (ms) => new Date(Date.now() - ms).toISOString();
const ahead = (ms) => ago(-ms);

export const CSRF = 'csrf-of-this-session';
export const TOKEN = 'ttk_atokenthatthecoordinatorknows0';
const MINA = { id: 'usr_mina', login: 'mina', name: 'Mina Park', created_at: '2026-08-03T02:00:00Z' };
const PEOPLE = [
  { id: 'usr_mina', login: 'mina', name: 'Mina Park' },
  { id: 'usr_jun', login: 'jun-ho', name: '서준호' },
  { id: 'usr_ada', login: 'ada', name: 'Ada Okonkwo-Fitzgerald of the Harbour Office' },
];

export function accountWorld(change = {}) {
  return {
    signedIn: true,
    github: true,
    development: false,
    role: 'owner',
    scope: 'full',
    user: { ...MINA, email: 'mina@example.com', email_verified: true },
    personal: false,
    teamName: 'Harbour',
    members: [
      { user: PEOPLE[0], role: 'owner', since: ago(90 * DAY) },
      { user: PEOPLE[1], role: 'developer', since: ago(12 * DAY) },
      { user: PEOPLE[2], role: 'viewer', since: ago(3 * DAY) },
    ],
    invitations: [
      {
        id: 'inv_1',
        email: 'lee@example.com',
        role: 'developer',
        created_at: ago(DAY),
        expires_at: ahead(6 * DAY),
        invited_by: PEOPLE[0],
      },
    ],
    sessions: [
      {
        id: 'ses_1',
        created_at: ago(2 * DAY),
        seen_at: ago(0),
        browser: 'Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0',
        address: '203.0.113.7',
        current: true,
      },
      {
        id: 'ses_2',
        created_at: ago(20 * DAY),
        seen_at: ago(5 * HOUR),
        browser:
          'Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 Version/18.5 Mobile/15E148 Safari/604.1',
        address: '2001:db8:4c1f:9a02::41',
        current: false,
      },
      { id: 'ses_3', created_at: ago(40 * DAY), seen_at: ago(31 * DAY), browser: null, address: null, current: false },
    ],
    tokens: [
      {
        id: 'tok_1',
        name: 'CI of shop',
        scope: 'deploy',
        made_by: 'mina',
        created_at: ago(30 * DAY),
        expires_at: ahead(5 * DAY),
        last_used_at: ago(2 * HOUR),
      },
      {
        id: 'tok_2',
        name: 'ttalkak on laptop',
        scope: 'full',
        made_by: 'jun-ho',
        created_at: ago(9 * DAY),
        expires_at: ahead(80 * DAY),
        last_used_at: ago(60_000),
      },
      {
        id: 'tok_3',
        name: 'first token',
        scope: 'full',
        made_by: null,
        created_at: ago(120 * DAY),
        expires_at: null,
        last_used_at: null,
      },
    ],
    audit: lines(120),
    invitation: { team: 'Harbour', role: 'developer', invited_by: 'Mina Park', expires_at: ahead(6 * DAY) },
    device: {
      device: 'ttalkak on laptop',
      address: '203.0.113.7',
      asked_at: ago(40_000),
      expires_at: ahead(9 * 60_000),
      scope: 'full',
    },
    ...change,
  };
}

const DEEDS = [
  ['mina', 'session', 'deployment.create', 'shop', null],
  ['jun-ho', 'session', 'deployment.env', 'shop', '2 set, 1 removed'],
  ['CI of shop', 'token', 'deployment.redeploy', 'shop', null],
  ['mina', 'session', 'member.change', 'usr_jun', 'developer'],
  ['push', 'system', 'deployment.redeploy', 'docs', 'main 3f2a9c1'],
  ['mina', 'session', 'token.create', 'CI of shop', null],
  ['ada', 'session', 'session.begin', null, null],
  ['mina', 'session', 'device.approve', null, null],
  ['mina', 'session', 'mandate.set', null, null],
  ['mina', 'session', 'cluster.reshape', 'attic', null],
  ['mina', 'session', 'project.rename', 'shop\u202egpj.exe', null],
];

function lines(count) {
  return Array.from({ length: count }, (_, index) => {
    const [actor, via, action, subject, detail] = DEEDS[index % DEEDS.length];
    return { id: 5000 - index, at: ago(index * 3 * HOUR + 60_000), actor, via, action, subject, detail };
  });
}

export function account(world) {
  const team = () => ({
    id: 'acc_harbour',
    name: world.teamName,
    personal: world.personal,
    role: world.role,
    created_at: '2026-08-03T02:00:00Z',
  });
  const own = { id: 'acc_mina', name: 'mina', personal: true, role: 'owner', created_at: '2026-08-03T02:00:00Z' };
  const view = () => ({
    user: world.user,
    team: team(),
    teams: world.user ? [...(world.personal ? [] : [own]), team()] : [team()],
    scope: world.scope,
    csrf: CSRF,
    expires_at: ahead(14 * DAY),
  });
  const inside = (answer) => (asked) => {
    if (!world.signedIn) throw new Refusal(401, 'unauthorized', 'Nobody is signed in.');
    if (asked.request.method !== 'GET' && asked.request.headers['x-ttalkak-csrf'] !== CSRF)
      throw new Refusal(403, 'csrf_refused', 'The request did not come from the console.');
    return answer(asked);
  };
  const enter = () => {
    world.signedIn = true;
    return view();
  };
  const drop = (list, id) => {
    const at = list.findIndex((one) => one.id === id);
    if (at < 0) throw new Refusal(404, 'not_found', 'There is nothing of that name or id.');
    list.splice(at, 1);
  };
  return {
    'GET /v1/sign-in': () => ({ github: world.github, development: world.development }),
    'POST /v1/sign-in/development': enter,
    'POST /v1/sign-in/token': ({ body }) => {
      if (body.token !== TOKEN) throw new Refusal(401, 'unauthorized', 'The token is not valid.');
      return enter();
    },
    'GET /v1/session': inside(view),
    'PUT /v1/session/team': inside(view),
    'DELETE /v1/session': inside(() => void (world.signedIn = false)),
    'PATCH /v1/me': inside(({ body }) => (world.user = { ...world.user, name: body.name })),
    'POST /v1/me/email': inside(({ body }) => {
      world.asked = body.email;
      return { email: body.email, expires_at: ahead(10 * 60_000) };
    }),
    'POST /v1/me/email/verify': inside(({ body }) => {
      if (body.code === '000000') throw new Refusal(422, 'email_code_expired', 'No code waits.');
      if (body.code !== '123456') throw new Refusal(422, 'email_code_wrong', 'That is not the code.');
      return (world.user = { ...world.user, email: world.asked, email_verified: true });
    }),
    'GET /v1/me/sessions': inside(() => ({ items: world.sessions })),
    'DELETE /v1/me/sessions/:id': inside(({ params }) => drop(world.sessions, params.id)),
    'GET /v1/tokens': inside(() => ({ items: world.tokens })),
    'POST /v1/tokens': inside(({ body }) => {
      const days = body.expires_in_days;
      const token = {
        id: 'tok_new',
        name: body.name,
        scope: body.scope,
        made_by: 'mina',
        created_at: ago(0),
        expires_at: days ? ahead(days * DAY) : null,
      };
      world.tokens.unshift(token);
      return { token, secret: 'ttk_q7Yd2kP0sVb9XwLr4TzGmJ1hNc6FuEa8' };
    }),
    'DELETE /v1/tokens/:id': inside(({ params }) => drop(world.tokens, params.id)),
    'GET /v1/team': inside(() => ({
      team: team(),
      members: world.members,
      invitations: world.role === 'owner' ? world.invitations : [],
    })),
    'POST /v1/teams': inside(team),
    'PATCH /v1/team': inside(({ body }) => {
      world.teamName = body.name;
      return team();
    }),
    'PATCH /v1/team/members/:user': inside(({ params, body }) => {
      const member = world.members.find((one) => one.user.id === params.user);
      member.role = body.role;
    }),
    'DELETE /v1/team/members/:user': inside(({ params }) => {
      world.members = world.members.filter((one) => one.user.id !== params.user);
    }),
    'POST /v1/team/invitations': inside(({ body, request }) => {
      const invitation = {
        id: 'inv_new',
        email: body.email ?? null,
        role: body.role,
        created_at: ago(0),
        expires_at: ahead(7 * DAY),
        invited_by: PEOPLE[0],
      };
      world.invitations.unshift(invitation);
      return { invitation, url: `http://${request.headers.host}/invitations/hW3kq0ZtYb5n2VxL8rPd` };
    }),
    'DELETE /v1/team/invitations/:id': inside(({ params }) => drop(world.invitations, params.id)),
    'GET /v1/invitations/:code': ({ params }) => {
      if (params.code === 'gone')
        throw new Refusal(404, 'invitation_gone', 'There is no such invitation.', 'Ask for a new invitation.');
      return world.invitation;
    },
    'POST /v1/invitations/:code/accept': inside(view),
    'GET /v1/team/audit': inside(({ query }) => {
      const before = Number(query.get('before') ?? Infinity);
      const rest = world.audit.filter((line) => line.id < before);
      const items = rest.slice(0, Math.min(15, Number(query.get('limit') ?? 50)));
      return { items, next_before: rest.length > items.length ? items.at(-1).id : null };
    }),
    'GET /v1/devices/:code': inside(({ params }) => {
      if (params.code === 'GONE-GONE')
        throw new Refusal(
          404,
          'device_gone',
          'No device waits with this code.',
          'Start signing in anew on the device.',
        );
      return world.device;
    }),
    'POST /v1/devices/:code/approve': inside(() => undefined),
    'POST /v1/devices/:code/deny': inside(() => undefined),
    'GET /v1/deployments': inside(() => ({ items: [] })),
    'GET /v1/billing': inside(() => {
      throw new Refusal(404, 'not_found', 'Payments are off.');
    }),
  };
}
