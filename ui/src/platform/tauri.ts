// A desk through the shell of the desktop app. The only file that speaks to Tauri; the commands are those of
// agent/desktop/window/commands.rs.
import { Channel, invoke, type InvokeArgs } from '@tauri-apps/api/core';
import type { Call, Fault, Problem, Reply } from '../generated/desk';
import { gone, patience, Refusal, type About, type Backend, type Heard, type Shell, type UpdateNews } from './backend';

/** Turns what a command rejects with into a refusal: a problem with faults, or silence. */
function refusal(error: unknown): Refusal {
  if (error instanceof Refusal) return error;
  if (typeof error !== 'object' || error === null || !('problem' in error)) return gone();
  return new Refusal(error.problem as Problem, 'faults' in error ? (error.faults as Fault[]) : []);
}

async function command<T>(name: string, args?: InvokeArgs): Promise<T> {
  try {
    return await invoke<T>(name, args);
  } catch (error) {
    throw refusal(error);
  }
}

const shell: Shell = {
  startDaemon: () => command('start_daemon'),
  quit: () => command('quit'),
  about: () => command<About>('about'),
  checkUpdate: () => command<UpdateNews>('check_update'),
  installUpdate: () => command('install_update'),
};

export class TauriBackend implements Backend {
  readonly shell = shell;

  hear(listener: (heard: Heard) => void): void {
    const heard = new Channel<Heard>();
    heard.onmessage = listener;
    void command('hear', { heard });
  }

  async ask(call: Call): Promise<Reply> {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const late = new Promise<never>((_, reject) => (timer = setTimeout(() => reject(gone()), patience(call.call))));
    try {
      return await Promise.race([command<Reply>('ask', { call }), late]);
    } finally {
      clearTimeout(timer);
    }
  }

  open(url: string): Promise<void> {
    return command('open_link', { url });
  }

  save(file: { name: string; mediaType: string; text: string }): Promise<boolean> {
    return command('save_file', { name: file.name, text: file.text });
  }
}
