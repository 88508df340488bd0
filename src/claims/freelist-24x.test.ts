import { describe, expect, it } from 'vitest';
import { claimSchema } from '../record/schema.ts';
import type { Claim, Run, Sample } from '../record/schema.ts';
import { seededUnit } from '../stats/testing/unit.ts';
import { freelist24x, judgeInterval } from './freelist-24x.ts';
import {
  testCell,
  testHost,
  testRounds,
  testRun,
  testSample,
  TEST_SIZES,
} from './testing/samples.ts';

const main = testCell(100e9);
const NEAR: readonly number[] = [0.98, 1, 1.02, 1.01, 0.99];

/** Main rounds whose ratios scatter by 2% about `ratio`. */
function about(ratio: number, cell = main): Sample[] {
  return testRounds(
    cell,
    NEAR.map((scatter) => ratio * scatter),
  );
}

/** Evaluates, and checks that what a file would hold is what was computed. */
function judge(samples: readonly Sample[], run: Partial<Run> = {}): Claim {
  const input = {
    ...{ run: testRun(run), samples, experiments: [] },
    ...{ unit: seededUnit(1), command: 'kvtune reproduce' },
  };
  const claim = freelist24x.evaluate(input);
  expect(claimSchema.parse(JSON.parse(JSON.stringify(claim)))).toEqual(claim);
  expect(JSON.stringify(claim)).not.toMatch(/NaN|Infinity|undefined/);
  return claim;
}

const codes = (claim: Claim): string[] => claim.warnings.map((warning) => warning.code);

describe('verdict of freelist-24x', () => {
  it.each([
    [24, 'reproduced'],
    [60, 'exceeded'],
    [14, 'partly'],
    [1.5, 'partly'],
    [1.001, 'not-reproduced'],
    [0.4, 'not-reproduced'],
  ])('ratio %f is %s', (ratio, verdict) => {
    const claim = judge(about(ratio));
    expect(claim.verdict).toBe(verdict);
    expect(claim.measured?.value).toBeCloseTo(ratio, 1);
    expect(claim.measured).toMatchObject({ rounds: 5, at: { dbBytes: 100e9 } });
    expect(claim.rule).toBe(freelist24x.rule);
  });

  it.each([
    [15, 16, 'reproduced'],
    [15, 15.999, 'partly'],
    [36, 40, 'reproduced'],
    [36.001, 40, 'exceeded'],
    [10, 50, 'reproduced'],
    [1.2, 15, 'not-reproduced'],
    [1.201, 15, 'partly'],
    [0.5, 15, 'not-reproduced'],
    [0.5, 0.9, 'not-reproduced'],
  ])('an interval from %f to %f is %s', (low, high, verdict) => {
    expect(judgeInterval({ low, high }, { ratio: 1.2, pairs: 10 })).toBe(verdict);
  });

  it('takes an edge from rounds as it takes it from figures', () => {
    expect(judge(testRounds(main, [15.9, 16.02, 15.95])).verdict).toBe('reproduced');
    expect(judge(testRounds(main, [36.1, 35.98, 36.05])).verdict).toBe('reproduced');
    expect(judge(testRounds(main, [15.5, 15.52, 15.51])).verdict).toBe('partly');
    expect(judge(testRounds(main, [36.5, 36.52, 36.51])).verdict).toBe('exceeded');
  });

  it('warns of rounds without variance', () => {
    const claim = judge(testRounds(main, [20, 20, 20], { noise: 1 }));
    expect(claim.verdict).toBe('reproduced');
    expect(codes(claim)).toContain('zero-variance');
  });

  it('is not-reproduced for a gain within the noise of equal arms', () => {
    const ratios = NEAR.map((scatter) => 1.3 * scatter);
    expect(judge(testRounds(main, ratios, { noise: 1.1 })).verdict).toBe('partly');
    const noisy = judge(testRounds(main, ratios, { noise: 1.5 }));
    expect(noisy.verdict).toBe('not-reproduced');
    expect(noisy.floor).toBeCloseTo(1.5, 6);
    expect(noisy.finding).toContain('noise floor of 1.50x');
  });

  it('needs a floor for partly, and for nothing else', () => {
    const once = { replicates: 1 };
    const gain = judge(testRounds(main, [13, 14, 14.5], once));
    expect(gain.verdict).toBe('inconclusive');
    expect(codes(gain)).toContain('no-floor');
    expect(judge(testRounds(main, [23, 24, 25], once)).verdict).toBe('reproduced');
    expect(judge(testRounds(main, [0.9, 1, 1.1], once)).verdict).toBe('not-reproduced');
  });

  it('warns where an interval meets the band by its width', () => {
    const claim = judge(testRounds(main, [4, 30, 9]));
    expect(claim.verdict).toBe('reproduced');
    expect(codes(claim)).toContain('wide-interval');
  });
});

describe('what freelist-24x does not decide', () => {
  it('does not decide from a smaller size', () => {
    const half = testCell(50e9);
    const claim = judge([...about(24, half), ...about(3, testCell(8e9))]);
    expect(claim.verdict).toBe('inconclusive');
    expect(claim.measured).toBeNull();
    expect(claim.finding).toContain('the largest measured, 50 GB, gave 24.0x');
    expect(claim.limits.join(' ')).toContain('main job at 100 GB');
    expect(claim.curve).toHaveLength(2);
  });

  it('does not decide from a labelled cell of the same size', () => {
    const worst = testCell(100e9, { role: 'worst-case' });
    const claim = judge(about(24, worst), { cells: [worst] });
    expect(claim.verdict).toBe('inconclusive');
    expect(claim.finding).toContain('no smaller one either');
  });

  it('does not decide from one round', () => {
    const claim = judge(testRounds(main, [24]));
    expect(claim.verdict).toBe('inconclusive');
    expect(claim.measured).toBeNull();
    expect(claim.curve).toEqual([]);
    expect(claim.arms).toHaveLength(2);
    expect(claim.finding).toContain('24.0x without an interval');
    expect(codes(claim)).toEqual(expect.arrayContaining(['no-interval', 'not-in-curve']));
  });

  it('does not decide from nothing, nor from one arm', () => {
    expect(judge([]).verdict).toBe('inconclusive');
    const onlyArray = about(24).filter((sample) => sample.arm === 'array');
    expect(judge(onlyArray).verdict).toBe('inconclusive');
  });

  it('leaves out anchors, half blocks and rounds without a time', () => {
    const samples = [
      ...about(24),
      testSample(main, { arm: 'array', purpose: 'anchor', completionSeconds: 9_999 }),
      testSample(main, { arm: 'array', block: 9, completionSeconds: 9_999 }),
      testSample(main, { arm: 'array', block: 0, replicate: 2, completionSeconds: Number.NaN }),
    ];
    const claim = judge(samples, { status: 'interrupted' });
    expect(claim.measured?.value).toBeCloseTo(24, 1);
    expect(codes(claim)).toEqual(
      expect.arrayContaining(['unusable-rounds', 'unpaired-blocks', 'run-interrupted']),
    );
  });
});

describe('what makes freelist-24x invalid', () => {
  const calibration = {
    peer: 'bbolt 1.3.6',
    dbBytes: 2e9,
    freelistSecondsOurs: 1.4,
    freelistSecondsPeer: 1,
    ratio: 1.4,
    probesPerAllocationOurs: 20,
    probesPerAllocationPeer: 20,
    ok: false,
  };

  it.each([
    ['memory-file-system', { host: testHost('tmpfs') }],
    ['dishonest-baseline', { calibration }],
  ])('%s', (code, run) => {
    const claim = judge(about(24), run);
    expect(claim.verdict).toBe('invalid');
    expect(codes(claim)).toContain(code);
    expect(claim.finding).toMatch(/^Not valid as measured/);
    expect(claim.measured?.value).toBeCloseTo(24, 1);
  });

  it('not an honest calibration', () => {
    expect(judge(about(24), { calibration: { ...calibration, ok: true } }).verdict).toBe(
      'reproduced',
    );
  });

  it.each([{ freelist: 'hashmap' }, {}])('settings read back as %o', (settings) => {
    const samples = about(24).map((sample) =>
      sample.arm === 'array' && sample.block === 2 ? { ...sample, settings } : sample,
    );
    const claim = judge(samples);
    expect(claim.verdict).toBe('invalid');
    expect(codes(claim)).toContain('settings-mismatch');
  });

  it('rounds of a cell that started from different bytes', () => {
    const samples = about(24).map((sample) => ({
      ...sample,
      state: { ...sample.state, digest: sample.arm },
    }));
    expect(judge(samples).verdict).toBe('invalid');
  });

  it('even without the main cell', () => {
    expect(judge(about(3, testCell(2e9)), { host: testHost('tmpfs') }).verdict).toBe('invalid');
  });

  it('but only doubtful with other settings or starting blocks that differ', () => {
    const samples = about(24).map((sample) => ({
      ...sample,
      settings: { ...sample.settings, syncFreelist: sample.arm === 'array' },
      state: { ...sample.state, allocatedBytes: sample.arm === 'array' ? 1e9 : 1.02e9 },
    }));
    const claim = judge(samples);
    expect(claim.verdict).toBe('reproduced');
    expect(codes(claim)).toEqual(expect.arrayContaining(['settings-differ', 'allocation-differs']));
  });
});

describe('curve, arms and limits of freelist-24x', () => {
  const worst = testCell(100e9, { role: 'worst-case' });
  const small = testCell(100e9, { role: 'small-values', valueBytes: 500 });
  const cells = [...TEST_SIZES.map((size) => testCell(size)), worst, small];
  const ratios = [1, 0.7, 5, 15, 20];
  const samples = [
    ...TEST_SIZES.flatMap((size, index) => about(ratios[index] ?? 0, testCell(size))),
    ...about(60, worst),
    ...about(0.3, small),
  ];
  const claim = judge(samples, { cells });
  const limits = claim.limits.join('\n');

  it('draws one point a cell, the labelled ones as series of their own', () => {
    const points = claim.curve.map(({ series, role, dbBytes }) => [series, role, dbBytes]);
    expect(points).toHaveLength(7);
    expect(points.filter(([series]) => series === 'main job')).toHaveLength(5);
    expect(points).toContainEqual(['worst case', 'worst-case', 100e9]);
    expect(points).toContainEqual(['small values', 'small-values', 100e9]);
    expect(claim.verdict).toBe('reproduced');
  });

  it('says at which sizes it holds, from the rounds', () => {
    expect(limits).toContain('At 25 GB, 50 GB and 100 GB, the main job: hashmap was faster');
    expect(limits).toContain('At 2 GB, the main job: no difference was shown');
    expect(limits).toContain('At 8 GB, the main job: array was faster');
    expect(limits).toMatch(/worst case: .*: hashmap was faster, 60\.0x/);
    expect(limits).toMatch(/small values: .*: array was faster, 0\.300x/);
    expect(limits).not.toContain('Not measured');
  });

  it('does not say it where the rounds say otherwise', () => {
    const other = judge([...about(20), ...about(2, small)], { cells: [main, small] });
    expect(other.limits.join('\n')).not.toContain('array was faster');
    expect(other.limits.join('\n')).toMatch(/small values: .*: hashmap was faster, 2\.00x/);
  });

  it('names its layer and the default of today', () => {
    expect(limits).toContain('storage layer only, no consensus');
    expect(limits).toContain('since 3.5');
  });

  it('summarizes each arm by medians over rounds', () => {
    expect(claim.arms).toHaveLength(14);
    const hashmap = claim.arms.find(({ cell, name }) => cell === main.id && name === 'hashmap');
    expect(hashmap).toMatchObject({
      rounds: 10,
      commits: 400,
      probesPerAllocation: 20,
      runFoundShare: 0.9,
      settings: { freelist: 'hashmap' },
    });
    expect(hashmap?.completionSeconds).toBeCloseTo(10, 1);
    expect(hashmap?.putsPerSecond).toBeCloseTo(2_000, -1);
    expect(hashmap?.commitMsMedian).toBeCloseTo(250, -1);
  });
});
