// fresh.mjs in a small checkout of its own: what it compiles, when it does, and what it never runs.

import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, statSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, it } from 'vitest';
import { testFolder } from '../src/testing/test-folder.ts';

const ROOT = fileURLToPath(new URL('../', import.meta.url));
const checkout = testFolder('fresh');
const source = join(checkout, 'scripts', 'hello.ts');
const SECONDS = 60_000;

function run(...args: readonly string[]): { code: number | null; stdout: string; stderr: string } {
  const program = [join(checkout, 'scripts', 'fresh.mjs'), 'dist/scripts/hello.js', ...args];
  const ended = spawnSync(process.execPath, program, { encoding: 'utf8', cwd: '/' });
  return { code: ended.status, stdout: ended.stdout, stderr: ended.stderr };
}

/** A program that prints `word` and its arguments, as changed two seconds after the last build. */
function write(word: string): void {
  writeFileSync(
    source,
    `process.stdout.write([${word}, ...process.argv.slice(2)].join(' '));\nprocess.exitCode = 7;\n`,
  );
  const compiled = join(checkout, 'dist', 'scripts', 'hello.js');
  const built = statSync(compiled, { throwIfNoEntry: false });
  if (built === undefined) return;
  const seconds = built.mtimeMs / 1e3 + 2;
  utimesSync(source, seconds, seconds);
}

beforeAll(() => {
  for (const folder of ['engine', 'workloads', 'src', 'scripts']) mkdirSync(join(checkout, folder));
  for (const name of ['tsconfig.json', 'tsconfig.build.json', 'package.json']) {
    copyFileSync(join(ROOT, name), join(checkout, name));
  }
  writeFileSync(
    join(checkout, 'src', 'version.ts'),
    "import manifest from '../package.json' with { type: 'json' };\nexport const V: string = manifest.version;\n",
  );
  copyFileSync(join(ROOT, 'scripts', 'fresh.mjs'), join(checkout, 'scripts', 'fresh.mjs'));
  symlinkSync(join(ROOT, 'node_modules'), join(checkout, 'node_modules'));
});

describe('fresh.mjs', () => {
  it('compiles what was never compiled, says so, and runs it', { timeout: SECONDS }, () => {
    write("'one'");
    const { code, stdout, stderr } = run('a', '--b');
    expect({ code, stdout }).toEqual({ code: 7, stdout: 'one a --b' });
    expect(stderr).toMatch(/^building: \S+ is newer than what was compiled of it\n$/);
  });

  it('runs at once, and says nothing, while nothing changed', { timeout: SECONDS }, () => {
    expect(run()).toEqual({ code: 7, stdout: 'one', stderr: '' });
  });

  it('never runs what a changed source was compiled to before', { timeout: SECONDS }, () => {
    write("'two'");
    const { code, stdout, stderr } = run();
    expect({ code, stdout }).toEqual({ code: 7, stdout: 'two' });
    expect(stderr).toContain('building: scripts/hello.ts');
  });

  it('does not run what does not compile, however often', { timeout: SECONDS }, () => {
    write('nothing');
    for (const why of ['scripts/hello.ts is newer', 'the last build failed']) {
      const { code, stdout, stderr } = run();
      expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
      expect(stderr).toContain(`building: ${why}`);
      expect(stderr).toMatch(/hello\.ts.*'nothing'/);
      expect(stderr).toContain('dist/scripts/hello.js is not run');
    }
  });

  it('needs a program', () => {
    const fresh = join(checkout, 'scripts', 'fresh.mjs');
    expect(spawnSync(process.execPath, [fresh]).status).toBe(2);
  });
});
