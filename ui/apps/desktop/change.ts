// Changing settings from a screen: at once, or after looking at what it would do.
import type { Preview, SettingsPatch, WhenBelowUse } from '$lib/generated/desk';
import { desk } from '$lib/state/desk.svelte';
import { act } from './act';

/** Changes settings that cannot collide with what runs. */
export function change(patch: SettingsPatch): void {
  void act({ call: 'change_settings', patch, when_below_use: 'refuse' });
}

/** The same, and waits for what was done. Absent: it was refused, and that was said. */
export async function changeAndWait(
  patch: SettingsPatch,
  when_below_use: WhenBelowUse,
  done?: string,
): Promise<Preview | undefined> {
  const reply = await act({ call: 'change_settings', patch, when_below_use }, done);
  return reply?.reply === 'preview' ? reply : undefined;
}

/** What decides a setting elsewhere, as it is spelt there. */
export function lockedBy(setting: string): string | undefined {
  return desk.settings?.locked.find((one) => one.setting === setting)?.by;
}
