import { defineConfig } from 'vitest/config';

// Real pages in a real browser: one at a time, since machines that test are small.
export default defineConfig({
  test: {
    include: ['tests/browser/**/*.test.ts', 'tests/console/**/*.test.ts'],
    fileParallelism: false,
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
});
