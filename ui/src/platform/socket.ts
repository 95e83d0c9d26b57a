// A desk over a WebSocket, for screens in a browser. Lost connections are made again, with longer and longer waits.
// Deliberately absent: where the desk is; see choose.ts.
import type { Call, Reply, Told } from '../generated/desk';
import { gone, patience, Refusal, type Backend, type Heard } from './backend';

const RETRY_MS = { first: 200, most: 5000 };

interface Waiting {
  resolve: (reply: Reply) => void;
  reject: (refusal: Refusal) => void;
  timer: ReturnType<typeof setTimeout>;
}

/** How long until the next try, after so many that failed; up to half of it by chance, so that not all come at once. */
export function wait(tries: number, chance: number): number {
  const full = Math.min(RETRY_MS.most, RETRY_MS.first * 2 ** tries);
  return full / 2 + (full / 2) * chance;
}

export class SocketBackend implements Backend {
  #listener: (heard: Heard) => void = () => {};
  #socket: WebSocket | undefined;
  #waiting = new Map<number, Waiting>();
  #n = 0;
  #tries = 0;

  constructor(private readonly address: string) {}

  hear(listener: (heard: Heard) => void): void {
    this.#listener = listener;
    this.#connect();
    // A machine that comes back from sleep or to the network need not wait for the next try.
    window.addEventListener('online', () => this.#soon());
    document.addEventListener('visibilitychange', () => !document.hidden && this.#soon());
  }

  ask(call: Call): Promise<Reply> {
    const socket = this.#socket;
    if (socket?.readyState !== WebSocket.OPEN) return Promise.reject(gone());
    const n = ++this.#n;
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#waiting.delete(n);
        reject(gone());
      }, patience(call.call));
      this.#waiting.set(n, { resolve, reject, timer });
      socket.send(JSON.stringify({ n, ...call }));
    });
  }

  open(url: string): Promise<void> {
    window.open(url, '_blank', 'noopener');
    return Promise.resolve();
  }

  save(file: { name: string; mediaType: string; text: string }): Promise<boolean> {
    const url = URL.createObjectURL(new Blob([file.text], { type: file.mediaType }));
    const link = Object.assign(document.createElement('a'), { href: url, download: file.name });
    link.click();
    setTimeout(() => URL.revokeObjectURL(url), 0);
    return Promise.resolve(true);
  }

  #connect(): void {
    const socket = new WebSocket(this.address);
    this.#socket = socket;
    socket.onopen = () => {
      this.#tries = 0;
      this.#listener({ heard: 'connected' });
    };
    socket.onmessage = (event) => this.#read(String(event.data));
    socket.onclose = (event) => {
      if (this.#socket !== socket) return;
      this.#socket = undefined;
      for (const { reject, timer } of this.#waiting.values()) {
        clearTimeout(timer);
        reject(gone());
      }
      this.#waiting.clear();
      this.#listener({ heard: 'lost', crashed: !event.wasClean });
      setTimeout(() => this.#soon(), wait(this.#tries++, Math.random()));
    };
  }

  #soon(): void {
    if (this.#socket === undefined) this.#connect();
  }

  #read(text: string): void {
    const told = parse(text);
    if (told === undefined) return;
    if (told.told !== 'answer' && told.told !== 'refused') return this.#listener({ heard: 'told', told });
    const waiting = this.#waiting.get(told.n);
    if (!waiting) return;
    this.#waiting.delete(told.n);
    clearTimeout(waiting.timer);
    if (told.told === 'answer') waiting.resolve(told.reply);
    else waiting.reject(new Refusal(told.problem, told.faults));
  }
}

/** A message, or nothing where it is none: a newer daemon may say more than we understand. */
function parse(text: string): Told | undefined {
  try {
    const told: unknown = JSON.parse(text);
    return typeof told === 'object' && told !== null && 'told' in told ? (told as Told) : undefined;
  } catch {
    return undefined;
  }
}
