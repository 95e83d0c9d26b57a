// Asking the daemon from a screen, and saying what came of it.
import type { Call, Reply } from '$lib/generated/desk';
import { toasts, type Toast } from '$lib/parts/toasts.svelte';
import { Refusal, gone } from '$lib/platform/backend';
import { desk } from '$lib/state/desk.svelte';

/** What went wrong, whatever was thrown. */
export function refusalOf(error: unknown): Refusal {
  return error instanceof Refusal ? error : gone();
}

/** Asks, says `done` when it was carried out, and says why when it was not. Absent: it was not. */
export async function act(call: Call, done?: string, action?: Toast['action']): Promise<Reply | undefined> {
  try {
    const reply = await desk.ask(call);
    if (done !== undefined) toasts.say(done, action);
    return reply;
  } catch (error) {
    toasts.problem(refusalOf(error).problem);
    return undefined;
  }
}
