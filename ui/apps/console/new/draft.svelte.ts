// What was filled in for a new deployment. It is kept while one looks at another page, such as the wallet, and nowhere else.
import type { Deployment, EnvEntry, Wish } from '../client';
import { check, checkAddress, suggest } from '../view/name';
import type { Size } from '../view/size';
import { SIZES } from '../view/size';
import { iso } from '../view/term';

type Part = Deployment['part'];

class Draft {
  url = $state('');
  branch = $state('');
  folder = $state('');
  /** A read token for a private repository. */
  token = $state('');
  #name = $state<string>();
  project = $state('');
  env = $state.raw<EnvEntry[]>([]);
  size = $state.raw<Size>(SIZES[1]);
  /** Milliseconds since 1970; absent: until it is stopped. */
  until = $state<number>();
  fixed = $state(false);
  /** A Dockerfile instead of what is detected. */
  dockerfile = $state<string>();
  #part = $state.raw<{ chosen: Part }>();
  #likely = $state.raw<Part>();

  /** Which part of its project it becomes: what was chosen, else what is likely. */
  get part(): Part {
    return this.#part ? this.#part.chosen : this.#likely;
  }
  set part(part: Part) {
    this.#part = { chosen: part };
  }
  suggestPart(part: Part): void {
    this.#likely = part;
  }

  /** What was typed, else what the repository is called. */
  get name(): string {
    return this.#name ?? suggest(this.folder.trim() || this.url) ?? '';
  }
  set name(text: string) {
    this.#name = text;
  }

  get ready(): boolean {
    const source = checkAddress(this.url) === undefined && check(this.name) === undefined;
    return source && (!this.fixed || this.until !== undefined);
  }

  wish(): Wish {
    const [branch, root_dir, token, project] = [this.branch, this.folder, this.token, this.project].map((text) =>
      text.trim(),
    );
    return {
      name: this.name,
      source: {
        kind: 'git',
        url: this.url.trim(),
        ...(branch ? { branch } : {}),
        ...(root_dir ? { root_dir } : {}),
        ...(token ? { token } : {}),
      },
      ...(project ? { project } : {}),
      env: this.env,
      memory_bytes: this.size.memory,
      milli_cpu: this.size.cpu,
      ...(this.dockerfile?.trim() ? { dockerfile: this.dockerfile } : {}),
      ...(this.part ? { part: this.part } : {}),
      ...(this.fixed && this.until !== undefined ? { until: iso(this.until) } : {}),
    };
  }

  clear(): void {
    this.url = this.branch = this.folder = this.token = this.project = '';
    this.#name = undefined;
    this.env = [];
    this.size = SIZES[1];
    this.until = this.dockerfile = this.#part = this.#likely = undefined;
    this.fixed = false;
  }
}

export const draft = new Draft();
