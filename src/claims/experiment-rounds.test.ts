// Ratios and figures of experiments: the better arm is above 1 whichever way a figure counts, pairs stay
// within blocks, and a figure that a round lacks becomes no NaN.

import { expect, it } from 'vitest';
import type { ExperimentRound } from '../record/schema.ts';
import { seededUnit } from '../stats/testing/unit.ts';
import {
  compareArms,
  estimate,
  figure,
  levelsOf,
  linesPanel,
  roundsWith,
  sideOf,
} from './experiment-rounds.ts';
import { testExperimentRound } from './testing/experiment-rounds.ts';

const unit = seededUnit(1);

/** One block a pair of figures; each arm twice, 2% apart. */
function rounds(pairs: readonly (readonly [before: number, after: number])[]): ExperimentRound[] {
  return pairs.flatMap(([before, after], block) =>
    Object.entries({ before, after }).flatMap(([arm, value]) =>
      [0, 1].map((replicate) =>
        testExperimentRound({
          ...{ arm, block, replicate, factors: { size: 10 * (block + 1) } },
          figures: { value: value * 1.02 ** (replicate - 0.5) },
        }),
      ),
    ),
  );
}

it.each([
  ['lower', 8],
  ['higher', 1 / 8],
] as const)('a figure that is better %s', (better, ratio) => {
  const about = { baseline: 'before', candidate: 'after', metric: figure('value'), better };
  const compared = compareArms(
    rounds([
      [8, 1],
      [16.2, 2],
      [7.9, 1],
    ]),
    about,
    unit,
  );
  expect(compared.ratio.value).toBeCloseTo(ratio, 1);
  expect(compared.floor.ratio).toBeCloseTo(1.02, 6);
  expect(compared.unpaired).toBe(0);
  expect(sideOf(compared)).toBe(better === 'lower' ? 'above' : 'below');
});

it('tells no difference from an unknown one', () => {
  const about = {
    ...{ baseline: 'before', candidate: 'after', metric: figure('value') },
    better: 'lower',
  } as const;
  expect(
    sideOf(
      compareArms(
        rounds([
          [1, 1],
          [1.01, 1],
          [1, 1.01],
        ]),
        about,
        unit,
      ),
    ),
  ).toBe('neither');
  expect(sideOf(compareArms(rounds([[8, 1]]), about, unit))).toBe('unknown');
  const once = rounds([
    [8, 1],
    [8.1, 1],
  ]).filter(({ replicate }) => replicate === 0);
  expect(sideOf(compareArms(once, about, unit))).toBe('unknown');
});

it('leaves out rounds without the figure, and says so', () => {
  const about = {
    ...{ baseline: 'before', candidate: 'after', metric: figure('missing') },
    better: 'lower',
  } as const;
  const compared = compareArms(
    rounds([
      [8, 1],
      [8, 1],
    ]),
    about,
    unit,
  );
  expect(compared.interval).toBeNull();
  expect(compared.ratio.warnings.map(({ code }) => code)).toContain('unusable-pairs');
  expect(estimate(rounds([[8, 1]]), figure('missing'), unit)).toBeUndefined();
});

it('draws a line an arm over a factor, and none without a point', () => {
  const all = rounds([
    [8, 1],
    [16, 2],
  ]);
  expect(levelsOf(all, 'size')).toEqual([10, 20]);
  expect(roundsWith(all, { size: 20 }, 'after')).toHaveLength(2);
  const about = {
    ...{ id: 'p', title: 'Value', factor: 'size' },
    x: { label: 'Size', unit: '', scale: 'log' },
    y: { label: 'Value', unit: 'us', scale: 'log' },
  } as const;
  const panel = linesPanel(all, { ...about, metric: figure('value') }, unit);
  expect(panel?.series.map(({ name }) => name)).toEqual(['after', 'before']);
  expect(panel?.series[1]?.points.map(({ x, y }) => [x, Math.round(y)])).toEqual([
    [10, 8],
    [20, 16],
  ]);
  expect(linesPanel(all, { ...about, metric: figure('missing') }, unit)).toBeUndefined();
});
