// Two apps over one library: `--mode desktop` and `--mode console`.
import { svelte } from '@sveltejs/vite-plugin-svelte';
import { resolve } from 'node:path';
import { defineConfig } from 'vite';
import { compressed } from './vite.compress.ts';

const here = import.meta.dirname;

export default defineConfig(({ mode, command }) => {
  const app = mode === 'console' ? 'console' : 'desktop';
  return {
    root: resolve(here, 'apps', app),
    // Relative, since daemon and window serve the files from places of their own; the console's addresses have depth.
    base: app === 'console' ? '/' : './',
    logLevel: command === 'build' ? 'warn' : 'info',
    plugins: [svelte({ configFile: resolve(here, 'svelte.config.js') }), ...(app === 'console' ? [compressed()] : [])],
    resolve: { alias: { $lib: resolve(here, 'src') } },
    server: { host: '127.0.0.1', port: app === 'desktop' ? 5173 : 5174, strictPort: true },
    build: {
      outDir: resolve(here, 'dist', app),
      emptyOutDir: true,
      // WebKitGTK 2.40 and newer, and the browsers of the last two years.
      target: 'safari16.4',
      assetsInlineLimit: 0,
      reportCompressedSize: false,
      rollupOptions: {
        input: command === 'build' ? resolve(here, 'apps', app, 'index.html') : undefined,
      },
    },
  };
});
