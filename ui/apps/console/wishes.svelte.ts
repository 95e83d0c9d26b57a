// Language and theme as this reader wishes them, kept in this browser.
import { speech, systemLanguage, type Language } from '$lib/i18n';
import { appear, type Wish } from '$lib/theme/appearance';

const THEME = 'ttalkak.theme';
const LANGUAGE = 'ttalkak.language';

class Wishes {
  theme = $state<Wish>((['light', 'dark'] as const).find((one) => one === localStorage.getItem(THEME)) ?? 'system');
  #stop: () => void = () => {};

  async start(): Promise<void> {
    this.#stop = appear(this.theme);
    const kept = localStorage.getItem(LANGUAGE);
    await speech.speak(kept === 'ko' || kept === 'en' ? kept : systemLanguage());
  }

  wear(theme: Wish): void {
    this.#stop();
    this.theme = theme;
    localStorage.setItem(THEME, theme);
    this.#stop = appear(theme);
  }

  async speak(language: Language): Promise<void> {
    localStorage.setItem(LANGUAGE, language);
    await speech.speak(language);
  }
}

export const wishes = new Wishes();
