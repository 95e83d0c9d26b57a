// The rule for names that become addresses, as the coordinator keeps it (`crates/protocol/src/name.rs`), for an answer while
// one types. The coordinator's own answer is the binding one. Pure.
import { code, unseen } from './text';

export const NAME_MAX = 48;

const RESERVED = new Set(
  (
    'admin agent api app apps assets auth billing blog cdn console coordinator dashboard docs edge ftp git help internal ' +
    'link localhost login mail ns root smtp static status support system test ttalkak tunnel www'
  ).split(' '),
);

/** What is wrong with a name. `what`: the character that is meant, as it is shown. */
export type NameFault =
  | { fault: 'empty' | 'reserved' | 'edge' | 'double' | 'capital' | 'space' }
  | { fault: 'long'; over: number }
  | { fault: 'unseen' | 'foreign' | 'character'; what: string };

/** The first rule that a name breaks. */
export function check(name: string): NameFault | undefined {
  if (name === '') return { fault: 'empty' };
  const hidden = unseen(name);
  if (hidden !== undefined) return { fault: 'unseen', what: code(hidden) };
  const length = [...name].length;
  if (length > NAME_MAX) return { fault: 'long', over: length - NAME_MAX };
  for (const char of name) {
    if (/[a-z0-9-]/.test(char)) continue;
    if (/[A-Z]/.test(char)) return { fault: 'capital' };
    if (/\s/u.test(char)) return { fault: 'space' };
    // Letters of other scripts and with marks look like ours and are others: `а` is not `a`.
    if (/[\p{L}\p{M}\p{N}]/u.test(char)) return { fault: 'foreign', what: char };
    return { fault: 'character', what: char };
  }
  if (name.startsWith('-') || name.endsWith('-')) return { fault: 'edge' };
  if (name.includes('--')) return { fault: 'double' };
  return RESERVED.has(name) ? { fault: 'reserved' } : undefined;
}

/** A name out of a repository's address or folder; absent when nothing usable is left. */
export function suggest(text: string): string | undefined {
  const last =
    text
      .replace(/[/\s]+$/, '')
      .split('/')
      .at(-1) ?? '';
  const plain = last
    .replace(/\.git$/, '')
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-/, '')
    .slice(0, NAME_MAX)
    .replace(/-$/, '');
  return check(plain) === undefined ? plain : undefined;
}

export type AddressFault = 'empty' | 'unseen' | 'scheme' | 'credentials' | 'malformed';

/** What is wrong with a repository's address, before anybody is asked. */
export function checkAddress(text: string): AddressFault | undefined {
  const plain = text.trim();
  if (plain === '') return 'empty';
  if (unseen(plain) !== undefined) return 'unseen';
  if (/^(git@|ssh:|git:)/i.test(plain)) return 'scheme';
  let url: URL;
  try {
    url = new URL(plain);
  } catch {
    return 'malformed';
  }
  // Development coordinators take `http` and `file`; whether this one does is for it to say.
  if (!['https:', 'http:', 'file:'].includes(url.protocol)) return 'scheme';
  if (url.username !== '' || url.password !== '') return 'credentials';
  return /\s/.test(plain) || url.pathname.replace(/\/+$/, '') === '' ? 'malformed' : undefined;
}
