// Every microbenchmark runs tiny and checks its own work, so that a broken one is red here and not the
// day somebody measures. Times are not looked at; what is counted is held against its bars.

import { execFileSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { basename } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import type { BenchCase, BenchModule, BenchTrial } from '../engine/base/bench-case.ts';
import * as cursor from '../engine/btree/cursor.bench.ts';
import * as node from '../engine/btree/node.bench.ts';
import * as complaints from '../engine/freelist/complaints.bench.ts';
import * as freelist from '../engine/freelist/freelist.bench.ts';
import * as lessor from '../engine/lease/lessor.bench.ts';
import * as keyIndex from '../engine/mvcc/key-index.bench.ts';
import * as watch from '../engine/mvcc/watch.bench.ts';
import * as metaPage from '../engine/page/meta-page.bench.ts';
import * as pageCache from '../engine/page/page-cache.bench.ts';
import * as pageSearch from '../engine/page/page-search.bench.ts';
import * as rwLock from '../engine/shared/rw-lock.bench.ts';
import * as store from '../engine/store/store.bench.ts';
import * as wal from '../engine/wal/wal.bench.ts';
import { testFolder } from '../src/testing/test-folder.ts';
import * as streams from '../workloads/streams.bench.ts';
import {
  compareArms,
  countGroup,
  findBenches,
  groupsOf,
  makeSetting,
  measureGroup,
  speedVerdict,
  TINY_EFFORT,
} from './bench.ts';
import { measureTrial, trialTable, verdictOf, type TrialRow } from './bench/trials.ts';

const MODULES: Readonly<Record<string, BenchModule>> = {
  'cursor.bench.ts': cursor,
  'node.bench.ts': node,
  'complaints.bench.ts': complaints,
  'freelist.bench.ts': freelist,
  'key-index.bench.ts': keyIndex,
  'lessor.bench.ts': lessor,
  'meta-page.bench.ts': metaPage,
  'page-cache.bench.ts': pageCache,
  'page-search.bench.ts': pageSearch,
  'rw-lock.bench.ts': rwLock,
  'store.bench.ts': store,
  'streams.bench.ts': streams,
  'wal.bench.ts': wal,
  'watch.bench.ts': watch,
};
const KINDS = ['array', 'hashmap', 'bitmap'];
const tiny = makeSetting('tiny', true);
const folder = testFolder('bench');
const benchScript = fileURLToPath(new URL('../dist/scripts/bench.js', import.meta.url));

it('tests every bench there is', () => {
  const names = findBenches().map((path) => basename(path));
  expect(names.toSorted()).toEqual(Object.keys(MODULES).toSorted());
});

const TIMED = Object.entries(MODULES).filter(([, { cases }]) => cases !== undefined);
const TRIALS = Object.values(MODULES)
  .flatMap(({ trials }) => trials?.(tiny) ?? [])
  .map((trial): [string, BenchTrial] => [trial.group, trial]);

describe.each(TIMED)('%s runs tiny', (_name, { cases = () => [] }) => {
  const groups = groupsOf([...cases(tiny)]).map((group): [string, BenchCase[]] => [
    group[0]!.group,
    group,
  ]);

  it.each(groups)('%s', (title, group) => {
    // Throws unless every arm did its work.
    const rows = measureGroup(group, TINY_EFFORT);
    expect(rows.map(({ group: of, name }) => [of, name])).toEqual(
      group.map(({ name }) => [title, name]),
    );
    for (const { ns, samples } of rows) {
      expect(samples).toBeGreaterThan(1);
      expect(ns.p50).toBeGreaterThan(0);
      expect(ns.p99).toBeGreaterThanOrEqual(ns.p50);
    }
  });

  it('names each arm once', () => {
    const names = cases(tiny).map(({ group, name }) => `${group}, ${name}`);
    expect(new Set(names).size).toBe(names.length);
  });
});

describe('a trial runs tiny', () => {
  it.each(TRIALS)('%s', async (group, trial) => {
    // Throws unless the rounds did their work.
    const rows = await measureTrial(trial, { rounds: 1, parent: folder });
    expect(rows.map(({ name }) => name)).toEqual(trial.figures.map(({ name }) => name));
    for (const { group: of, name, value } of rows) {
      expect(of).toBe(group);
      expect(value, name).toBeGreaterThan(0);
    }
    expect(readdirSync(folder)).toEqual([]);
  });

  it('has a title of its own, which says so where the run is large', () => {
    const titles = TRIALS.map(([group]) => group);
    expect(new Set(titles).size).toBe(titles.length);
    const { trials = () => [] } = lessor as BenchModule;
    const always = new Set(trials(makeSetting('tiny')).map(({ group }) => group));
    const large = trials(tiny).filter(({ group }) => !always.has(group));
    expect(large.map(({ group }) => group)).toEqual([expect.stringContaining('large run')]);
  });
});

describe('figures of a trial', () => {
  const rounds = [100, 110, 90, 100];
  const trial = (bar: { least: number } | { most: number } | undefined): BenchTrial => ({
    group: 'made up',
    conditions: 'none',
    figures: [
      { name: 'rate', unit: 'puts/s', of: ({ rate = 0 }) => rate, ...(bar && { bar }) },
      { name: 'ratio', unit: 'times', of: ({ rate = 0, other = 0 }) => rate / other },
    ],
    prepare: () => {
      let round = 0;
      return {
        round: () => ({ rate: rounds[round]!, other: rounds[round++]! / 2 }),
        close: () => undefined,
      };
    },
  });
  const measure = async (bar?: { least: number } | { most: number }): Promise<TrialRow[]> =>
    measureTrial(trial(bar), { rounds: rounds.length, parent: folder });

  it('are means of the rounds, and ratios of paired readings', async () => {
    const [rate, ratio] = await measure();
    expect(rate!.value).toBeCloseTo(99.75, 1);
    expect(rate!.low).toBeLessThan(99);
    expect(rate!.high).toBeGreaterThan(101);
    expect(rate!.rounds).toEqual(rounds);
    expect(ratio).toMatchObject({ value: 2, low: 2, high: 2, bar: null, reached: null });
    expect(verdictOf(rate!)).toBeUndefined();
  });

  it.each([
    [{ least: 50 }, 'reached'],
    [{ least: 99 }, 'reached, unsure'],
    [{ least: 101 }, 'below, unsure'],
    [{ least: 200 }, 'below'],
    [{ most: 200 }, 'reached'],
    [{ most: 99 }, 'below, unsure'],
    [{ most: 50 }, 'below'],
  ])('held to %j are %s', async (bar, verdict) => {
    const [rate] = await measure(bar);
    expect(verdictOf(rate!)).toBe(verdict);
    const text = trialTable([rate!]);
    expect(text).toContain(`${'least' in bar ? '>=' : '<='} ${Object.values(bar)[0]!.toFixed(0)}`);
    expect(text).toContain(verdict);
  });

  it('leave no folder behind, and no run open, where a round fails', async () => {
    let closed = false;
    const failing: BenchTrial = {
      ...trial(undefined),
      prepare: () => ({
        round: () => Promise.reject(new Error('a put was refused')),
        close: () => {
          closed = true;
        },
      }),
    };
    const measured = measureTrial(failing, { rounds: 2, parent: folder });
    await expect(measured).rejects.toThrow('a put was refused');
    expect(closed).toBe(true);
    expect(readdirSync(folder)).toEqual([]);
  });
});

describe('a group', () => {
  const arm = (name: string, verify: () => void = () => undefined): BenchCase => ({
    group: 'made up',
    name,
    operation: 'sum',
    operations: 10,
    prepare: () => ({ run: () => 1, verify }),
  });
  const measured = (name: string, ...rounds: number[][]): Parameters<typeof compareArms>[0][0] => ({
    one: arm(name),
    rounds,
  });

  it('compares the bitmap with the array, and with the better of the other two, by rounds', () => {
    const [array, hashmap, bitmap] = compareArms([
      measured('array', [100, 101, 900], [200, 200, 210]),
      measured('hashmap', [10, 10, 11], [20, 25, 20]),
      measured('bitmap', [20, 20, 22], [40, 40, 40]),
    ]);
    expect(array!.ns.p50).toBe(200);
    expect(array!.ns.p75).toBeGreaterThan(200);
    expect(array!.ns.p99).toBeGreaterThan(800);
    expect(array!.samples).toBe(6);
    expect([array!.toArray, array!.toBetter, hashmap!.toBetter]).toEqual([null, null, null]);
    expect(hashmap!.toArray!.value).toBeCloseTo(10, 0);
    expect(bitmap!.toArray!.value).toBeCloseTo(5, 0);
    expect(bitmap!.toBetter!.value).toBeCloseTo(0.5, 6);
    const slowMap = [measured('array', [5]), measured('hashmap', [9]), measured('bitmap', [10])];
    expect(compareArms(slowMap)[2]!.toBetter!.value).toBeCloseTo(0.5, 6);
  });

  it('compares nothing else', () => {
    const rows = compareArms([measured('hit', [1]), measured('miss', [2])]);
    expect(rows.map(({ toArray, toBetter }) => toArray ?? toBetter)).toEqual([null, null]);
  });

  it('makes as many runs as an arm asks for, none of them to warm up', () => {
    let runs = 0;
    const one = { ...arm('aged'), runs: 7 };
    const effort = { rounds: 3, warmUpMs: 1, roundMs: 2, runsMin: 5 };
    const prepare = (): ReturnType<BenchCase['prepare']> => ({
      run: () => ++runs,
      verify: () => undefined,
    });
    expect(measureGroup([{ ...one, prepare }], effort)[0]!.samples).toBe(21);
    expect(runs).toBe(21);
  });

  it('fails when an arm did not do its work', () => {
    const broken = arm('array', () => {
      throw new Error('a page is both free and in use');
    });
    expect(() => measureGroup([broken], TINY_EFFORT)).toThrow('both free and in use');
    const nothing = {
      ...broken,
      prepare: () => ({ run: () => Number.NaN, verify: () => undefined }),
    };
    expect(() => measureGroup([nothing], TINY_EFFORT)).toThrow('made up, array: no result');
  });
});

it('gives no verdict finer than the interval', () => {
  const verdict = (low: number | null, high: number | null): string =>
    speedVerdict({ value: 0.95, low, high });
  expect(verdict(0.9, 1.1)).toBe('holds');
  expect(verdict(0.85, 1.1)).toBe('unclear');
  expect(verdict(0.5, 0.89)).toBe('MISSED');
  expect(verdict(null, null)).toBe('unclear');
});

describe('what is counted', () => {
  const [steady, batches, memory] = complaints.countings(tiny);

  it('repeats exactly', () => {
    expect(countGroup(steady!)).toEqual(countGroup(steady!));
  });

  it('shows that the bitmap grows files as the array does, and places pages like it', () => {
    for (const counting of [steady!, batches!]) {
      const [size, calls, way] = countGroup(counting);
      expect(size!.holds).toBe(true);
      for (const { array, hashmap, bitmap } of [size!, calls!, way!]) {
        expect(bitmap).toBe(array);
        expect(hashmap).toBeGreaterThanOrEqual(array);
      }
      // The complaint is real: the hashmap's pages lie farther apart.
      expect(way!.hashmap).toBeGreaterThan(1.5 * way!.array);
    }
  });

  it('shows where the bitmap takes a twentieth of the memory, and where it cannot', () => {
    const rows = new Map(countGroup(memory!).map((row) => [row.name.split(':')[0], row]));
    expect(rows.get('single pages, every other one')!.holds).toBe(true);
    // A few long spans: the hashmap needs next to nothing, a bit a page is more.
    expect(rows.get('runs of 1,000 pages')!.holds).toBe(false);
    for (const { name, array, hashmap, bitmap } of rows.values()) {
      expect(bitmap).toBeLessThan(array / 4);
      if (name.startsWith('recipe')) expect(bitmap).toBeLessThan(hashmap / 5);
    }
  });
});

describe('npm run bench', () => {
  const run = (...args: string[]): string =>
    execFileSync(process.execPath, [benchScript, '--tiny', ...args], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
    });

  it('prints times, conditions and bars of what the filter keeps', () => {
    const text = run('--filter', 'allocate 26');
    expect(text).toMatch(/cores, Node v\d+/);
    expect(text).toContain('freelist: allocate 26 pages, tiny, time per allocation');
    for (const kind of KINDS) expect(text).toMatch(new RegExp(`${kind} .* [un]s`));
    expect(text).toContain('bars of the bitmap: 1 unclear');
    expect(text).not.toContain('page search');
  });

  it('gives the same as data', () => {
    const { conditions, timed, counted } = JSON.parse(run('--json', '--filter', 'memory')) as {
      conditions: { size: string };
      timed: unknown[];
      counted: { unit: string }[];
    };
    expect(conditions).toMatchObject({ node: process.version, size: 'tiny', rounds: 1 });
    expect(timed).toEqual([]);
    expect(counted.map(({ unit }) => unit)).toEqual(['bytes', 'bytes', 'bytes', 'bytes', 'bytes']);
  });

  it('refuses a filter that keeps nothing, and no rounds', () => {
    expect(() => run('--filter', 'no such group')).toThrow("no group's name holds 'no such group'");
    expect(() => run('--rounds', '0')).toThrow('--rounds 0 is no whole number');
  });
});
