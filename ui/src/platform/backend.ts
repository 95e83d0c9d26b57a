// What screens need of whatever runs them: a desk at the daemon, and a few doors out of the window.
// Deliberately absent: what news mean.
import type { Call, Fault, Problem, Reply, Told } from '../generated/desk';

/** What a screen hears without having asked. */
export type Heard =
  | { heard: 'connected' }
  /** `crashed`: the daemon went without saying so. */
  | { heard: 'lost'; crashed: boolean }
  | { heard: 'told'; told: Told }
  /** The tray or a second start wants this page. */
  | { heard: 'page'; page: string };

export interface Backend {
  /** Tells everything from now on; all sections come at once. Called once. */
  hear(listener: (heard: Heard) => void): void;
  /** Asks the daemon. Throws [`Refusal`]. */
  ask(call: Call): Promise<Reply>;
  /** Opens a link outside of the window. */
  open(url: string): Promise<void>;
  /** Keeps a text as a file of the owner's choice. Returns whether it was kept, or the owner thought better of it. */
  save(file: { name: string; mediaType: string; text: string }): Promise<boolean>;
  /** What only the desktop's shell can do; absent in a browser. */
  readonly shell?: Shell;
}

/** The shell of the desktop app. */
export interface Shell {
  /** Starts the daemon after it ended. */
  startDaemon(): Promise<void>;
  /** Ends the app and the daemon, after asking when something runs. */
  quit(): Promise<void>;
  about(): Promise<About>;
  checkUpdate(): Promise<UpdateNews>;
  installUpdate(): Promise<void>;
}

/** Versions and licences. */
export interface About {
  version: string;
  target: string;
  webview: string | null;
  licence: string;
  components: { name: string; version: string; licence: string }[];
}

/** Whether there is a newer version. */
export type UpdateNews =
  { update: 'not_configured' } | { update: 'newest' } | { update: 'ready'; version: string; notes: string | null };

/** An ask that was not carried out. */
export class Refusal extends Error {
  constructor(
    readonly problem: Problem,
    readonly faults: Fault[] = [],
  ) {
    super(problem.message);
  }
}

/** So long an answer may take before the screen says that none came. */
export function patience(call: Call['call']): number {
  // These wait for the machine or the network; the daemon has deadlines of its own, which are shorter.
  const slow: Call['call'][] = [
    'enrol',
    'run_doctor',
    'mend',
    'claim',
    'clean_up',
    'remove_image',
    'import_wallet',
    'create_wallet',
    'back_up_wallet',
    'statement',
    'set_threshold',
    'refresh_earnings',
    'look_at_disk',
    'shutdown',
  ];
  return slow.includes(call) ? 120_000 : 15_000;
}

/** The daemon is not there. */
export function gone(): Refusal {
  return new Refusal({
    code: 'daemon_gone' as Problem['code'],
    message: 'The background service of Ttalkak does not answer.',
    next: 'Start it again.',
  });
}
