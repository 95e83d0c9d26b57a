import { svelte } from '@sveltejs/vite-plugin-svelte';
import { resolve } from 'node:path';
import { defineConfig } from 'vitest/config';

export default defineConfig({
  plugins: [svelte({ configFile: resolve(import.meta.dirname, 'svelte.config.js') })],
  resolve: { alias: { $lib: resolve(import.meta.dirname, 'src') } },
  test: { include: ['src/**/*.test.ts', 'apps/**/*.test.ts', 'tests/unit/**/*.test.ts'] },
});
