// The language that is spoken now, and its words. Words come in chunks that are loaded when they are needed.
import { fill, type Params } from './message';

export type Language = 'en' | 'ko';
export type Words = Record<string, string>;
/** One dictionary in each language, each a chunk of its own. */
export type Source = Record<Language, () => Promise<{ default: Words }>>;

const parts: Source = { en: () => import('./en'), ko: () => import('./ko') };
const sources: Source[] = [parts];

class Speech {
  language = $state<Language>('en');
  #words = $state.raw<Words>({});

  /** The locale of numbers and dates. */
  get locale(): string {
    return this.language === 'ko' ? 'ko-KR' : 'en-GB';
  }

  /** Loads the words of a language and speaks it. */
  async speak(language: Language): Promise<void> {
    const chunks = await Promise.all(sources.map((source) => source[language]()));
    this.#words = Object.assign({}, ...chunks.map((chunk) => chunk.default)) as Words;
    this.language = language;
    document.documentElement.lang = language;
  }

  say(key: string, params?: Record<string, string | number>): string {
    const message = this.#words[key];
    return message === undefined ? key : fill(message, params);
  }

  /** A message that may be missing, such as the words for a code of a newer peer. */
  maybe(key: string, params?: Record<string, string | number>): string | undefined {
    const message = this.#words[key];
    return message === undefined ? undefined : fill(message, params);
  }
}

export const speech = new Speech();

/** Adds an app's dictionary; before the first [`Speech.speak`]. */
export function bring(source: Source): void {
  if (!sources.includes(source)) sources.push(source);
}

const later = new WeakMap<Source, Promise<void>>();

/** Adds words that one page alone needs, as it is loaded; again after it failed. */
export function also(source: Source): Promise<void> {
  const known = later.get(source);
  if (known) return known;
  bring(source);
  const loaded = speech.speak(speech.language).catch((cause: unknown) => {
    later.delete(source);
    throw cause;
  });
  later.set(source, loaded);
  return loaded;
}

/** A typed way to say things of a dictionary: unknown keys and missing blanks do not compile. */
export function speaker<D extends Words>() {
  return <K extends keyof D & string>(key: K, ...params: Params<D[K]>): string =>
    speech.say(key, params[0] as Record<string, string | number> | undefined);
}

/** The system's language, as far as we speak it. */
export function systemLanguage(): Language {
  const spoken = navigator.languages.find((tag) => /^(ko|en)\b/i.test(tag));
  return spoken !== undefined && /^ko/i.test(spoken) ? 'ko' : 'en';
}
