// Every verdict of run, ab and sweep, from rounds whose figures are known.

import { describe, expect, it } from 'vitest';
import { Random } from '../../engine/index.ts';
import { testRun } from '../claims/testing/samples.ts';
import type { LoadRun } from '../record/load-schema.ts';
import type { ExperimentRound } from '../record/schema.ts';
import { verdictFileSchema, type VerdictFile } from '../record/verdict-schema.ts';
import { judgeLoads } from './load-verdict.ts';
import { testPlan, testRound, type RoundShape } from './testing/load-rounds.ts';

function judge(plan: LoadRun, experiments: readonly ExperimentRound[]): VerdictFile {
  const random = new Random(1);
  const verdict = judgeLoads({ run: testRun(), plan, experiments, unit: () => random.unit() });
  return verdictFileSchema.strict().parse(verdict);
}

/** Blocks of two rounds of each arm; b is `times` as good, and equal arms differ by `noise`. */
function blocks(
  count: number,
  shapeOf: (at: { arm: string; block: number; noise: number }) => RoundShape,
  noise = 1.01,
): ExperimentRound[] {
  return Array.from({ length: count }, (_, block) =>
    ['a', 'b'].flatMap((arm) =>
      [0, 1].map((replicate) => {
        // Replicates differ by the noise, blocks by a little more.
        const factor = (replicate === 0 ? 1 : noise) * (1 + block * 0.001);
        return testRound({ arm, block, replicate, ...shapeOf({ arm, block, noise: factor }) });
      }),
    ),
  ).flat();
}

const CLOSED = testPlan({ command: 'ab' });
const OPEN = testPlan({
  command: 'ab',
  shape: { kind: 'open', arrival: 'poisson', ratePerSecond: 1000 },
});

describe('ab, closed loop', () => {
  const rate = (times: number, noise?: number): VerdictFile =>
    judge(
      CLOSED,
      blocks(
        5,
        ({ arm, noise: factor }) => ({ perSecond: 1000 * factor * (arm === 'b' ? times : 1) }),
        noise,
      ),
    );

  it.each([
    [1.2, 'better'],
    [0.8, 'worse'],
    [1, 'alike'],
    // Within what equal arms differ by.
    [1.005, 'alike'],
  ])('b does %f times as much: %s', (times, verdict) => {
    const { verdict: found, comparisons, finding } = rate(times);
    expect(found).toBe(verdict);
    const [first] = comparisons;
    expect(first).toMatchObject({ figure: 'operationsPerSecond', deciding: true, pairs: 5 });
    expect(first?.ratio).toBeCloseTo(times, 3);
    expect(first?.floor).toBeCloseTo(1.01, 4);
    expect(finding).toContain(`b is ${times.toFixed(3)} times as good as a`);
  });

  it('shows no verdict finer than the noise of equal arms', () => {
    expect(rate(1.2, 1.3).verdict).not.toBe('better');
    expect(rate(0.8, 1.3).verdict).not.toBe('worse');
  });

  it('does not judge by latency, nor by one block, nor by nothing', () => {
    const slower = blocks(5, ({ arm }) => ({ p99Us: arm === 'b' ? 900 : 100 }));
    expect(judge(CLOSED, slower).verdict).toBe('alike');
    const one = judge(
      CLOSED,
      blocks(1, () => ({ perSecond: 1000 })),
    );
    expect(one.verdict).toBe('inconclusive');
    expect(one.warnings.map(({ code }) => code)).toContain('no-interval');
    expect(judge(CLOSED, []).verdict).toBe('nothing');
  });
});

describe('ab, open loop', () => {
  it('judges by p99, and lower is better', () => {
    const verdict = (times: number): VerdictFile =>
      judge(
        OPEN,
        blocks(5, ({ arm, noise }) => ({ p99Us: 100 * noise * (arm === 'b' ? times : 1) })),
      );
    expect(verdict(0.5).verdict).toBe('better');
    expect(verdict(2).verdict).toBe('worse');
    expect(verdict(0.5).comparisons[0]).toMatchObject({ figure: 'readP99Us', deciding: true });
    expect(verdict(0.5).comparisons[0]?.ratio).toBeCloseTo(2, 3);
  });

  it('does not judge by the p99 of a few operations', () => {
    const few = blocks(5, ({ arm }) => ({ operations: 100, p99Us: arm === 'b' ? 900 : 100 }));
    const { verdict, comparisons, finding } = judge(OPEN, few);
    expect(verdict).toBe('inconclusive');
    expect(comparisons.every(({ deciding }) => !deciding)).toBe(true);
    expect(finding).toMatch(/^no figure decides/);
  });
});

describe('rounds that may not judge', () => {
  it('void everything where the store did not hold what it acknowledged', () => {
    const rounds = [testRound(), testRound({ block: 1, faults: ['key 5 is missing'] })];
    const { verdict, finding, verified, warnings } = judge(testPlan(), rounds);
    expect(verdict).toBe('wrong-data');
    expect(finding).toContain('key 5 is missing');
    expect(verified).toEqual({ rounds: 2, ok: 1, entries: 2000 });
    expect(warnings).toContainEqual({ code: 'wrong-data', message: 'key 5 is missing' });
  });

  it('are left out where they are few, and void the rest where they are many', () => {
    const round = (block: number, bottleneck: boolean): ExperimentRound =>
      testRound({ block, bottleneck, operations: bottleneck ? 9000 : 2000 });
    const few = judge(
      testPlan(),
      [0, 1, 2, 3].map((block) => round(block, block === 0)),
    );
    expect(few.verdict).toBe('measured');
    expect(few.lanes[0]).toMatchObject({ rounds: 3, operations: 6000 });
    expect(few.warnings[0]?.message).toMatch(/^1 of 4 rounds left out/);
    const many = judge(
      testPlan(),
      [0, 1, 2].map((block) => round(block, block === 0)),
    );
    expect(many.verdict).toBe('invalid');
    expect(many.finding).toContain('a generating thread was busy');
  });

  it('in which nothing ended measure nothing', () => {
    const none = judge(testPlan(), [testRound({ operations: 0 })]);
    expect([none.verdict, none.finding]).toEqual(['nothing', 'Nothing was measured.']);
  });

  it('of claims are not looked at', () => {
    expect(judge(testPlan(), [{ ...testRound(), claim: 'lease-scale' }]).verdict).toBe('nothing');
  });
});

describe('lanes', () => {
  it('of few operations do not name the longest p99', () => {
    const few = judge(testPlan(), [testRound({ operations: 400 })]);
    expect(few.finding).not.toContain('p99');
    const enough = judge(testPlan(), [testRound({ operations: 500 })]);
    expect(enough.finding).toContain('has the longest p99');
  });

  it('merge histograms instead of averaging percentiles', () => {
    const rounds = [testRound({ p99Us: 100 }), testRound({ block: 1, p99Us: 1000 })];
    const [lane, ...others] = judge(testPlan(), rounds).lanes;
    // Lanes in which nothing ended are left out.
    expect(others).toEqual([]);
    // 98 of 50 us, 2 of 100, 98 of 500, 2 of 1000.
    expect(lane?.p50Us).toBeCloseTo(100, 0);
    expect(lane?.p99Us).toBeCloseTo(500, -1);
    expect(lane?.maxUs).toBeCloseTo(1000, -1);
    expect(lane?.perSecond).toBe(1000);
  });
});

describe('sweep', () => {
  const factors: LoadRun['factors'] = [
    { name: 'batchLimit', what: 'config', levels: [100, 1000] },
    { name: 'batchIntervalMs', what: 'config', levels: [1, 10, 100] },
  ];
  const rounds = factors[0]!.levels.flatMap((limit) =>
    factors[1]!.levels.flatMap((interval) =>
      [0, 1].map((block) =>
        testRound({
          ...{ cell: `${String(limit)}-${String(interval)}`, block },
          factors: { batchLimit: limit, batchIntervalMs: interval },
          perSecond: Number(limit) * 10 + Number(interval),
        }),
      ),
    ),
  );

  it('draws two numeric factors as heat maps and marks the best', () => {
    const plan = testPlan({ command: 'sweep', factors });
    const { panels, rows, finding, verdict } = judge(plan, rounds);
    expect(verdict).toBe('measured');
    const [rate, latency] = panels;
    expect(rate).toMatchObject({ kind: 'heat', better: 'higher' });
    expect(rate?.kind === 'heat' && rate.cells).toHaveLength(6);
    expect(rate?.kind === 'heat' && rate.marks[0]).toMatchObject({ x: 1000, y: 100 });
    // Two rounds have no interval worth the name.
    expect(rate?.kind === 'heat' && rate.cells[0]?.low).toBeNull();
    expect(latency).toMatchObject({ kind: 'heat', better: 'lower' });
    expect(rows[0]?.rows.map((row) => row.slice(0, 2))[0]).toEqual([1000, 100]);
    expect(finding).toContain('most operations/s at 1000-100 (10,100)');
  });

  it('draws one numeric factor as lines, a line a level of the other', () => {
    const [limit] = factors;
    const only = testPlan({ command: 'sweep', factors: [limit!] });
    const one = judge(
      only,
      rounds.filter(({ factors: at }) => at['batchIntervalMs'] === 1),
    );
    expect(one.panels[0]).toMatchObject({ kind: 'lines', series: [{ points: [{}, {}] }] });
    const lock = { name: 'readLock', what: 'config' as const, levels: ['global', 'copy'] };
    const both = testPlan({ command: 'sweep', factors: [limit!, lock] });
    const locked = rounds.slice(0, 4).map((round, i) => ({
      ...round,
      factors: { batchLimit: i < 2 ? 100 : 1000, readLock: i % 2 === 0 ? 'global' : 'copy' },
    }));
    const names = judge(both, locked).panels[0];
    expect(names?.kind === 'lines' && names.series.map(({ name }) => name)).toEqual([
      'readLock global',
      'readLock copy',
    ]);
  });
});
