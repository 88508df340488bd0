// run, ab, sweep and workloads as a user runs them: flags they refuse, small loads from start to end, what lies
// in the folder afterwards, Ctrl-C, and runs that are gone on with. Figures are not looked at.

import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { describe, expect, it } from 'vitest';
import type { AnswersFile } from '../../record/answer.ts';
import { readRun } from '../../record/folder.ts';
import { jsonSchema, type SchemaFile } from '../../record/json-schemas.ts';
import { kvtune, pressCtrlC, startKvtune, until } from '../../testing/kvtune-process.ts';
import { diskFolder } from '../../testing/test-folder.ts';

const base = diskFolder('cli-load');
let made = 0;

function out(): string {
  return join(base, String(++made));
}

/** Arms are processes, and other tests run beside them. */
const LONG = { timeout: 180_000 };

/** Four for each core, and never more than 64. */
const THREADS_MAX = Math.min(64, 4 * availableParallelism());
const SMALL = ['--param', 'keys=200', '--clients', '4', '--duration', '50ms'];

function expectValid(file: SchemaFile, value: unknown): void {
  const ajv = new Ajv2020({ strict: false });
  const valid = ajv.validate(jsonSchema(file, 'closed'), value);
  expect(valid, JSON.stringify(ajv.errors)).toBe(true);
}

/** What every finished command leaves behind. */
function expectFolder(folder: string): AnswersFile {
  const read = (name: string): string => readFileSync(join(folder, name), 'utf8');
  const names = ['answers.json', 'report.html', 'report.md', 'rounds.ndjson', 'run.json'];
  expect(readdirSync(folder).filter((name) => name !== 'charts')).toEqual(names);
  expectValid('run.schema.json', JSON.parse(read('run.json')));
  const answers = JSON.parse(read('answers.json')) as AnswersFile;
  expectValid('answers.schema.json', answers);
  for (const line of read('rounds.ndjson').trimEnd().split('\n')) {
    expectValid('round.schema.json', JSON.parse(line));
  }
  return answers;
}

/** Whole lines of a run's rounds. */
function roundsIn(folder: string): number {
  const path = join(folder, 'rounds.ndjson');
  return existsSync(path) ? readFileSync(path, 'utf8').split('\n').length - 1 : 0;
}

function leftovers(folder: string): string[] {
  return readdirSync(folder).filter((name) => /work|lock/.test(name));
}

describe('a folder has one run at a time', () => {
  it('a sweep that is running is not gone on with', LONG, async () => {
    const folder = out();
    const words = ['sweep', 'read-heavy', '--factor', 'clients=1,2', '--param', 'keys=100'];
    const running = startKvtune([...words, '--duration', '40s', '--out', folder]);
    const measuring = (): boolean => existsSync(folder) && readdirSync(folder).includes('run.json');
    expect(await until(measuring, 30_000)).toBe(true);
    const other = await kvtune(['sweep', '--resume', folder]);
    expect({ code: other.code, stdout: other.stdout }).toEqual({ code: 2, stdout: '' });
    expect(other.stderr).toMatch(/^kvtune: \S+ is in use by another kvtune; .*\n$/);
    expect(readdirSync(folder).some((name) => name.includes('work'))).toBe(true);
    pressCtrlC(running);
    expect((await running.ended).code).toBe(130);
    expect(leftovers(folder)).toEqual([]);
  });

  it('of two that begin at once, one is told so', LONG, async () => {
    const folder = out();
    const words = ['run', 'read-heavy', ...SMALL, '--out', folder];
    const both = await Promise.all([kvtune(words), kvtune(words)]);
    const refused = both.filter(({ code }) => code === 2);
    expect(refused).toHaveLength(1);
    expect(refused[0]?.stderr).toMatch(/is in use by|holds a run already/);
    expectFolder(folder);
  });
});

describe.concurrent('flags', () => {
  it.each([
    [['run', 'read-hevy'], /no workload 'read-hevy'; did you mean read-heavy\?/],
    [['run', 'read-heavy', '--target', 'etcd'], /no target 'etcd'; .* --target engine/],
    [['run', 'read-heavy', '--config', 'fast'], /'fast' in 'fast' is no configuration/],
    [['run', 'read-heavy', '--param', 'kees=1'], /no parameter 'kees'; did you mean keys\?/],
    [['run', 'read-heavy', '--param', 'keys'], /'keys' is no name=value/],
    [['run', 'read-heavy', '--param', 'writeShare=2'], /writeShare 2 is no number from 0 to 1/],
    [['run', 'read-heavy', '--rate', '5'], /'5' has no unit/],
    [['run', 'read-heavy', '--arrival', 'poisson'], /needs --rate/],
    [['run', 'read-heavy', '--arrival', 'posson'], /did you mean poisson\?/],
    [['run', 'read-heavy', '--rate', '5/s', '--arrival', 'closed'], /exclude each other/],
    [
      ['run', 'read-heavy', '--param', 'keys=5', '--clients', '6'],
      /--clients 6 is more than this workload takes; give 1 to 5/,
    ],
    [['run', 'read-heavy', '--clients', '1000000G'], /give 1 to 65535/],
    [
      ['run', 'read-heavy', '--threads', '1000'],
      new RegExp(`--threads 1000 is more than .* give 1 to ${String(THREADS_MAX)}`),
    ],
    [['run'], /no workload given; kvtune workloads lists them/],
    [['run', 'read-heavy', '--warm-up', '1s'], /unknown flag --warm-up/],
    [
      ['ab', 'read-heavy', '--a', 'baseline', '--b', 'optimized', '--margin', '5'],
      /'5' is no margin/,
    ],
    [
      ['ab', 'read-heavy', '--a', 'baseline', '--b', 'optimized', '--margin', '0%'],
      /no margin over 0%/,
    ],
    [['run', 'read-heavy', '--budget', '0'], /--budget: 0 leaves no time/],
    [['run', '--resume', 'nowhere'], /--resume and --out exclude each other/],
    [['run', 'read-heavy', '--ops', '0'], /--ops is 0/],
    [['run', 'read-heavy', '--param', '__proto__=1'], /has no parameter '__proto__'/],
    [['run', 'read-heavy', '--param', 'keys=-1'], /keys: '-1' is not a number/],
    [['run', 'read-heavy', '--config', 'batchLimit=-1'], /batchLimit: '-1' is not a number/],
    [['run', 'read-heavy', '--tag', 'a=1', '--tag', 'a=2'], /^kvtune: --tag a is given twice/],
    [['run', 'read-heavy', '--duration', '0'], /--duration is 0/],
    [['ab', 'read-heavy', '--a', 'baseline'], /--b is missing/],
    [['sweep', 'read-heavy'], /nothing varies/],
    [['sweep', '--factor', 'clients=1,2'], /no workload given/],
    [['sweep', 'read-heavy', '--resume', 'r'], /--resume and a workload exclude/],
    [['sweep', '--resume', 'r', '--duration', '1s'], /--resume and --duration exclude/],
    [['sweep', '--resume', 'r', '--clients', '5'], /--resume and --clients exclude each other/],
    [['sweep', '--resume', 'r', '--param', 'keys=5'], /--resume and --param exclude/],
    [['sweep', '--resume', 'r'], /--resume and --out exclude each other/],
    [['sweep', 'read-heavy', '--factor', 'colour=1,2'], /nothing is called 'colour'/],
    [['sweep', 'read-heavy', '--factor', 'clients=1,1'], /the level 1 twice/],
    [['sweep', 'read-heavy', '--factor', 'clients'], /'clients' is no factor/],
    [
      ['sweep', 'read-heavy', '--factor', 'batchLimit=0,1'],
      /batchLimit 0 is no whole number from 1 to/,
    ],
    [['sweep', 'read-heavy', '--factor', 'workload=key-churn'], /nothing is called 'workload'/],
    [
      ['sweep', 'read-heavy', '--factor', 'clients=0,1'],
      /clients 0 is no whole number from 1 to 65535/,
    ],
    [['sweep', 'read-heavy', '--factor', 'clients=1,1000000G'], /from 1 to 65535/],
    [['sweep', 'read-heavy', '--param', 'keys=5', '--factor', 'clients=1,6'], /takes 5 at most/],
    [['sweep', 'read-heavy', '--factor', 'constructor=1'], /nothing is called 'constructor'/],
    [['workloads', 'nothing'], /no workload 'nothing'/],
  ])('%j ends with 2 and says why', async (words, complaint) => {
    const folder = out();
    const { code, stdout, stderr } = await kvtune([...words, '--out', folder]);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toMatch(complaint);
    expect(existsSync(folder)).toBe(false);
  });

  it('--show-config prints settings with origin, range and meaning, and measures nothing', async () => {
    const folder = out();
    const words = ['ab', 'key-churn', '--a', 'baseline,batchInterval=10ms', '--b', 'optimized'];
    const all = [...words, '--margin', '2.5%', '--rate', '1k/s', '--show-config', '--out', folder];
    const { code, stdout } = await kvtune([...all, '--json']);
    expect(code).toBe(0);
    expect(existsSync(folder)).toBe(false);
    const shown = JSON.parse(stdout) as {
      readonly arms: { readonly settings: object[] }[];
      readonly load: object[];
    };
    const settings = shown.arms[0]?.settings ?? [];
    expect(settings).toContainEqual({
      ...{ name: 'freelist', value: 'array', origin: 'preset', allowed: 'array, hashmap, bitmap' },
      meaning: expect.any(String) as string,
    });
    expect(settings).toContainEqual({
      ...{ name: 'batchIntervalMs', value: 10, origin: 'flag', allowed: '1 to 3.6M ms' },
      meaning: 'time after which the backend commits',
    });
    expect(shown).toMatchObject({ margin: 1.025, sessionsMin: 4, sessionsMax: 12 });
    expect(shown.load).toContainEqual(
      expect.objectContaining({ name: 'ratePerSecond', value: 1000, origin: 'flag' }),
    );
    expect(shown.load).toContainEqual(
      expect.objectContaining({ name: 'clients', value: 64, origin: 'default' }),
    );
    const text = (await kvtune(all)).stdout;
    expect(text).toMatch(/batchIntervalMs +\u2502 +10 \u2502 flag/);
    expect(text).toContain('alike within 2.5% (--margin)');
  });

  it('a budget too small for a session ends with 8 at once, and leaves nothing', async () => {
    const folder = out();
    const words = ['run', 'read-heavy', ...SMALL, '--budget', '1s', '--out', folder];
    const { code, stdout, stderr } = await kvtune([...words, '--quiet']);
    expect({ code, stdout }).toEqual({ code: 8, stdout: '' });
    expect(stderr).toMatch(/^kvtune: a budget of 1.*s is too short: .* give a larger --budget\n$/);
    expect(existsSync(folder)).toBe(false);
  });
});

describe.concurrent('kvtune workloads', () => {
  it('lists what there is, and what can be set', async () => {
    const { stdout } = await kvtune(['workloads']);
    for (const id of ['read-heavy', 'kubernetes']) expect(stdout).toContain(`${id} `);
    const one = await kvtune(['workloads', 'read-heavy', '--json']);
    expect(JSON.parse(one.stdout)).toMatchObject({
      ...{ id: 'read-heavy', parameters: { keys: { default: 65_536, unit: 'keys' } } },
    });
  });
});

describe('kvtune run', () => {
  it('measures, verifies, prints lanes, and report renders the folder again', LONG, async () => {
    const folder = out();
    const { code, stdout, stderr } = await kvtune(['run', 'read-heavy', ...SMALL, '--out', folder]);
    expect(code, stderr).toBe(0);
    expect(stdout).toMatch(/^engine +read +[\d,]+ /m);
    expect(stdout).toContain('Verified: 1 of 1 stores held what they acknowledged, 200 entries');
    const file = expectFolder(folder);
    expect(file).toMatchObject({ status: 'finished', answers: [{ verdict: 'measured' }] });
    const again = await kvtune(['report', folder, '--json']);
    expect(again.code).toBe(0);
    expect(JSON.parse(again.stdout)).toEqual(file);
  });

  it('tells a script in JSON, of an open loop and several sessions', LONG, async () => {
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

  it('keeps what was measured when it is stopped, and leaves no store behind', LONG, async () => {
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
  });

  it('ends with 6 where nothing more can be recorded, and keeps what was', LONG, async () => {
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
  it('runs both arms in every session, in processes of their own', LONG, async () => {
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
  it('goes on where it was stopped, and nowhere else', LONG, async () => {
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
