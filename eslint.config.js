// Lint rules of the house: ESLint recommended plus typescript-eslint's strictest typed sets, and the
// rules that keep each effect with its one owner (disk, time, chance, process end, printing). Layers
// between folders are dependency-cruiser's job, formatting is Prettier's, the rest is scripts/tidy.ts.
// Every exception below carries its reason; none is made inside a source file without one.

import js from '@eslint/js';
import { defineConfig, globalIgnores } from 'eslint/config';
import tseslint from 'typescript-eslint';

const TYPED = ['{engine,workloads,src,scripts}/**/*.ts', '*.config.ts'];
const TESTS = ['**/*.test.ts', '**/*.bench.ts', '**/testing/**/*.ts', '**/*.contract.ts'];

const CLOCKS = ['engine/base/clock.ts', 'src/measure/clock.ts'];
const DISK = ['engine/vfs/node-vfs.ts', 'src/record/**/*.ts', 'src/hardware/**/*.ts'];
const MAIN = 'src/cli/main.ts';

const time = [
  ['Date', 'now'],
  ['performance', 'now'],
  ['process', 'hrtime'],
].map(([object, property]) => ({
  object,
  property,
  message:
    'Time has one door: engine/base/clock.ts in the engine, src/measure/clock.ts in the suite.',
}));

const chance = {
  object: 'Math',
  property: 'random',
  message: 'All chance comes from one printed seed: use Random of engine/base/random.ts.',
};

const end = {
  object: 'process',
  property: 'exit',
  message: `Only ${MAIN} ends the process; return an exit code or throw a CliError.`,
};

const diskModules = ['node:fs', 'node:fs/promises', 'fs', 'fs/promises'].map((name) => ({
  name,
  message: 'Files are touched in engine/vfs/node-vfs.ts, src/record and src/hardware only.',
}));

const wallClock = {
  selector: "NewExpression[callee.name='Date'][arguments.length=0]",
  message: 'Wall-clock time comes from src/measure/clock.ts.',
};

export default defineConfig(
  globalIgnores(['dist/', 'coverage/', 'results/', 'scripts/peers/']),
  js.configs.recommended,
  { linterOptions: { reportUnusedDisableDirectives: 'error' } },

  {
    files: TYPED,
    extends: [tseslint.configs.strictTypeChecked, tseslint.configs.stylisticTypeChecked],
    languageOptions: {
      parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname },
    },
    rules: {
      eqeqeq: 'error',
      'max-lines': ['error', { max: 500 }],
      'max-lines-per-function': ['error', { max: 70, skipBlankLines: true, skipComments: true }],
      'no-console': 'error',
      'no-restricted-imports': ['error', { paths: diskModules }],
      'no-restricted-properties': ['error', ...time, chance, end],
      'no-restricted-syntax': ['error', wallClock],
      '@typescript-eslint/explicit-module-boundary-types': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': 'error',
      // Arrow functions that hand on a call's nothing are the shortest callbacks there are.
      '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true }],
      // Numbers print unambiguously; every other type must be turned into text on purpose.
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true }],
      // Loops that end from inside are natural in searches; other constant conditions are mistakes.
      '@typescript-eslint/no-unnecessary-condition': [
        'error',
        { allowConstantLoopConditions: 'only-allowed-literals' },
      ],
    },
  },

  {
    files: ['engine/**/*.ts', 'scripts/simulation/**/*.ts'],
    rules: {
      // noUncheckedIndexedAccess makes every typed-array read `number | undefined`. The engine reads
      // bytes by the million at offsets proven in bounds (a page's counts are checked once, when it
      // is loaded); `array[i]!` is the one way to say so, and costs nothing at run time.
      '@typescript-eslint/no-non-null-assertion': 'off',
      // `array[i]! === x` is such a read; Prettier takes the parentheses away that the rule wants.
      '@typescript-eslint/no-confusing-non-null-assertion': 'off',
    },
  },

  // The owners of an effect may use it.
  { files: DISK, rules: { 'no-restricted-imports': 'off' } },
  {
    files: CLOCKS,
    rules: { 'no-restricted-properties': ['error', chance, end], 'no-restricted-syntax': 'off' },
  },
  { files: [MAIN], rules: { 'no-restricted-properties': ['error', ...time, chance] } },
  { files: ['src/cli/**/*.ts'], rules: { 'no-console': 'off' } },
  {
    // Errands run by hand or by CI: they read the checkout, print, and end with a code of their own.
    files: ['scripts/**/*.ts'],
    rules: {
      'no-console': 'off',
      'no-restricted-imports': 'off',
      'no-restricted-properties': ['error', chance],
      'no-restricted-syntax': 'off',
    },
  },
  {
    // Tests prepare files, wait, and hold one long describe(); a wrong `!` fails the test itself.
    files: TESTS,
    rules: {
      'max-lines-per-function': 'off',
      'no-restricted-imports': 'off',
      'no-restricted-properties': ['error', chance],
      'no-restricted-syntax': 'off',
      '@typescript-eslint/no-non-null-assertion': 'off',
    },
  },
  {
    // Configuration files in JavaScript have no types to check; Node's own globals are all they use.
    files: ['**/*.js', '**/*.cjs'],
    extends: [tseslint.configs.disableTypeChecked],
    languageOptions: { globals: { module: 'writable', URL: 'readonly' } },
  },
);
