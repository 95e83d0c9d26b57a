// Codes that people read in one place and type in another. Pure.

/** Letters of a device's code; a hyphen stands after the fourth. */
const DEVICE_CHARS = 8;
export const EMAIL_DIGITS = 6;

/** A device's code while it is typed: capitals, nothing strange, the hyphen where it belongs. */
export function deviceCode(typed: string): string {
  const plain = typed
    .toUpperCase()
    .replace(/[^A-Z0-9]/g, '')
    .slice(0, DEVICE_CHARS);
  return plain.length > 4 ? `${plain.slice(0, 4)}-${plain.slice(4)}` : plain;
}

export const deviceCodeWhole = (code: string): boolean => /^[A-Z0-9]{4}-[A-Z0-9]{4}$/.test(code);

/** A mailed code while it is typed or pasted: its digits, also full-width ones, and no more than there are. */
export function emailCode(typed: string): string {
  return typed.normalize('NFKC').replace(/\D/g, '').slice(0, EMAIL_DIGITS);
}

export const emailCodeWhole = (code: string): boolean => code.length === EMAIL_DIGITS;

/** What a browser calls itself, as people call it: `Firefox`, `Linux`. Absent where it says something else. */
export function browserName(agent: string | null | undefined): { browser?: string; system?: string } {
  if (!agent) return {};
  const browsers: [RegExp, string][] = [
    [/\bEdgA?\//, 'Edge'],
    [/\bSamsungBrowser\//, 'Samsung Internet'],
    [/\bWhale\//, 'Whale'],
    [/\bOPR\//, 'Opera'],
    [/\b(?:Firefox|FxiOS)\//, 'Firefox'],
    [/\b(?:Chrome|CriOS|HeadlessChrome)\//, 'Chrome'],
    [/\bSafari\//, 'Safari'],
  ];
  const systems: [RegExp, string][] = [
    [/\biPhone|iPad\b/, 'iOS'],
    [/\bAndroid\b/, 'Android'],
    [/\bWindows\b/, 'Windows'],
    [/\bMac OS X\b/, 'macOS'],
    [/\bCrOS\b/, 'ChromeOS'],
    [/\bLinux\b/, 'Linux'],
  ];
  const first = (list: [RegExp, string][]) => list.find(([pattern]) => pattern.test(agent))?.[1];
  return { browser: first(browsers), system: first(systems) };
}

/** What stands for somebody without a picture: the first letters of two words, one Hangul syllable, or two letters. */
export function initials(name: string): string {
  const words = name
    .trim()
    .split(/[\s._-]+/u)
    .filter(Boolean);
  const [first = ''] = words;
  const letters = [...first];
  if (/^\p{Script=Hangul}/u.test(first)) return letters[0] ?? '';
  const second = words.length > 1 ? [...(words.at(-1) ?? '')][0] : letters[1];
  return `${letters[0] ?? '?'}${second ?? ''}`.toUpperCase();
}
