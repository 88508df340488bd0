// run, ab and sweep over several sessions, as a user runs them: Ctrl-C, a disk that is full, two at once, and runs
// that are gone on with. Takes a minute and more, so it runs under KVTUNE_LONG_TESTS=1 alone.

import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { AnswersFile } from '../../record/answer.ts';
import { readRun } from '../../record/folder.ts';
import { kvtune, pressCtrlC, startKvtune, until } from '../../testing/kvtune-process.ts';
import {
  base,
  expectFolder,
  leftovers,
  MINUTES,
  out,
  roundsIn,
  SMALL,
} from './testing/load-runs.ts';

describe('a folder has one run at a time', () => {
  it('of two that begin at once, one is told so', MINUTES, async () => {
    const folder = out();
    const words = ['run', 'read-heavy', ...SMALL, '--out', folder];
    const both = await Promise.all([kvtune(words), kvtune(words)]);
    const refused = both.filter(({ code }) => code === 2);
    expect(refused).toHaveLength(1);
    expect(refused[0]?.stderr).toMatch(/is in use by|holds a run already/);
    expectFolder(folder);
  });
});

describe('kvtune run', () => {
  it('tells a script in JSON, of an open loop and several sessions', MINUTES, async () => {
    const folder = out();
    const flags = ['--rate', '500/s', '--repeat', '2', '--json', '--quiet'];
    const { code, stdout, stderr } = await kvtune([
      ...['run', 'read-heavy', ...SMALL, ...flags, '--out', folder],
    ]);
    expect(stderr).toBe('');
    const { answers } = JSON.parse(stdout) as AnswersFile;
    expect(answers[0]?.facts).toContainEqual({
      label: 'Verified',
      value: expect.stringContaining('2 of 2 stores') as string,
    });
    // A machine that is busy with other tests starts operations late, and then says so.
    expect(code).toBe(answers[0]?.verdict === 'invalid' ? 5 : 0);
    const { run, rounds } = readRun(folder);
    expect(run.load).toMatchObject({ command: 'run', sessionsMax: 2, slicesPerSession: 1 });
    const load = {
      loop: 'open',
      arrival: 'poisson',
      ratePerSecond: 500,
      clients: 4,
      seconds: 0.05,
    };
    expect(run.load?.factors).toMatchObject({ workload: 'read-heavy', keys: 200, ...load });
    expect(rounds.map(({ kind, session }) => [kind, session])).toEqual([
      ...[
        ['slice', 0],
        ['close', 0],
        ['slice', 1],
        ['close', 1],
      ],
    ]);
  });

  it(
    'keeps what was measured when it is stopped, and leaves no store behind',
    MINUTES,
    async () => {
      const folder = out();
      const running = startKvtune([
        ...['run', 'read-heavy', '--param', 'keys=200', '--repeat', '9'],
        ...['--duration', '300ms', '--out', folder],
      ]);
      expect(await until(() => roundsIn(folder) >= 2, 60_000)).toBe(true);
      pressCtrlC(running);
      const { code, stdout } = await running.ended;
      expect(code).toBe(130);
      expect(stdout).toContain('Interrupted');
      expect(leftovers(folder)).toEqual([]);
      const { rounds, run } = readRun(folder);
      expect(run.status).toBe('interrupted');
      expect(rounds.length).toBeGreaterThanOrEqual(2);
      expectFolder(folder);
    },
  );

  it('ends with 6 where nothing more can be recorded, and keeps what was', MINUTES, async () => {
    const folder = out();
    // The second line of rounds.ndjson finds the disk full.
    const full =
      "import fs from 'node:fs';import { syncBuiltinESMExports } from 'node:module';" +
      'const append = fs.appendFileSync; let lines = 0;' +
      'fs.appendFileSync = (...args) => { if (++lines < 2) return append(...args);' +
      "throw Object.assign(new Error('ENOSPC: no space left on device, write'), " +
      "{ code: 'ENOSPC', syscall: 'write' }); }; syncBuiltinESMExports();";
    const preload = join(base, 'full-disk.mjs');
    writeFileSync(preload, full);
    const { code, stderr } = await kvtune(['run', 'read-heavy', ...SMALL, '--out', folder], {
      env: { NODE_OPTIONS: `--import=${preload}` },
    });
    expect(code, stderr).toBe(6);
    expect(stderr).toMatch(/stopped early: ENOSPC.*; finished rounds are kept/);
    expect(leftovers(folder)).toEqual([]);
    expect(readRun(folder)).toMatchObject({
      run: { status: 'failed' },
      rounds: [{ kind: 'slice' }],
    });
  });
});

describe('kvtune ab', () => {
  it('runs both arms in every session, in processes of their own', MINUTES, async () => {
    const folder = out();
    const { code, stdout, stderr } = await kvtune([
      ...['ab', 'read-heavy', '--a', 'durability=none', '--b', 'syncDelay=20ms', ...SMALL],
      ...['--param', 'writeShare=1', '--repeat', '2', '--budget', '5m', '--out', folder],
    ]);
    const { answers } = expectFolder(folder);
    // Of two sessions an interval may be as wide as the machine is busy: exit-codes has more.
    expect(code, stderr).toBe(answers[0]?.verdict === 'worse' ? 3 : 4);
    expect(stdout).toContain('operations/s, b / a');
    expect(answers[0]?.estimates[0]).toMatchObject({ deciding: true, sessions: 2 });
    const { rounds } = readRun(folder);
    for (const session of [0, 1]) {
      const own = rounds.filter((one) => one.kind === 'slice' && one.session === session);
      for (const block of new Set(own.map((one) => one.block))) {
        const arms = own.filter((one) => one.block === block).map(({ arm }) => arm);
        expect(arms.sort()).toEqual(['a', 'b']);
      }
    }
    for (const { arm, settings } of rounds) {
      expect(settings['durability']).toBe(arm === 'a' ? 'none' : 'group');
    }
  });
});

describe('kvtune sweep', () => {
  it('goes on where it was stopped, and nowhere else', MINUTES, async () => {
    const folder = out();
    const factors = ['--factor', 'batchLimit=100,1k', '--factor', 'batchInterval=5ms,50ms'];
    const running = startKvtune([
      ...['sweep', 'read-heavy', ...factors, ...SMALL, '--repeat', '2', '--out', folder],
    ]);
    expect(await until(() => roundsIn(folder) >= 4, 90_000)).toBe(true);
    pressCtrlC(running);
    const stopped = await running.ended;
    expect(stopped.code, stopped.stderr).toBe(130);
    const before = readRun(folder).rounds;
    const other = await kvtune(['run', '--resume', folder]);
    expect(other.code).toBe(2);
    expect(other.stderr).toContain('holds a run of sweep; go on with kvtune sweep --resume');
    const { code, stdout, stderr } = await kvtune(['sweep', '--resume', folder]);
    expect(code, stderr).toBe(0);
    expect(stdout).toMatch(/^batchLimit +batchIntervalMs +operations/m);
    const { rounds } = readRun(folder);
    expect(rounds.slice(0, before.length)).toEqual(before);
    const cells = new Set(rounds.map(({ cell }) => cell));
    expect(cells.size).toBe(4);
    for (const cell of cells) {
      const own = rounds.filter((one) => one.kind === 'slice' && one.cell === cell);
      expect(new Set(own.map(({ session }) => session)).size).toBeGreaterThanOrEqual(2);
    }
    const { answers } = expectFolder(folder);
    expect(answers[0]?.panels[0]).toMatchObject({ kind: 'heat' });
    expect(readdirSync(join(folder, 'charts')).length).toBeGreaterThan(0);
  });
});
