// One log of one deployment, followed over every break.
import type { ProblemText } from '$lib/i18n';
import { append, type LogLine, type LogTone } from '$lib/parts/log';
import type { LogKind, LogLineView } from './client';
import { follow } from './stream';

/** Lines that come together are drawn together. */
const TOGETHER_MS = 80;
const TAIL = 1000;

const TONES: Record<LogLineView['stream'], LogTone> = {
  build: 'build',
  stdout: 'out',
  stderr: 'error',
  system: 'system',
};

export interface LogOf {
  deployment: string;
  kind: LogKind;
  /** The one on its way, else the serving one, when absent. */
  release?: number | undefined;
}

export class Log {
  lines = $state.raw<LogLine[]>([]);
  /** `over`: nothing more can come. */
  standing = $state<'loading' | 'live' | 'broken' | 'over'>('loading');
  problem = $state.raw<ProblemText>();
  #waiting: LogLine[] = [];
  #timer: ReturnType<typeof setTimeout> | undefined;
  #stop: () => void;

  constructor({ deployment, kind, release }: LogOf, onover?: () => void) {
    const query = new URLSearchParams({ follow: 'true', kind, tail: String(TAIL) });
    if (release !== undefined) query.set('release', String(release));
    let last: string | undefined;
    let ended = false;
    this.#stop = follow({
      path: `/v1/deployments/${encodeURIComponent(deployment)}/logs?${query}`,
      lastId: () => last,
      onopen: () => {
        this.standing = 'live';
        this.problem = undefined;
      },
      onevent: ({ event, data, id }) => {
        if (event === 'end') ended = true;
        if (event !== 'line') return;
        last = id;
        this.#add(JSON.parse(data) as LogLineView);
      },
      onlost: (problem) => {
        this.#flush();
        const gone = problem?.code === 'not_found';
        this.problem = gone ? undefined : problem;
        this.standing = ended || gone ? 'over' : 'broken';
        if (ended) onover?.();
        return this.standing === 'broken';
      },
    });
  }

  end(): void {
    clearTimeout(this.#timer);
    this.#stop();
  }

  #add(line: LogLineView): void {
    this.#waiting.push({ seq: line.id, at: Date.parse(line.at), text: line.text, tone: TONES[line.stream] });
    this.#timer ??= setTimeout(() => this.#flush(), TOGETHER_MS);
  }

  #flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#waiting.length > 0) this.lines = append(this.lines, this.#waiting.splice(0));
  }
}
