// People, teams and ways in, as an API tells them: a usual world, and what differs from it.
import type {
  AuditEntry,
  InvitationLine,
  Member,
  Role,
  Scope,
  SessionLine,
  Team,
  Token,
  User,
} from '../../apps/console/account/types';
import { DAY, HOUR } from './fixtures';

/** Times before and after a moment. */
export const from = (now: number) => ({
  ago: (ms: number) => new Date(now - ms).toISOString(),
  ahead: (ms: number) => new Date(now + ms).toISOString(),
});

/** What opens by a token. */
export const TOKEN = 'ttk_atokenthatthecoordinatorknows0';
export const MINA = { id: 'usr_mina', login: 'mina', name: 'Mina Park', created_at: '2026-08-03T02:00:00Z' };
export const PEOPLE = [
  { id: 'usr_mina', login: 'mina', name: 'Mina Park' },
  { id: 'usr_jun', login: 'jun-ho', name: '서준호' },
  { id: 'usr_ada', login: 'ada', name: 'Ada Okonkwo-Fitzgerald of the Harbour Office' },
] as const;

export type World = ReturnType<typeof world>;

export function world(now = Date.now()) {
  const { ago, ahead } = from(now);
  return {
    now,
    signedIn: true,
    github: true,
    development: false,
    role: 'owner' as Role,
    scope: 'full' as Scope,
    user: { ...MINA, email: 'mina@example.com', email_verified: true } as User | null,
    personal: false,
    teamName: 'Harbour',
    members: [
      { user: PEOPLE[0], role: 'owner', since: ago(90 * DAY) },
      { user: PEOPLE[1], role: 'developer', since: ago(12 * DAY) },
      { user: PEOPLE[2], role: 'viewer', since: ago(3 * DAY) },
    ] as Member[],
    invitations: [
      {
        id: 'inv_1',
        email: 'lee@example.com',
        role: 'developer',
        created_at: ago(DAY),
        expires_at: ahead(6 * DAY),
        invited_by: PEOPLE[0],
      },
    ] as InvitationLine[],
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
    ] as SessionLine[],
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
    ] as Token[],
    audit: lines(120, now),
    /** The address that waits for its code. */
    asked: undefined as string | undefined,
    invitation: { team: 'Harbour', role: 'developer', invited_by: 'Mina Park', expires_at: ahead(6 * DAY) },
    device: {
      device: 'ttalkak on laptop',
      address: '203.0.113.7',
      asked_at: ago(40_000),
      expires_at: ahead(9 * 60_000),
      scope: 'full',
    },
  };
}

const DEEDS: [string, AuditEntry['via'], string, string | null, string | null][] = [
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

function lines(count: number, now: number): AuditEntry[] {
  const { ago } = from(now);
  return Array.from({ length: count }, (_, index) => {
    const [actor, via, action, subject, detail] = DEEDS[index % DEEDS.length] ?? ['', 'system', '', null, null];
    return { id: 5000 - index, at: ago(index * 3 * HOUR + 60_000), actor, via, action, subject, detail };
  });
}

export interface People extends World {
  readonly csrf: string;
  team(): Team;
}

export function people(now: number): People {
  const here = world(now);
  return {
    ...here,
    csrf: 'csrf-of-this-session',
    team() {
      return {
        id: 'acc_harbour',
        name: this.teamName,
        personal: this.personal,
        role: this.role,
        created_at: '2026-08-03T02:00:00Z',
      };
    },
  };
}
