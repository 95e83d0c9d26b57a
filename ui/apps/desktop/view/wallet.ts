// Keys and addresses as they are typed. Pure; nothing is kept.

/** The daemon takes no shorter one. */
export const PASSPHRASE_MIN = 12;

/** What was pasted: a bare key, a keystore, or neither. */
export function keyKind(text: string): 'hex' | 'keystore' | undefined {
  const trimmed = text.trim();
  if (/^(0x)?[0-9a-f]{64}$/i.test(trimmed)) return 'hex';
  try {
    const value: unknown = JSON.parse(trimmed);
    return typeof value === 'object' && value !== null && ('crypto' in value || 'Crypto' in value)
      ? 'keystore'
      : undefined;
  } catch {
    return undefined;
  }
}

/** Whether it has the shape of an address; the daemon checks the checksum. */
export function isAddress(text: string): boolean {
  return /^0x[0-9a-f]{40}$/i.test(text.trim());
}
