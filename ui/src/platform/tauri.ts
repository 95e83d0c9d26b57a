// A desk through the shell of the desktop app. The only file that speaks to Tauri.
import { invoke } from '@tauri-apps/api/core';
import { listen } from '@tauri-apps/api/event';
import type { Call, Fault, Problem, Reply, Told } from '../generated/desk';
import { gone, patience, Refusal, type About, type Backend, type Heard, type Shell, type UpdateNews } from './backend';

/** What the shell is asked beside the daemon, and what it answers. */
type ShellCall =
  | { call: 'open_link'; url: string }
  | { call: 'save_file'; file_name: string; text: string }
  | { call: 'about' | 'check_update' | 'install_update' | 'start_daemon' | 'quit' };
type ShellReply =
  | { reply: 'done' }
  | { reply: 'saved'; path: string | null }
  | ({ reply: 'about' } & About)
  | ({ reply: 'update' } & UpdateNews);

/** Turns what a command rejects with into a refusal: a problem with faults, a bare problem, or silence. */
function refusal(error: unknown): Refusal {
  if (error instanceof Refusal) return error;
  if (typeof error !== 'object' || error === null) return gone();
  if ('problem' in error)
    return new Refusal(error.problem as Problem, 'faults' in error ? (error.faults as Fault[]) : []);
  return 'code' in error ? new Refusal(error as Problem) : gone();
}

async function shellAsk(call: ShellCall): Promise<ShellReply> {
  try {
    return await invoke<ShellReply>('shell_ask', { call });
  } catch (error) {
    throw refusal(error);
  }
}

const shell: Shell = {
  startDaemon: async () => void (await shellAsk({ call: 'start_daemon' })),
  quit: async () => void (await shellAsk({ call: 'quit' })),
  installUpdate: async () => void (await shellAsk({ call: 'install_update' })),
  about: async () => (await shellAsk({ call: 'about' })) as About & { reply: 'about' },
  checkUpdate: async () => (await shellAsk({ call: 'check_update' })) as UpdateNews & { reply: 'update' },
};

export class TauriBackend implements Backend {
  readonly shell = shell;

  hear(listener: (heard: Heard) => void): void {
    const listening = [
      listen<Told>('desk://news', ({ payload }) => listener({ heard: 'told', told: payload })),
      listen<{ connected: boolean; crashed: boolean }>('desk://link', ({ payload }) =>
        listener(payload.connected ? { heard: 'connected' } : { heard: 'lost', crashed: payload.crashed }),
      ),
      listen<string>('shell://page', ({ payload }) => listener({ heard: 'page', page: payload })),
    ];
    // The desk opens once somebody listens, so that no section is missed.
    void Promise.all(listening).then(() => invoke('desk_open'));
  }

  async ask(call: Call): Promise<Reply> {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const late = new Promise<never>((_, reject) => (timer = setTimeout(() => reject(gone()), patience(call.call))));
    try {
      return await Promise.race([invoke<Reply>('desk_ask', { call }), late]);
    } catch (error) {
      throw refusal(error);
    } finally {
      clearTimeout(timer);
    }
  }

  async open(url: string): Promise<void> {
    await shellAsk({ call: 'open_link', url });
  }

  async save(file: { name: string; mediaType: string; text: string }): Promise<boolean> {
    const reply = await shellAsk({ call: 'save_file', file_name: file.name, text: file.text });
    return reply.reply === 'saved' && reply.path !== null;
  }
}
