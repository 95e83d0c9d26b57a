import { defineConfig } from 'vitest/config';

// Real pages in a real browser: one at a time, since machines that test are small. Waits are long, since such machines do other work too.
export default defineConfig({
  test: {
    include: ['tests/browser/**/*.test.ts', 'tests/console/**/*.test.ts'],
    fileParallelism: false,
    testTimeout: 180_000,
    hookTimeout: 120_000,
    expect: { poll: { timeout: 30_000 } },
  },
});
