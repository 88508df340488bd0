import { describe, expect, it } from 'vitest';
import { claimSchema } from '../record/schema.ts';
import type { Claim, Run, Sample } from '../record/schema.ts';
import { seededUnit } from '../stats/testing/unit.ts';
import { capacity50x } from './capacity-50x.ts';
import { testAnchoredRounds, testCell, testHost, testRun } from './testing/samples.ts';

const base = testCell(2e9);
const NEAR: readonly number[] = [0.98, 1, 1.02, 1.01, 0.99];
const WIDE: readonly number[] = [0.8, 1, 1.25, 1.1, 0.9];

/** Rounds of `arm` at each size in GB, put latency scattering about the given ratio to 2 GB. */
function sizes(
  arm: string,
  ratios: Readonly<Record<number, number>>,
  scatter: readonly number[] = NEAR,
): Sample[] {
  return Object.entries(ratios).flatMap(([gigabytes, ratio]) =>
    testAnchoredRounds(
      arm,
      { base, cell: testCell(Number(gigabytes) * 1e9) },
      scatter.map((factor) => ratio * factor),
    ),
  );
}

function judge(samples: readonly Sample[], run: Partial<Run> = {}): Claim {
  const input = {
    ...{ run: testRun(run), samples, experiments: [] },
    ...{ unit: seededUnit(1), command: 'kvtune reproduce' },
  };
  const claim = capacity50x.evaluate(input);
  expect(claimSchema.parse(JSON.parse(JSON.stringify(claim)))).toEqual(claim);
  expect(JSON.stringify(claim)).not.toMatch(/NaN|Infinity|undefined/);
  return claim;
}

const codes = (claim: Claim): string[] => claim.warnings.map((warning) => warning.code);

describe('verdict of capacity-50x', () => {
  it('is reproduced where 100 GB is equivalent to 2 GB, whatever array does', () => {
    const claim = judge([
      ...sizes('hashmap', { 8: 1, 25: 1.02, 50: 1.05, 100: 1.1 }),
      ...sizes('array', { 8: 1.1, 25: 3, 50: 7, 100: 15 }),
    ]);
    expect(claim.verdict).toBe('reproduced');
    expect(claim.measured).toMatchObject({ rounds: 5, at: { dbBytes: 100e9 } });
    expect(claim.measured?.value).toBeCloseTo(1.1, 2);
    expect(claim.finding).toContain('hashmap as far as 100 GB and array as far as 8 GB');
    expect(claim.limits.join('\n')).toContain(
      'With array, put latency differs from that at 2 GB at 25 GB (3.00x), 50 GB (7.00x)',
    );
  });

  it('is partly where a smaller size is still equivalent', () => {
    const claim = judge(sizes('hashmap', { 8: 1, 25: 1.1, 50: 1.6, 100: 2 }));
    expect(claim.verdict).toBe('partly');
    expect(claim.finding).toContain('hashmap as far as 25 GB');
    expect(claim.finding).toContain('array was not measured beside 2 GB');
  });

  it('does not count an equivalent size above a different one', () => {
    const claim = judge(sizes('hashmap', { 8: 2, 25: 1, 50: 1.6, 100: 2 }));
    expect(claim.verdict).toBe('not-reproduced');
    expect(claim.finding).toContain('hashmap at no measured size above 2 GB');
  });

  it('is not-reproduced where every size differs', () => {
    expect(judge(sizes('hashmap', { 8: 1.5, 100: 3 })).verdict).toBe('not-reproduced');
  });

  it('says so where 100 GB is quicker', () => {
    const claim = judge(sizes('hashmap', { 100: 0.5 }));
    expect(claim.verdict).toBe('not-reproduced');
    expect(claim.finding).toContain('on the quick side');
    expect(codes(claim)).toContain('quicker-at-size');
  });

  it('is inconclusive where the interval straddles a bound', () => {
    const claim = judge(sizes('hashmap', { 8: 1, 100: 1.2 }, WIDE));
    expect(claim.verdict).toBe('inconclusive');
    expect(claim.finding).toContain('straddles');
    expect(claim.measured).not.toBeNull();
  });

  it('judges by the 90% interval', () => {
    const claim = judge(sizes('hashmap', { 100: 1 }));
    const deviation = Math.log((claim.measured?.high ?? 0) / (claim.measured?.value ?? 1));
    const logs = NEAR.map((factor) => Math.log(factor));
    const mean = logs.reduce((sum, log) => sum + log, 0) / 5;
    const variance = logs.reduce((sum, log) => sum + (log - mean) ** 2, 0) / 4;
    // t(0.95, 4) = 2.13185
    expect(deviation).toBeCloseTo(2.13185 * Math.sqrt(variance / 5), 5);
    expect(claim.alpha).toBe(0.05);
  });
});

describe('what capacity-50x does not decide', () => {
  it('does not decide without 100 GB', () => {
    const claim = judge(sizes('hashmap', { 8: 1, 50: 1 }));
    expect(claim.verdict).toBe('inconclusive');
    expect(claim.measured).toBeNull();
    expect(claim.finding).toContain('the largest measured, 50 GB');
    expect(claim.curve).toHaveLength(2);
  });

  it('does not decide without anchors, or with anchors of another cell', () => {
    const rounds = sizes('hashmap', { 100: 1 });
    const without = rounds.filter((sample) => sample.purpose === 'arm');
    expect(judge(without).verdict).toBe('inconclusive');
    const elsewhere = rounds.map((sample) =>
      sample.purpose === 'anchor' ? { ...sample, beside: 'main-50gb' } : sample,
    );
    const claim = judge(elsewhere);
    expect(claim.verdict).toBe('inconclusive');
    expect(claim.finding).toContain('no other size either');
  });

  it('does not decide without the 2 GB cell in the plan', () => {
    const cells = [testCell(8e9), testCell(100e9)];
    expect(judge(sizes('hashmap', { 100: 1 }), { cells }).verdict).toBe('inconclusive');
  });

  it('does not decide from one round or from none', () => {
    const claim = judge(sizes('hashmap', { 100: 1 }, [1]));
    expect(claim.verdict).toBe('inconclusive');
    expect(claim.measured).toBeNull();
    expect(codes(claim)).toEqual(expect.arrayContaining(['no-interval', 'not-in-curve']));
    expect(judge([]).verdict).toBe('inconclusive');
  });

  it('warns where equal arms differ by more than the bounds', () => {
    const cell = testCell(100e9);
    const claim = judge(testAnchoredRounds('hashmap', { base, cell }, NEAR, { noise: 1.4 }));
    expect(claim.floor).toBeCloseTo(1.4, 6);
    expect(codes(claim)).toContain('noisy');
  });
});

it('is invalid on tmpfs and with settings that are not the arm', () => {
  const samples = sizes('hashmap', { 100: 1 });
  const inMemory = judge(samples, { host: testHost('tmpfs') });
  expect(inMemory.verdict).toBe('invalid');
  expect(codes(inMemory)).toContain('memory-file-system');
  const mismatched = samples.map((sample) =>
    sample.purpose === 'anchor' ? { ...sample, settings: { freelist: 'array' } } : sample,
  );
  expect(judge(mismatched).verdict).toBe('invalid');
});

it('draws both arms over size, with a put weighed by its commit', () => {
  // Twice the puts a commit at twice the latency: the same latency a put.
  const cell = testCell(100e9, { putsPerCommit: 1_000 });
  const samples = ['hashmap', 'array'].flatMap((arm) =>
    testAnchoredRounds(arm, { base, cell }, arm === 'array' ? [20, 21, 22] : [2, 2.02, 2.04]),
  );
  const claim = judge(samples, { cells: [base, cell] });
  expect(claim.curve.map(({ series, dbBytes }) => [series, dbBytes])).toEqual([
    ['hashmap', 100e9],
    ['array', 100e9],
  ]);
  expect(claim.curve.map(({ value }) => Number(value.toFixed(1)))).toEqual([1, 10.5]);
  expect(claim.verdict).toBe('reproduced');
});

it('leaves the labelled cells alone', () => {
  const worst = testCell(100e9, { role: 'worst-case' });
  const samples = testAnchoredRounds('hashmap', { base, cell: worst }, NEAR);
  const claim = judge(samples, { cells: [base, worst] });
  expect(claim.verdict).toBe('inconclusive');
  expect(claim.arms.map(({ cell }) => cell)).not.toContain(worst.id);
});
