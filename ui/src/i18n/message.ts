// One message and its blanks. Pure.
//   {name}            the value
//   {n|app|apps}      the first word for 1, else the second
//   {name:이/가}      the value and the Korean particle that fits it
import { josa } from './josa';

type Blank<T extends string> = T extends `${infer N}|${string}` ? N : T extends `${infer N}:${string}` ? N : T;
type Blanks<S extends string> = S extends `${string}{${infer B}}${infer Rest}` ? Blank<B> | Blanks<Rest> : never;

/** What a message must be given. */
export type Params<S extends string> = [Blanks<S>] extends [never] ? [] : [Record<Blanks<S>, string | number>];

const BLANK = /\{(\w+)(?:\|([^|}]*)\|([^|}]*)|:([^}]*))?\}/g;

/** Fills the blanks. A blank without a value stays as it is written, so that it is seen. */
export function fill(message: string, params: Record<string, string | number> = {}): string {
  return message.replace(BLANK, (whole, name: string, one?: string, many?: string, pair?: string) => {
    const value = params[name];
    if (value === undefined) return whole;
    if (one !== undefined && many !== undefined) return Number(value) === 1 ? one : many;
    return pair === undefined ? String(value) : josa(String(value), pair);
  });
}

/** The names of a message's blanks, sorted. */
export function blanks(message: string): string[] {
  return [...new Set([...message.matchAll(BLANK)].map((match) => match[1] ?? ''))].sort();
}
