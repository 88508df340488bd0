// Every verdict of presets by its rule, from synthetic rounds, and the one table.

import { describe, expect, it } from 'vitest';
import { claimSchema, type Claim, type ExperimentRound, type Run } from '../record/schema.ts';
import { seededUnit } from '../stats/testing/unit.ts';
import { presets } from './presets.ts';
import { testExperimentRound } from './testing/experiment-rounds.ts';
import { testHost, testRun } from './testing/samples.ts';

const FAMILIES = [
  ...['large-values', 'key-churn', 'mass-leases', 'read-heavy', 'long-reads', 'kubernetes'],
];
const SETTINGS: Readonly<Record<string, ExperimentRound['settings']>> = {
  baseline: { freelist: 'array', readLock: 'global', indexLock: 'global', leaseExpiry: 'scan' },
  optimized: {
    ...{ freelist: 'hashmap', readLock: 'concurrent' },
    ...{ indexLock: 'optimistic', leaseExpiry: 'heap' },
  },
};

function judge(experiments: readonly ExperimentRound[], run: Partial<Run> = {}): Claim {
  const claim = presets.evaluate({
    ...{ run: testRun(run), samples: [], experiments },
    ...{ unit: seededUnit(1), command: 'kvtune reproduce' },
  });
  expect(claimSchema.parse(JSON.parse(JSON.stringify(claim)))).toEqual(claim);
  expect(JSON.stringify(claim)).not.toMatch(/NaN|Infinity|undefined/);
  return claim;
}

/** Gains of the optimized preset in one family. */
interface Gains {
  readonly throughput?: number;
  readonly p99?: number;
}

const WOBBLE = [1, 1.01, 0.99];

function presetRounds(
  gains: Readonly<Record<string, Gains>> = {},
  about: {
    families?: readonly string[];
    blocks?: number;
    replicates?: number;
    noise?: number;
  } = {},
): ExperimentRound[] {
  const { families = FAMILIES, blocks = 3, replicates = 2, noise = 1.03 } = about;
  return families.flatMap((workload) =>
    Array.from({ length: blocks }, (_, block) =>
      ['baseline', 'optimized'].flatMap((arm) =>
        Array.from({ length: replicates }, (__, replicate) => {
          const { throughput = 1, p99 = 1 } = arm === 'optimized' ? (gains[workload] ?? {}) : {};
          const off = noise ** (replicates === 1 ? 0 : replicate - 0.5);
          const wobble = arm === 'optimized' ? (WOBBLE[block % 3] ?? 1) : 1;
          return testExperimentRound({
            ...{ claim: 'presets', cell: workload, arm, block, replicate },
            factors: { workload },
            settings: SETTINGS[arm] ?? {},
            figures: {
              operationsPerSecond: 20_000 * throughput * off * wobble,
              p99Us: (2000 / p99) * off * wobble,
            },
          });
        }),
      ),
    ).flat(),
  );
}

/** One family in which one block went three times as well. */
const spread = (round: ExperimentRound): ExperimentRound =>
  round.cell === 'kubernetes' && round.arm === 'optimized' && round.block === 1
    ? { ...round, figures: { ...round.figures, operationsPerSecond: 60_000 } }
    : round;

describe('presets: by its rule', () => {
  it('is reproduced where something is better and nothing worse', () => {
    const claim = judge(presetRounds({ 'key-churn': { throughput: 1.5, p99: 3 } }));
    expect(claim.verdict).toBe('reproduced');
    expect(claim.finding).toMatch(
      /shown better: key-churn \(throughput 1\.50x\) and key-churn \(p99 3\.00x\); none is shown worse/,
    );
    // The sixth root of 1.5.
    expect(claim.measured?.value).toBeCloseTo(1.5 ** (1 / 6), 3);
    expect(claim.limits[0]).toMatch(/beyond the noise is shown on large-values, mass-leases/);
  });

  it('is partly so where something is worse', () => {
    const gains = { 'key-churn': { p99: 3 }, kubernetes: { throughput: 0.8 } };
    const claim = judge(presetRounds(gains));
    expect(claim.verdict).toBe('partly');
    expect(claim.finding).toMatch(/shown worse: kubernetes \(throughput 0\.800x\)/);
  });

  it('is not reproduced where nothing is better, or all within the noise', () => {
    expect(judge(presetRounds()).verdict).toBe('not-reproduced');
    expect(judge(presetRounds({ kubernetes: { p99: 0.5 } })).verdict).toBe('not-reproduced');
    expect(judge(presetRounds({ kubernetes: { p99: 1.02 } })).verdict).toBe('not-reproduced');
  });

  it.each([
    ['nothing was measured', []],
    ['a family is missing', presetRounds({}, { families: FAMILIES.slice(1) })],
    ['one block has no interval', presetRounds({ kubernetes: { p99: 3 } }, { blocks: 1 })],
    ['no equal arms tell the noise', presetRounds({}, { replicates: 1 })],
    ['the noise is larger than what would be excluded', presetRounds({}, { noise: 1.4 })],
    ['an interval is too wide to tell', presetRounds().map(spread)],
  ])('is inconclusive where %s', (_, rounds) => {
    expect(judge(rounds).verdict).toBe('inconclusive');
  });

  it('is invalid where a round did not run as its preset, or lost data, or without a disk', () => {
    const [first, ...others] = presetRounds();
    if (first === undefined) throw new Error('no rounds');
    const mixed = { ...first, settings: { ...first.settings, leaseExpiry: 'heap' } };
    const claim = judge([mixed, ...others]);
    expect(claim.verdict).toBe('invalid');
    expect(claim.warnings[0]?.message).toMatch(/is called baseline and read back neither/);
    const warnings = [{ code: 'wrong-data', message: 'a key is missing' }];
    expect(judge([{ ...first, warnings }, ...others]).verdict).toBe('invalid');
    expect(judge(presetRounds(), { host: testHost('tmpfs') }).verdict).toBe('invalid');
  });
});

it('is one table: two figures a family, with interval, floor and what is shown', () => {
  const [table] = judge(presetRounds({ 'key-churn': { throughput: 0.5 } })).rows ?? [];
  expect(table?.rows.map(([family, what]) => [family, what])).toEqual(
    FAMILIES.flatMap((family) => [
      [family, 'operations/s'],
      [family, 'p99, ms'],
    ]),
  );
  const row = table?.rows[2];
  expect(row?.[2]).toBeCloseTo(20_000, -3);
  expect(row?.[3]).toBeCloseTo(10_000, -3);
  expect(row?.[4]).toMatch(/^0\.500x \[0\.4\d\d, 0\.51\d\]$/);
  expect(row?.at(-1)).toBe('worse');
  expect(table?.rows[0]?.at(-1)).toBe('nothing');
});

it('says of too few rounds what it can', () => {
  const [table] = judge(presetRounds({}, { blocks: 1, replicates: 1 })).rows ?? [];
  expect(table?.rows[0]?.slice(4)).toEqual(['1.00x (no interval)', null, 'too little']);
});

it('ignores rounds of other claims', () => {
  const others = presetRounds().map((round) => ({ ...round, claim: 'other' }));
  expect(judge(others)).toMatchObject({ verdict: 'inconclusive', rows: [] });
});
