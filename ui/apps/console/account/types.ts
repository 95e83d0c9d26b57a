// What the coordinator says of people, teams and ways in, by the names that the console calls them.
import type { components } from '$lib/generated/api';

type Schemas = components['schemas'];
export type Role = Schemas['Role'];
export type Scope = Schemas['TokenScope'];
export type SignInWays = Schemas['SignInWays'];
export type User = Schemas['UserView'];
export type UserBrief = Schemas['UserBrief'];
export type Team = Schemas['TeamView'];
export type SessionView = Schemas['SessionView'];
export type EmailCodeSent = Schemas['EmailCodeSent'];
export type SessionLine = Schemas['SessionLine'];
export type SessionList = Schemas['SessionList'];
export type Member = Schemas['MemberView'];
export type InvitationLine = Schemas['InvitationLine'];
export type TeamDetail = Schemas['TeamDetail'];
export type InvitationMade = Schemas['InvitationMade'];
export type InvitationView = Schemas['InvitationView'];
export type AuditEntry = Schemas['AuditEntry'];
export type AuditPage = Schemas['AuditPage'];
export type Token = Schemas['TokenView'];
export type TokenMade = Schemas['TokenCreated'];
export type TokenList = Schemas['TokenList'];
export type DeviceView = Schemas['DeviceView'];
