// run, ab, sweep and workloads as a user runs them: flags they refuse, small loads from start to end, what lies
// in the folder afterwards, Ctrl-C, and a sweep that is gone on with. Figures are not looked at.

import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { describe, expect, it } from 'vitest';
import { jsonSchema, type SchemaFile } from '../../record/json-schemas.ts';
import { readRun } from '../../record/run-folder.ts';
import type { VerdictFile } from '../../record/verdict-schema.ts';
import { kvtune, pressCtrlC, startKvtune, until } from '../../testing/kvtune-process.ts';
import { diskFolder } from '../../testing/test-folder.ts';

const base = diskFolder('cli-load');
let made = 0;

function out(): string {
  return join(base, String(++made));
}

/** Rounds are processes, and other tests run beside them. */
const LONG = { timeout: 120_000 };

const SMALL = ['--param', 'keys=200', '--warm-up', '10ms', '--duration', '100ms'];

function expectValid(file: SchemaFile, value: unknown): void {
  const ajv = new Ajv2020({ strict: false });
  const valid = ajv.validate(jsonSchema(file, 'closed'), value);
  expect(valid, JSON.stringify(ajv.errors)).toBe(true);
}

/** What every finished command leaves behind. */
function expectFolder(folder: string): VerdictFile {
  const read = (name: string): string => readFileSync(join(folder, name), 'utf8');
  const names = ['experiments.ndjson', 'report.html', 'report.md', 'run.json', 'verdict.json'];
  expect(readdirSync(folder).filter((name) => name !== 'charts')).toEqual(names);
  expectValid('run.schema.json', JSON.parse(read('run.json')));
  const verdict = JSON.parse(read('verdict.json')) as VerdictFile;
  expectValid('verdict.schema.json', verdict);
  for (const line of read('experiments.ndjson').trimEnd().split('\n')) {
    expectValid('experiment-round.schema.json', JSON.parse(line));
  }
  return verdict;
}

describe('a folder has one run at a time', () => {
  it('a sweep that is running is not gone on with', { timeout: 60_000 }, async () => {
    const folder = out();
    const length = ['--param', 'keys=100', '--warm-up', '0', '--duration', '40s'];
    const words = ['sweep', 'read-heavy', '--factor', 'clients=1,2', ...length];
    const running = startKvtune([...words, '--out', folder]);
    const measuring = (): boolean => existsSync(folder) && readdirSync(folder).includes('run.json');
    expect(await until(measuring, 20_000)).toBe(true);
    const other = await kvtune(['sweep', '--resume', folder]);
    expect({ code: other.code, stdout: other.stdout }).toEqual({ code: 2, stdout: '' });
    expect(other.stderr).toMatch(/^kvtune: \S+ is in use by another kvtune; .*\n$/);
    expect(readdirSync(folder).some((name) => name.includes('work'))).toBe(true);
    pressCtrlC(running);
    expect((await running.ended).code).toBe(130);
    const left = readdirSync(folder).filter((name) => /work|lock/.test(name));
    expect(left).toEqual([]);
  });

  it('of two that begin at once, one is told so', { timeout: 60_000 }, async () => {
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
    [['run', 'read-heavy', '--param', 'keys=5', '--clients', '6'], /takes 5 at most/],
    [['run', 'read-heavy', '--clients', '1000000G'], /takes 65535 at most/],
    [['run', 'read-heavy', '--ops', '0'], /--ops is 0/],
    [['run', 'read-heavy', '--param', '__proto__=1'], /has no parameter '__proto__'/],
    [['run', 'read-heavy', '--param', 'keys=-1'], /keys: '-1' is not a number/],
    [['run', 'read-heavy', '--config', 'batchLimit=-1'], /batchLimit: '-1' is not a number/],
    [['run', 'read-heavy', '--tag', 'a=1', '--tag', 'a=2'], /^kvtune: --tag a is given twice/],
    [['run', 'read-heavy', '--duration', '0'], /--duration is 0/],
    [['ab', 'read-heavy', '--a', 'baseline'], /--b is missing/],
    [['sweep', 'read-heavy'], /nothing varies/],
    [['sweep', '--factor', 'clients=1,2'], /no workload given/],
    [['sweep', '--resume', 'r', '--clients', '5'], /--resume and --clients exclude each other/],
    [['sweep', '--resume', 'r', '--param', 'keys=5'], /--resume and --param exclude/],
    [['sweep', '--resume', 'r'], /--resume and --out exclude each other/],
    [['sweep', 'read-heavy', '--factor', 'colour=1,2'], /nothing is called 'colour'/],
    [['sweep', 'read-heavy', '--factor', 'clients=1,1'], /the level 1 twice/],
    [['sweep', 'read-heavy', '--factor', 'clients'], /'clients' is no factor/],
    [['sweep', 'read-heavy', '--factor', 'batchLimit=0,1'], /batchLimit 0 is no whole number/],
    [
      ['sweep', 'read-heavy', '--factor', 'clients=0,1'],
      /there are 0 clients, and this workload needs 1/,
    ],
    [['sweep', 'read-heavy', '--factor', 'clients=1,1000000G'], /65535 at most/],
    [['sweep', 'read-heavy', '--factor', 'constructor=1'], /nothing is called 'constructor'/],
    [['workloads', 'nothing'], /no workload 'nothing'/],
  ])('%j ends with 2 and says why', async (words, complaint) => {
    const folder = out();
    const { code, stdout, stderr } = await kvtune([...words, '--out', folder]);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toMatch(complaint);
    expect(existsSync(folder)).toBe(false);
  });

  it('--show-config prints settings with their origin, and measures nothing', async () => {
    const folder = out();
    const words = ['run', 'key-churn', '--config', 'baseline,batchInterval=10ms'];
    const { code, stdout } = await kvtune([...words, '--show-config', '--json', '--out', folder]);
    expect(code).toBe(0);
    expect(existsSync(folder)).toBe(false);
    const { arms } = JSON.parse(stdout) as { arms: { settings: object[] }[] };
    expect(arms[0]?.settings).toContainEqual({
      name: 'freelist',
      value: 'array',
      origin: 'preset',
    });
    expect(arms[0]?.settings).toContainEqual({
      ...{ name: 'batchIntervalMs', value: 10, origin: 'flag' },
    });
    const text = await kvtune([...words, '--show-config']);
    expect(text.stdout).toMatch(/batchIntervalMs +\u2502 +10 \u2502 flag/);
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
  it('measures, verifies, prints lanes, and report renders the folder again', async () => {
    const folder = out();
    const { code, stdout, stderr } = await kvtune(['run', 'read-heavy', ...SMALL, '--out', folder]);
    expect(code, stderr).toBe(0);
    expect(stdout).toMatch(/^read +[\d,]+ /m);
    expect(stdout).toContain('verified: 200 entries of 1 round, all leases: as it must be');
    const verdict = expectFolder(folder);
    expect(verdict).toMatchObject({ command: 'run', verdict: 'measured', status: 'finished' });
    const again = await kvtune(['report', folder, '--json']);
    expect(again.code).toBe(0);
    expect(JSON.parse(again.stdout)).toEqual(verdict);
  });

  it('tells a script in JSON, of an open loop and several rounds', async () => {
    const folder = out();
    const flags = ['--rate', '500/s', '--repeat', '2', '--clients', '4', '--json', '--quiet'];
    const { code, stdout, stderr } = await kvtune([
      ...['run', 'read-heavy', ...SMALL, ...flags, '--out', folder],
    ]);
    expect(stderr).toBe('');
    const verdict = JSON.parse(stdout) as VerdictFile;
    expect(verdict.verified).toEqual({ rounds: 2, ok: 2, entries: 400 });
    // A machine that is busy with other tests starts operations late, and then says so.
    expect(code).toBe(verdict.verdict === 'invalid' ? 5 : 0);
    expect(readRun(folder).run.load).toMatchObject({
      ...{ clientsByThread: [4], shape: { kind: 'open', arrival: 'poisson', ratePerSecond: 500 } },
    });
  });

  it('keeps what was measured when it is stopped, and leaves no store behind', async () => {
    const folder = out();
    const running = startKvtune([
      ...['run', 'read-heavy', '--param', 'keys=200', '--warm-up', '10ms', '--duration', '10m'],
      ...['--out', folder],
    ]);
    // The store's own folder is there once it is loaded.
    const store = (): boolean =>
      existsSync(folder) && readdirSync(folder).some((name) => name.startsWith('kvtune-work'));
    expect(await until(store, 20_000)).toBe(true);
    await new Promise((resolve) => setTimeout(resolve, 6000));
    pressCtrlC(running);
    const { code, stdout } = await running.ended;
    expect(code).toBe(130);
    expect(stdout).toContain('Interrupted');
    expect(store()).toBe(false);
    const { experiments, run } = readRun(folder);
    expect(run.status).toBe('interrupted');
    expect(experiments[0]?.load).toMatchObject({ interrupted: true });
    expect(experiments[0]?.load?.seconds).toBeGreaterThan(0);
  });
});

describe('kvtune ab', () => {
  it('runs both arms twice a block, in processes of their own', LONG, async () => {
    const folder = out();
    const { code, stdout, stderr } = await kvtune([
      ...['ab', 'read-heavy', '--a', 'durability=none', '--b', 'syncDelay=50ms', ...SMALL],
      ...['--param', 'writeShare=1', '--repeat', '2', '--clients', '4', '--out', folder],
    ]);
    const { comparisons, verdict } = expectFolder(folder);
    // Of two blocks an interval may be as wide as the machine is busy: exit-codes has three.
    expect(code, stderr).toBe(verdict === 'worse' ? 3 : 4);
    expect(stdout).toContain(verdict === 'worse' ? 'b is worse' : 'cannot tell');
    expect(comparisons[0]).toMatchObject({ deciding: true, pairs: 2 });
    const { experiments } = readRun(folder);
    expect(experiments.map(({ block }) => block)).toEqual([0, 0, 0, 0, 1, 1, 1, 1]);
    const arms = (block: number): string[] =>
      experiments.filter((one) => one.block === block).map(({ arm }) => arm);
    for (const block of [0, 1]) expect(arms(block).sort()).toEqual(['a', 'a', 'b', 'b']);
    expect(experiments[0]?.settings['durability']).toBe(
      experiments[0]?.arm === 'a' ? 'none' : 'group',
    );
  });
});

describe('kvtune sweep', () => {
  it('goes on where it was stopped', LONG, async () => {
    const folder = out();
    const running = startKvtune([
      ...[
        'sweep',
        'read-heavy',
        '--factor',
        'batchLimit=100,1k',
        '--factor',
        'batchInterval=5ms,50ms',
      ],
      ...[...SMALL, '--repeat', '2', '--out', folder],
    ]);
    const rounds = (): number => {
      const path = join(folder, 'experiments.ndjson');
      return existsSync(path) ? readFileSync(path, 'utf8').split('\n').length - 1 : 0;
    };
    expect(await until(() => rounds() >= 2, 60_000)).toBe(true);
    pressCtrlC(running);
    const stopped = await running.ended;
    expect(stopped.code, stopped.stderr).toBe(130);
    const before = rounds();
    expect(before).toBeLessThan(8);
    const refused = await kvtune(['sweep', 'read-heavy', '--resume', folder]);
    expect(refused.code).toBe(2);
    const { code, stdout, stderr } = await kvtune(['sweep', '--resume', folder]);
    expect(code, stderr).toBe(0);
    expect(stdout).toMatch(/^batchLimit +batchIntervalMs +rounds/m);
    expect(rounds()).toBe(8);
    const { panels, cells, rows } = expectFolder(folder);
    expect(panels[0]).toMatchObject({ kind: 'heat' });
    expect(cells).toHaveLength(4);
    expect(rows[0]?.rows).toHaveLength(4);
    expect(existsSync(join(folder, 'charts', 'rate.svg'))).toBe(true);
  });
});
