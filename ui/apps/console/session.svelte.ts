// Who is signed in. The one place that knows how: an API token today, kept for this tab alone and never in an address.

const KEY = 'ttalkak.token';
/** As the coordinator makes them; anything else is a slip of the hand. */
const SHAPE = /^ttk_[A-Za-z0-9_-]{16,200}$/;

class Session {
  #token = $state<string | undefined>(sessionStorage.getItem(KEY) ?? undefined);
  /** It ended by itself: the next page says why. */
  expired = $state(false);

  get signedIn(): boolean {
    return this.#token !== undefined;
  }

  /** What a request carries. */
  headers(): Record<string, string> {
    return this.#token === undefined ? {} : { authorization: `Bearer ${this.#token}` };
  }

  looksRight(token: string): boolean {
    return SHAPE.test(token.trim());
  }

  begin(token: string): void {
    this.#token = token.trim();
    this.expired = false;
    sessionStorage.setItem(KEY, this.#token);
  }

  /** `expired`: the coordinator does not know it any more. */
  end(expired = false): void {
    this.#token = undefined;
    this.expired = expired;
    sessionStorage.removeItem(KEY);
  }
}

export const session = new Session();
