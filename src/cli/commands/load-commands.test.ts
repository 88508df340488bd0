// run, ab, sweep and workloads as a user runs them: flags they refuse, a small load from start to end and what lies
// in the folder afterwards. Figures are not looked at. Longer loads are in load-commands.long.test.ts.

import { existsSync, readdirSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { describe, expect, it } from 'vitest';
import { readRun } from '../../record/folder.ts';
import { kvtune, pressCtrlC, startKvtune, until } from '../../testing/kvtune-process.ts';
import { kvtuneInside } from './testing/kvtune-inside.ts';
import { expectFolder, leftovers, MINUTES, out, SMALL } from './testing/load-runs.ts';

/** Four for each core, and never more than 64. */
const THREADS_MAX = Math.min(64, 4 * availableParallelism());

describe('a folder has one run at a time', () => {
  it('a sweep that is running is not gone on with', MINUTES, async () => {
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
});

describe('flags', () => {
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
    const { code, stdout, stderr } = await kvtuneInside([...words, '--out', folder]);
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
    expect(shown).toMatchObject({ margin: 1.025, sessionsMin: 4, sessionsMax: 8 });
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
  it('measures, verifies, prints lanes, and report renders the folder again', MINUTES, async () => {
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
});

describe('kvtune sweep', () => {
  it('measures each level, and draws what it found', MINUTES, async () => {
    const folder = out();
    const factor = ['--factor', 'batchLimit=100,1k', '--repeat', '1'];
    const { code, stdout, stderr } = await kvtune([
      ...['sweep', 'read-heavy', ...factor, ...SMALL, '--out', folder],
    ]);
    expect(code, stderr).toBe(0);
    expect(stdout).toMatch(/^batchLimit +operations/m);
    expect(expectFolder(folder)).toMatchObject({ status: 'finished' });
    expect(new Set(readRun(folder).rounds.map(({ cell }) => cell)).size).toBe(2);
  });
});
