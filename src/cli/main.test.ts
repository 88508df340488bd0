// The compiled program as a process: exit codes, streams, closed pipes. `npm test` builds it first.

import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { KVTUNE_VERSION } from '../version.ts';

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
