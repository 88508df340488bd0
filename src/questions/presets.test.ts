// Every verdict of presets by its rule, its sentences and table from made-up rounds.

import { describe, expect, it } from 'vitest';
import { Random } from '../../engine/index.ts';
import { LatencyCounts } from '../measure/latency-counts.ts';
import type { Round } from '../record/round.ts';
import { presets } from './presets.ts';
import {
  answered,
  estimatesOf,
  roundsOf,
  type MadeUpArm,
  type MadeUpEstimate,
} from './testing/rounds.ts';

const question = presets.build({ mode: 'default', peers: {} });

/** Slices of that rate, with the p99 of two lanes together; sessions and slices differ a little. */
function slicesOf(operationsPerSecond: number, p99Us: number) {
  const made = [-1, 0, 1].map((bend) => histogramsOf(p99Us * (1 + 0.002 * bend)));
  return (session: number, replicate: number): MadeUpArm => ({
    figures: { operationsPerSecond },
    histograms: made[(session + 2 * replicate) % made.length] ?? {},
  });
}

function histogramsOf(p99Us: number): Record<string, string> {
  const [fast, slow] = [new LatencyCounts(), new LatencyCounts()];
  for (let i = 0; i < 90; i++) fast.record(p99Us * 100);
  for (let i = 0; i < 10; i++) slow.record(p99Us * 1000);
  return { write: fast.encode(), read: slow.encode() };
}

/** Gains by family in throughput and p99; of those that are not named none. */
function about(
  gains: Readonly<Record<string, readonly [rate: number, p99: number]>> = {},
): Round[] {
  return question.cells.flatMap((cell) => {
    const [rate, p99] = gains[cell.id.split('/')[1] ?? ''] ?? [1, 1];
    return roundsOf(cell, {
      arms: {
        baseline: slicesOf(10_000, 5000),
        optimized: slicesOf(10_000 * rate, 5000 / p99),
      },
      sessions: 6,
      slices: 2,
      spread: 0.004,
    });
  });
}

describe('rule of presets', () => {
  const ids = question.contrasts.map(({ id }) => id);
  const judge = (values: Record<string, MadeUpEstimate>, floor: number | null = 1.02): string => {
    const alike = Object.fromEntries(ids.map((id): [string, MadeUpEstimate] => [id, [0.95, 1.05]]));
    return question.rule(estimatesOf(question.contrasts, { ...alike, ...values }, floor));
  };

  it.each<[string, Record<string, MadeUpEstimate>, string]>([
    ['one figure is better', { 'long-reads-p99': [5, 9] }, 'reproduced'],
    ['one is better and one worse', { 'long-reads-p99': [5, 9], 'key-churn-rate': 0.5 }, 'partly'],
    ['none is better and no gain possible', {}, 'not-reproduced'],
    ['one is worse and none better', { 'key-churn-rate': 0.5 }, 'not-reproduced'],
    ['a gain is possible', { 'kubernetes-p99': [0.8, 1.3] }, 'inconclusive'],
    ['a figure is unknown', { 'read-heavy-rate': null, 'long-reads-p99': [5, 9] }, 'inconclusive'],
  ])('where %s', (_, values, verdict) => {
    expect(judge(values)).toBe(verdict);
  });

  it('holds every figure against the noise of equal arms', () => {
    expect(judge({ 'long-reads-p99': [1.1, 1.2] }, 1.21)).toBe('not-reproduced');
    expect(judge({}, 1.3)).toBe('inconclusive');
    expect(judge({ 'long-reads-p99': [5, 9] }, null)).toBe('inconclusive');
  });

  it('has one verdict between its cuts', () => {
    const random = new Random(1);
    const gaps = [
      [0.3, 1],
      [1, 1.25],
      [1.25, 4],
    ] as const;
    for (let trial = 0; trial < 200; trial++) {
      const chosen = ids.map(() => gaps[random.below(gaps.length)] ?? gaps[0]);
      const verdicts = Array.from({ length: 8 }, () =>
        judge(
          Object.fromEntries(
            ids.map((id, i) => {
              const [from, to] = chosen[i] ?? gaps[0];
              return [id, from + (to - from) * (0.01 + 0.98 * random.unit())];
            }),
          ),
          1,
        ),
      );
      expect(new Set(verdicts).size).toBe(1);
    }
  });
});

describe('what presets says', () => {
  it('of figures that are better, and of those that show nothing', () => {
    const { verdict, finding, measured, limits, tables } = answered(
      question,
      about({ 'long-reads': [3, 20], 'mass-leases': [1.2, 1] }),
    );
    expect(verdict).toBe('reproduced');
    expect(finding).toMatch(
      /shown better: mass-leases \(throughput 1\.2\dx\), long-reads \(throughput/,
    );
    expect(finding).toMatch(/none is shown worse\. Over all families throughput is 1\.2\dx/);
    expect(measured?.value).toBeCloseTo(3.6 ** (1 / 6), 1);
    expect(measured?.low).toBeLessThan(measured?.value ?? 0);
    expect(limits[0]).toMatch(/is shown on large-values, key-churn, read-heavy and kubernetes\.$/);
    expect(tables[0]?.rows).toHaveLength(12);
    expect(tables[0]?.rows.filter((row) => row.at(-1) === 'better')).toHaveLength(3);
  });

  it('of figures that are worse', () => {
    const answer = answered(question, about({ 'long-reads': [3, 20], kubernetes: [1, 0.5] }));
    expect(answer.verdict).toBe('partly');
    expect(answer.finding).toMatch(/shown worse: kubernetes \(p99 0\.\d+x\)/);
  });

  it('of no gain at all, and of families that were not measured', () => {
    expect(answered(question, about()).verdict).toBe('not-reproduced');
    const some = about({ 'long-reads': [3, 20] }).filter(({ cell }) => cell.endsWith('reads'));
    const answer = answered(question, some);
    expect(answer.verdict).toBe('inconclusive');
    expect(answer.measured).toBeNull();
    expect(answer.finding).toMatch(/too few, or the noise is too large, to tell\.$/);
  });
});
