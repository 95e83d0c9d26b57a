// The console's entry: speaks the reader's language, wears the wished theme, and draws the app.
import { bring } from '$lib/i18n';
import '$lib/theme/theme.css';
import { mount } from 'svelte';
import { start } from './account/enter';
import App from './App.svelte';
import { wishes } from './wishes.svelte';
import { source } from './words';

bring(source);
start();
await wishes.start();
const target = document.getElementById('app');
if (target) mount(App, { target });
