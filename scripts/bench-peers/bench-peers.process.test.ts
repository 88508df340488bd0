// The command as a process: what it prints where, and its exit codes. Needs the compiled program.

import { spawn, type ChildProcess } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { describeWithBbolt } from '../../engine/testing/peers.ts';
import { until, type Ended } from '../../src/testing/kvtune-process.ts';
import { diskFolder } from '../../src/testing/test-folder.ts';

const MAIN = fileURLToPath(new URL('../../dist/scripts/bench-peers.js', import.meta.url));
const folder = diskFolder('bench-peers');

function start(
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): { child: ChildProcess; ended: Promise<Ended>; said: () => string } {
  const child = spawn(process.execPath, [MAIN, ...args], {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
  const ended = new Promise<Ended>((resolve) => {
    child.on('close', (code) => resolve({ code, stdout, stderr }));
  });
  return { child, ended, said: () => stderr };
}

describe('bench:peers', () => {
  it('prints its help', async () => {
    const { code, stdout, stderr } = await start(['--help']).ended;
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toContain('--rows NAMES');
  });

  it('ends with 2 and one line at a flag that cannot be used', async () => {
    const { code, stdout, stderr } = await start(['--rows', 'skan']).ended;
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toMatch(/^bench:peers: --rows: there is no row skan;.*\n$/);
  });

  it('ends with 2 where the work folder is not there, and does not make it', async () => {
    const missing = `${folder}/missing`;
    const { code, stderr } = await start(['--quick', '--work-dir', missing]).ended;
    expect(code, stderr).toBe(2);
    expect(stderr).toMatch(/^bench:peers: the work folder \S+ does not exist/m);
    expect(readdirSync(folder)).toEqual([]);
  });

  it('ends with 6 and one line without bbolt', async () => {
    const env = { KVTUNE_BBOLTPEER: `${folder}/none`, KVTUNE_BBOLT_SOURCE: 'nowhere' };
    const { code, stdout, stderr } = await start(['--quick'], env).ended;
    expect({ code, stdout }).toEqual({ code: 6, stdout: '' });
    expect(stderr).toMatch(/^building the harness around bbolt\nbench:peers: peers: no .*\n$/);
  });
});

describeWithBbolt('bench:peers with bbolt', () => {
  const scan = ['--rows', 'scan', '--quick', '--pairs', '1', '--work-dir', folder];

  it('prints rows as JSON and progress beside it', async () => {
    const { code, stdout, stderr } = await start([...scan, '--json']).ended;
    expect(code).toBe(0);
    const { rows, honest } = JSON.parse(stdout) as { rows: object[]; honest: null };
    expect(honest).toBeNull();
    const names = ['name', 'ours', 'peer', 'peerVersion', 'unit', 'ratio', 'low', 'high'];
    expect(Object.keys(rows[0] ?? {})).toEqual([...names, 'bar', 'pass']);
    expect(rows[0]).toMatchObject({ name: 'scan', peerVersion: '1.3.6', bar: 0.7, low: null });
    expect(stderr).toContain('scan: session 1, block 1 of 1, 1.3.6\n');
    expect(readdirSync(folder)).toEqual([]);
  });

  it('cleans up and ends with 130 when it is interrupted', async () => {
    const running = start([...scan, '--pairs', '1000']);
    expect(await until(() => running.said().includes('scan: session 2'), 20_000)).toBe(true);
    running.child.kill('SIGINT');
    const { code, stdout } = await running.ended;
    expect({ code, stdout }).toEqual({ code: 130, stdout: '' });
    expect(readdirSync(folder)).toEqual([]);
  });
});
