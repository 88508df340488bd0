// Test runner: one test file a process, so that shared memory, locks and environment of one file
// never meet another's. Tests that need the compiled program start dist/, which `npm test` builds.
// Files of tests that take minutes, *.long.test.ts, are run under KVTUNE_LONG_TESTS=1 alone.

import { configDefaults, defineConfig } from 'vitest/config';

const LONG = process.env['KVTUNE_LONG_TESTS'] === '1';

if (!LONG) {
  process.stderr.write('skipped: *.long.test.ts: KVTUNE_LONG_TESTS=1 npx vitest run .long.test\n');
}

export default defineConfig({
  test: {
    include: ['{engine,workloads,src,scripts}/**/*.test.ts'],
    exclude: [...configDefaults.exclude, ...(LONG ? [] : ['**/*.long.test.ts'])],
    pool: 'forks',
    maxWorkers: 2,
    testTimeout: 30_000,
    hookTimeout: 60_000,
    // An unawaited failure is a failure, and a file without tests is a mistake.
    dangerouslyIgnoreUnhandledErrors: false,
    passWithNoTests: false,
  },
});
