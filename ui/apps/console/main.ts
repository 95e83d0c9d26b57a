// The console's entry: speaks the reader's language, wears the system's theme, and draws the app.
import { speech, systemLanguage } from '$lib/i18n';
import { appear } from '$lib/theme/appearance';
import '$lib/theme/theme.css';
import { mount } from 'svelte';
import App from './App.svelte';

appear('system');
await speech.speak(systemLanguage());
const target = document.getElementById('app');
if (target) mount(App, { target });
