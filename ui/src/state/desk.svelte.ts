// All that the daemon told, one store for each section, and asking it. Deliberately absent: copies of what is told, and
// guesses about what an ask will change; both come as news.
import type {
  Call,
  Disk,
  Doctor,
  Earnings,
  Hello,
  LeaseId,
  LogNews,
  Machine,
  News,
  Notices,
  Ports,
  Reply,
  Section,
  SettingsNews,
  Status,
  Told,
  Tunnel,
  WalletNews,
  Workloads,
} from '../generated/desk';
import type { Backend, Heard, Refusal } from '../platform/backend';

export type Connection = { state: 'connecting' | 'open' | 'lost'; since: number; crashed: boolean };

/** A log that is followed, and who hears that it cannot be. */
interface Follow {
  begin: Call;
  refused: (refusal: Refusal) => void;
}

class Desk {
  hello = $state.raw<Hello>();
  status = $state.raw<Status>();
  machine = $state.raw<Machine>();
  workloads = $state.raw<Workloads>();
  tunnel = $state.raw<Tunnel>();
  disk = $state.raw<Disk>();
  ports = $state.raw<Ports>();
  earnings = $state.raw<Earnings>();
  doctor = $state.raw<Doctor>();
  settings = $state.raw<SettingsNews>();
  wallet = $state.raw<WalletNews>();
  notices = $state.raw<Notices>();
  connection = $state.raw<Connection>({ state: 'connecting', since: Date.now(), crashed: false });

  /** What is shown may be older than the machine is: nobody tells. */
  stale = $derived(this.connection.state !== 'open' && this.hello !== undefined);

  #backend: Backend | undefined;
  #looks = new Map<symbol, Section[]>();
  #logs = new Map<(news: LogNews) => void, Follow>();
  #onpage: (page: string) => void = () => {};

  /** Connects to a backend, once. */
  start(backend: Backend, onpage: (page: string) => void): void {
    this.#backend = backend;
    this.#onpage = onpage;
    backend.hear((heard) => this.#hear(heard));
  }

  get backend(): Backend {
    if (!this.#backend) throw new Error('a screen is drawn after its desk was started');
    return this.#backend;
  }

  /** Asks the daemon. Throws [`Refusal`]. */
  ask(call: Call): Promise<Reply> {
    return this.backend.ask(call);
  }

  /** Looks at live sections until the returned function is called. */
  look(at: Section[]): () => void {
    const key = Symbol();
    this.#looks.set(key, at);
    this.#tellLooks();
    return () => {
      this.#looks.delete(key);
      this.#tellLooks();
    };
  }

  /** Follows a log, or the program's own, until the returned function is called. */
  follow(lease: LeaseId | undefined, heard: (news: LogNews) => void, refused: (refusal: Refusal) => void): () => void {
    const mine = (news: LogNews) => {
      if (news.of.of === 'program' ? lease === undefined : news.of.lease === lease) heard(news);
    };
    const begin: Call = lease === undefined ? { call: 'follow_program_log' } : { call: 'follow_log', lease };
    const end: Call = lease === undefined ? { call: 'unfollow_program_log' } : { call: 'unfollow_log', lease };
    const begun = { begin, refused };
    this.#logs.set(mine, begun);
    this.#follow(begun);
    return () => {
      this.#logs.delete(mine);
      // Whoever is not connected follows nothing.
      void this.ask(end).catch(() => {});
    };
  }

  #follow({ begin, refused }: Follow): void {
    void this.ask(begin).catch(refused);
  }

  #tellLooks(): void {
    const at = [...new Set([...this.#looks.values()].flat())];
    // It is told again at the next connection.
    void this.ask({ call: 'look', at }).catch(() => {});
  }

  #hear(heard: Heard): void {
    switch (heard.heard) {
      case 'connected':
        this.connection = { state: 'open', since: Date.now(), crashed: false };
        if (this.#looks.size > 0) this.#tellLooks();
        // A new connection follows nothing yet.
        for (const follow of this.#logs.values()) this.#follow(follow);
        return;
      case 'lost':
        if (this.connection.state !== 'lost') {
          this.connection = { state: 'lost', since: Date.now(), crashed: heard.crashed };
        }
        return;
      case 'page':
        return this.#onpage(heard.page);
      case 'told':
        return this.#take(heard.told);
    }
  }

  #take(told: Told): void {
    if (told.told === 'news') this.#news(told);
    else if (told.told === 'lines') for (const log of this.#logs.keys()) log(told);
  }

  #news(news: News): void {
    // A section of a newer daemon finds no store and is left out.
    if (news.section in this) Object.assign(this, { [news.section]: news.now });
  }
}

export const desk = new Desk();
