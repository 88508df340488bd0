// The compiled program as a process: exit codes, streams, closed pipes, a terminal that goes away.
// `npm test` builds it first.

import { spawn } from 'node:child_process';
import { closeSync, existsSync, openSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { startKvtune, until } from '../testing/kvtune-process.ts';
import { diskFolder } from '../testing/test-folder.ts';
import { KVTUNE_VERSION } from '../version.ts';

const base = diskFolder('cli-main');
const MAIN = fileURLToPath(new URL('../../dist/src/cli/main.js', import.meta.url));

interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

function kvtune(args: readonly string[], closeStdout = false): Promise<Ended> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [MAIN, ...args]);
    let stdout = '';
    let stderr = '';
    if (closeStdout) child.stdout.destroy();
    child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
    child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, stdout, stderr }));
  });
}

it('prints its version', async () => {
  expect(await kvtune(['--version'])).toEqual({
    code: 0,
    stdout: `${KVTUNE_VERSION}\n`,
    stderr: '',
  });
});

it('ends with 2 on an unknown command', async () => {
  const ended = await kvtune(['no-such-command']);
  expect(ended.code).toBe(2);
  expect(ended.stdout).toBe('');
  expect(ended.stderr).toMatch(/^kvtune: unknown command 'no-such-command'; .*\n$/);
});

it('ends quietly when nobody reads its output', async () => {
  expect(await kvtune(['--help'], true)).toEqual({ code: 0, stdout: '', stderr: '' });
});

// The device that is always full.
it.runIf(existsSync('/dev/full'))('ends with 6 when its result cannot be printed', async () => {
  const full = openSync('/dev/full', 'w');
  for (const args of [['workloads'], ['workloads', '--json']]) {
    const { code, stderr } = await new Promise<Omit<Ended, 'stdout'>>((resolve, reject) => {
      const child = spawn(process.execPath, [MAIN, ...args], { stdio: ['ignore', full, 'pipe'] });
      let said = '';
      child.stderr?.on('data', (chunk: Buffer) => (said += chunk.toString()));
      child.on('error', reject);
      child.on('close', (ended) => resolve({ code: ended, stderr: said }));
    });
    expect(code).toBe(6);
    expect(stderr).toMatch(/^kvtune: the result could not be printed: ENOSPC.*\n$/);
  }
  closeSync(full);
});

it('takes the end of its terminal for a Ctrl-C', async () => {
  const folder = join(base, 'run');
  const length = ['--duration', '30s', '--param', 'keys=100'];
  const running = startKvtune(['run', 'read-heavy', ...length, '--out', folder]);
  expect(await until(() => existsSync(join(folder, 'run.json')), 20_000)).toBe(true);
  running.child.kill('SIGHUP');
  const { code } = await running.ended;
  expect(code).toBe(130);
  expect(readdirSync(folder)).toContain('report.html');
  expect(readdirSync(folder).filter((name) => name.includes('work'))).toEqual([]);
}, 40_000);
