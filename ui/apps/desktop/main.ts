// The desktop app's entry: finds its backend, speaks, and draws the app.
import { bring, speech, systemLanguage } from '$lib/i18n';
import { backend } from '$lib/platform/choose';
import { desk } from '$lib/state/desk.svelte';
import { appear } from '$lib/theme/appearance';
import '$lib/theme/theme.css';
import { mount } from 'svelte';
import App from './App.svelte';
import { go } from './route.svelte';
import { source } from './words';

appear('system');
bring(source);
await speech.speak(systemLanguage());
const target = document.getElementById('app');
if (target) {
  if (import.meta.env.DEV && window.location.hash === '#gallery') {
    mount((await import('./dev/Gallery.svelte')).default, { target });
  } else {
    desk.start(await backend(), go);
    mount(App, { target });
  }
}
