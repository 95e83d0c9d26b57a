// A `.env` file as variables: the form that dotenv, docker and shells agree on. Nothing is expanded or run. Pure.

/** A bigger text is no `.env`; the coordinator takes 64 KiB in all. */
export const TEXT_MAX = 256 * 1024;
export const BYTES_MAX = 64 * 1024;
export const KEYS_MAX = 256;
const KEY_MAX = 128;

export interface Variable {
  key: string;
  value: string;
  /** Never shown again once it is kept. */
  secret: boolean;
}

export interface Parsed {
  variables: Variable[];
  /** Lines that are none, with their number from 1. */
  faults: { line: number; fault: 'key' | 'quote' | 'form' }[];
  /** Keys that stood more than once; the last one counts. */
  doubled: string[];
}

const KEY = /^[A-Za-z_][A-Za-z0-9_]*$/;
export const isKey = (key: string) => KEY.test(key) && key.length <= KEY_MAX;

// What bundlers bake into pages is public by nature, whatever it is called.
const PUBLIC = /^(VITE|NEXT_PUBLIC|REACT_APP|NUXT_PUBLIC|PUBLIC|GATSBY|VUE_APP)_/;
export const isPublic = (key: string) => PUBLIC.test(key);

const SECRET =
  /(SECRET|TOKEN|PASS(WORD|WD|PHRASE)?|PRIVATE|CREDENTIAL|AUTH|SALT|SIGNING|WEBHOOK)|(^|_)(API_?)?KEY(S)?(_|$)|(^|_)(DSN|PWD|CERT|PEM)($|_)/i;
/** An address with a password in it, or a key in its usual shape. */
const SECRET_VALUE =
  /^[a-z][a-z0-9+.-]*:\/\/[^/\s:@]*:[^@\s/]+@|-----BEGIN [A-Z ]*PRIVATE KEY-----|^(sk|rk|ghp|gho|ghs|xox[abp]|ttk)[-_][A-Za-z0-9_-]{10,}|^eyJ[A-Za-z0-9_-]{10,}\./;

/** Whether a variable is better hidden. Public ones are not: they are in everybody's browser. */
export function isSecret(key: string, value: string): boolean {
  return !isPublic(key) && (SECRET.test(key) || SECRET_VALUE.test(value));
}

const ESCAPES: Record<string, string> = { n: '\n', r: '\r', t: '\t', '"': '"', '\\': '\\', $: '$', '`': '`' };

/** What stands between quotes, from `start` on; absent where they do not close. */
function quoted(text: string, start: number, quote: string): { value: string; end: number } | undefined {
  let value = '';
  for (let at = start; at < text.length; at += 1) {
    const char = text[at] ?? '';
    if (char === quote) return { value, end: at + 1 };
    const next = text[at + 1];
    if (char === '\\' && quote === '"' && next !== undefined) {
      value += ESCAPES[next] ?? `\\${next}`;
      at += 1;
    } else value += char;
  }
  return undefined;
}

/** Reads a file. A value in quotes may have several lines; what is no variable is told and left out. */
export function parse(file: string): Parsed {
  const text = file.replace(/^\ufeff/, '').replace(/\r\n?/g, '\n');
  const found = new Map<string, Variable>();
  const doubled = new Set<string>();
  const faults: Parsed['faults'] = [];
  let line = 1;
  let at = 0;
  const lineEnd = () => {
    const end = text.indexOf('\n', at);
    return end === -1 ? text.length : end;
  };
  for (; at < text.length; at += 1, line += 1) {
    const end = lineEnd();
    const whole = text.slice(at, end);
    const here = line;
    const start = at;
    at = end;
    if (/^\s*(#|$)/.test(whole)) continue;
    const equals = whole.indexOf('=');
    const left = whole.slice(0, Math.max(0, equals)).trim();
    const key = /^export\s/.test(left) ? left.slice('export'.length).trim() : left;
    if (equals === -1 || /\s/.test(key)) {
      faults.push({ line: here, fault: 'form' });
      continue;
    }
    const right = whole.slice(equals + 1);
    const from = start + equals + 1 + (right.length - right.trimStart().length);
    const quote = text[from] ?? '';
    let value = right.replace(/(^|\s)#.*$/, '').trim();
    if (quote === '"' || quote === "'" || quote === '`') {
      const inside = quoted(text, from + 1, quote);
      if (!inside) {
        faults.push({ line: here, fault: 'quote' });
        continue;
      }
      value = inside.value;
      at = inside.end;
      line += text.slice(from, at).split('\n').length - 1;
      at = lineEnd();
    }
    if (!isKey(key) || value.includes('\0')) {
      faults.push({ line: here, fault: 'key' });
      continue;
    }
    if (found.has(key)) doubled.add(key);
    found.set(key, { key, value, secret: isSecret(key, value) });
  }
  return { variables: [...found.values()], faults, doubled: [...doubled] };
}

/** What is too much of them, if anything. */
export function tooMuch(variables: Pick<Variable, 'key' | 'value'>[]): 'bytes' | 'keys' | undefined {
  if (variables.length > KEYS_MAX) return 'keys';
  const encoder = new TextEncoder();
  const bytes = variables.reduce((sum, { key, value }) => sum + key.length + encoder.encode(value).length, 0);
  return bytes > BYTES_MAX ? 'bytes' : undefined;
}
