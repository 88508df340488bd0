// Test runner: one test file a process, so that shared memory, locks and environment of one file
// never meet another's. Tests that need the compiled program start dist/, which `npm test` builds.

import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['{engine,workloads,src,scripts}/**/*.test.ts'],
    pool: 'forks',
    maxWorkers: 2,
    testTimeout: 30_000,
    hookTimeout: 60_000,
    // An unawaited failure is a failure, and a file without tests is a mistake.
    dangerouslyIgnoreUnhandledErrors: false,
    passWithNoTests: false,
  },
});
