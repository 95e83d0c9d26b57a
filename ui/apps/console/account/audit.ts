// What the audit log says of each deed, in words. Pure: words come in, since they are the reader's.
import type { AuditEntry } from './types';

/** Every deed that has a sentence of its own, `audit.CODE` in the dictionaries. */
export const AUDIT_ACTIONS = [
  'deployment.create',
  'deployment.delete',
  'deployment.redeploy',
  'deployment.rollback',
  'deployment.start',
  'deployment.restart',
  'deployment.stop',
  'deployment.cancel',
  'deployment.term',
  'deployment.env',
  'project.create',
  'project.rename',
  'project.delete',
  'token.create',
  'token.revoke',
  'tunnel.create',
  'tunnel.delete',
  'upload.create',
  'enrolment.create',
  'enrolment.revoke',
  'provider.approve',
  'provider.rename',
  'provider.revoke',
  'provider.leave',
  'wallet.message',
  'wallet.link',
  'mandate.set',
  'earnings.settle',
  'earnings.threshold',
  'session.begin',
  'session.end',
  'session.team',
  'session.revoke',
  'me.change',
  'email.ask',
  'email.verify',
  'team.create',
  'team.rename',
  'member.change',
  'member.remove',
  'invitation.create',
  'invitation.revoke',
  'invitation.accept',
  'device.approve',
  'device.deny',
  'push.change',
  'push.secret',
] as const;

type Words = (key: string, params?: Record<string, string>) => string | undefined;

/** Characters that would turn the text around them, or hide in it. */
// eslint-disable-next-line no-control-regex
const TURNING = /[\u0000-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/g;
const CHARS_MAX = 120;

/** A stranger's text as one line that cannot pretend to be another. */
export function plainLine(text: string): string {
  const clean = [...text.replace(TURNING, '')];
  return clean.length > CHARS_MAX ? `${clean.slice(0, CHARS_MAX - 1).join('')}…` : clean.join('');
}

/** What was done, without who: a sentence, or the code where a newer coordinator has more deeds than we have words. */
export function deed(entry: Pick<AuditEntry, 'action' | 'subject'>, words: Words): string {
  const subject = plainLine(entry.subject ?? '');
  const said =
    (subject === '' ? words(`audit.${entry.action}.alone`) : undefined) ??
    words(`audit.${entry.action}`, { subject: subject || words('audit.something') || '' });
  if (said !== undefined) return said;
  const code = plainLine(entry.action);
  return words(subject ? 'audit.unknown' : 'audit.unknown_alone', { code, subject }) ?? code;
}

/** Lines of one day together, in the order they come. `dayOf`: what the day of a time is called. */
export function byDay(items: AuditEntry[], dayOf: (at: number) => string): { day: string; items: AuditEntry[] }[] {
  const days: { day: string; items: AuditEntry[] }[] = [];
  for (const item of items) {
    const day = dayOf(Date.parse(item.at));
    const last = days.at(-1);
    if (last?.day === day) last.items.push(item);
    else days.push({ day, items: [item] });
  }
  return days;
}
