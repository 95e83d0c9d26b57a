// Korean particles that depend on how the word before them ends. Pure.

const HANGUL_FIRST = 0xac00;
const HANGUL_LAST = 0xd7a3;
const FINALS = 28;
const RIEUL = 8;
// How the names of the digits end: 영 일 이 삼 사 오 육 칠 팔 구.
const DIGIT_FINALS = [21, RIEUL, 0, 16, 0, 0, 1, RIEUL, RIEUL, 0];

// The letters whose Korean names end in a consonant: 엘, 엠, 엔, 알. Capitals at the end are spelt out, as in GiB or USD.
const LETTER_FINALS: Record<string, number> = { L: RIEUL, M: 16, N: 4, R: RIEUL };

/** The final consonant of a character as spoken: 0 for none, absent where nobody can know, as for small Latin letters. */
function final(char: string): number | undefined {
  const code = char.charCodeAt(0);
  if (code >= HANGUL_FIRST && code <= HANGUL_LAST) return (code - HANGUL_FIRST) % FINALS;
  if (/[A-Z]/.test(char)) return LETTER_FINALS[char] ?? 0;
  return /\d/.test(char) ? DIGIT_FINALS[Number(char)] : undefined;
}

/**
 * A word with its particle. `pair`: the form after a consonant, a slash, the form after a vowel, such as `이/가`.
 * Where the ending is not known both are written, as in `shop이(가)`.
 */
export function josa(word: string, pair: string): string {
  const [closed = '', open = ''] = pair.split('/');
  const last = final(word.at(-1) ?? '');
  if (last === undefined) return `${word}${closed}(${open})`;
  if (closed === '으로' && last === RIEUL) return word + open;
  return word + (last === 0 ? open : closed);
}
