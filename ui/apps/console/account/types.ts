// What the coordinator says of people, teams and ways in.

export type Role = 'viewer' | 'developer' | 'owner';
export type Scope = 'read' | 'deploy' | 'full';

export interface SignInWays {
  github: boolean;
  development: boolean;
}

export interface User {
  id: string;
  login: string;
  name: string;
  email?: string | null;
  email_verified: boolean;
  avatar_url?: string | null;
  created_at: string;
}

export interface UserBrief {
  id: string;
  login: string;
  name: string;
  avatar_url?: string | null;
}

export interface Team {
  id: string;
  name: string;
  personal: boolean;
  role: Role;
  created_at: string;
}

export interface SessionView {
  user?: User | null;
  team: Team;
  teams: Team[];
  scope: Scope;
  csrf?: string | null;
  expires_at?: string | null;
}

export interface EmailCodeSent {
  email: string;
  expires_at: string;
}

export interface SessionLine {
  id: string;
  created_at: string;
  seen_at: string;
  browser?: string | null;
  address?: string | null;
  current: boolean;
}

export interface Member {
  user: UserBrief;
  role: Role;
  since: string;
}

export interface InvitationLine {
  id: string;
  email?: string | null;
  role: Role;
  created_at: string;
  expires_at: string;
  invited_by?: UserBrief | null;
}

export interface TeamDetail {
  team: Team;
  members: Member[];
  invitations: InvitationLine[];
}

export interface InvitationMade {
  invitation: InvitationLine;
  url: string;
}

export interface InvitationView {
  team: string;
  role: Role;
  invited_by?: string | null;
  expires_at: string;
}

export interface AuditEntry {
  id: number;
  at: string;
  actor: string;
  via: 'session' | 'token' | 'system';
  action: string;
  subject?: string | null;
  detail?: string | null;
}

export interface AuditPage {
  items: AuditEntry[];
  next_before?: number | null;
}

export interface Token {
  id: string;
  name: string;
  scope: Scope;
  made_by?: string | null;
  created_at: string;
  expires_at?: string | null;
  last_used_at?: string | null;
}

export interface TokenMade {
  token: Token;
  secret: string;
}

export interface DeviceView {
  device: string;
  address?: string | null;
  asked_at: string;
  expires_at: string;
  scope: Scope;
}
