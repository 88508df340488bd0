// What every experiment must keep to, and that no broken figure gets into a record.

import { describe, expect, it } from 'vitest';
import { CLAIM_IDS } from '../claims/claims.ts';
import { finiteFigures, runExperimentTask } from './experiment-task.ts';
import { EXPERIMENTS } from './experiments.ts';
import { FREELIST_BUDGET_SECONDS } from '../runner/plan.ts';
import { shareBudget } from './plan.ts';
import { roundsOf } from './schedule.ts';
import { fakeCell } from './testing/fake-experiment.ts';

const MODES = ['quick', 'default', 'full'] as const;

describe.each(EXPERIMENTS)('$claim', (experiment) => {
  it.each(MODES)('has cells that can be measured in %s mode', (mode) => {
    const cells = experiment.cells(mode);
    expect(new Set(cells.map(({ id }) => id)).size).toBe(cells.length);
    expect(cells.some(({ role }) => role === 'deciding')).toBe(true);
    for (const cell of cells) {
      expect(cell.blocksMin).toBeGreaterThan(0);
      expect(cell.blocksMax).toBeGreaterThanOrEqual(cell.blocksMin);
      expect(cell.roundSeconds).toBeGreaterThan(0);
      expect(roundsOf(cell)).toBeGreaterThan(0);
    }
    const seconds = cells.reduce(
      (sum, cell) => sum + roundsOf(cell) * cell.blocksMin * cell.roundSeconds,
      0,
    );
    expect(seconds).toBeLessThanOrEqual(experiment.budgetSeconds[mode]);
  });

  it('belongs to a claim', () => {
    expect(CLAIM_IDS).toContain(experiment.claim);
  });
});

describe('shareBudget', () => {
  it('keeps a default run within 15 minutes', () => {
    const { freelistSeconds, experiments } = shareBudget(
      EXPERIMENTS,
      'default',
      FREELIST_BUDGET_SECONDS.default,
    );
    const sum = experiments.reduce((all, one) => all + one.budgetSeconds, freelistSeconds);
    expect(sum).toBeLessThanOrEqual(15 * 60);
  });

  it('shares a budget out in the proportion of the defaults', () => {
    const one = { ...EXPERIMENTS[0]!, budgetSeconds: { quick: 1, default: 75, full: 1 } };
    const { freelistSeconds, experiments } = shareBudget([one], 'default', 425, 50);
    expect(freelistSeconds).toBeCloseTo(42.5);
    expect(experiments[0]?.budgetSeconds).toBeCloseTo(7.5);
  });
});

it('drops figures that are not finite, with a warning', () => {
  const { figures, series, warnings } = finiteFigures({
    settings: {},
    figures: { good: 1, bad: Number.NaN, worse: Infinity },
    series: { some: [1, Number.NaN, 3] },
    warnings: [],
  });
  expect(figures).toEqual({ good: 1 });
  expect(series).toEqual({ some: [1, 3] });
  expect(warnings.map(({ code }) => code)).toEqual(['not-finite', 'not-finite', 'not-finite']);
});

it('refuses a claim that has no experiment', async () => {
  const task = { claim: 'none', cell: fakeCell('a'), arm: 'before', seed: 1, folder: '' };
  await expect(runExperimentTask(task)).rejects.toThrow(/no experiment for the claim none/);
});
