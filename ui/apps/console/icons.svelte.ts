// Whether favicons of apps may be shown: apps have addresses of their own, and the page's policy says which pictures come
// in. Asked once, so that no picture is tried in vain.

class Icons {
  #allowed = $state.raw<string[]>();

  constructor() {
    void this.#ask();
  }

  /** The favicon's address; absent where it may not be shown. */
  of(url: string): string | undefined {
    if (!this.#allowed || !URL.canParse(url)) return undefined;
    const { protocol, host, origin } = new URL(url);
    if (protocol !== 'http:' && protocol !== 'https:') return undefined;
    const welcome = this.#allowed.some((source) => matches(source, protocol, host));
    return welcome ? `${origin}/favicon.ico` : undefined;
  }

  async #ask(): Promise<void> {
    try {
      const answer = await fetch('/', { method: 'HEAD' });
      const policy = answer.headers.get('content-security-policy') ?? '';
      const rule = policy.split(';').find((one) => one.trim().startsWith('img-src'));
      this.#allowed = rule?.trim().split(/\s+/).slice(1) ?? [];
    } catch {
      this.#allowed = [];
    }
  }
}

/** A source of a policy, such as `https://*.apps.example.com`, and an address. */
function matches(source: string, protocol: string, host: string): boolean {
  const [scheme, place] = source.split('://');
  if (place === undefined || `${scheme}:` !== protocol) return false;
  return place.startsWith('*.') ? host.endsWith(place.slice(1)) : host === place;
}

export const icons = new Icons();
