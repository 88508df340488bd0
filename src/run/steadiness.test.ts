import { expect, it } from 'vitest';
import { Random } from '../../engine/index.ts';
import { warmthOf } from './steadiness.ts';

const warmUp = { figure: 'perSecond', slicesMin: 4, slicesMax: 10 };

it.each([
  ['flat', [100, 101, 99, 100], 'steady'],
  ['noise without a trend', [100, 115, 96, 130], 'steady'],
  ['still rising', [60, 70, 85, 100], 'cold'],
  ['still falling', [120, 100, 85, 70], 'cold'],
  ['a jump at the end', [100, 98, 130, 160], 'cold'],
  ['too few', [100, 100, 100], 'cold'],
  ['a figure is missing', [100, 100, undefined, 100], 'cold'],
  ['zeros', [0, 0, 0, 0], 'cold'],
] as const)('%s', (_what, figures, warmth) => {
  expect(warmthOf(warmUp, figures)).toBe(warmth);
});

it('looks at the last four alone', () => {
  expect(warmthOf(warmUp, [1, 5, 20, 100, 101, 100, 101])).toBe('steady');
  expect(warmthOf(warmUp, [100, 100, 100, 100, 20, 5])).toBe('cold');
});

it('waits for the smallest number of slices, and gives up at the largest', () => {
  expect(warmthOf({ ...warmUp, slicesMin: 5 }, [100, 100, 100, 100])).toBe('cold');
  expect(warmthOf({ ...warmUp, slicesMin: 5 }, [100, 100, 100, 100, 100])).toBe('steady');
  const doubling = Array.from({ length: 10 }, (_, i) => 2 ** i);
  expect(warmthOf(warmUp, doubling)).toBe('never');
});

it('counts slices where no figure has to be steady', () => {
  const counted = { figure: undefined, slicesMin: 2, slicesMax: 2 };
  expect(warmthOf(counted, [undefined])).toBe('cold');
  expect(warmthOf(counted, [undefined, undefined])).toBe('steady');
  expect(warmthOf({ ...counted, slicesMin: 0 }, [])).toBe('steady');
});

it('finds noise of 3% steady within few slices, and lets code that is being compiled warm up', () => {
  const random = new Random(3);
  const noise = (): number => 1 + 0.03 * (random.unit() + random.unit() + random.unit() - 1.5) * 2;
  const slices = (trend: (i: number) => number): number => {
    const figures: number[] = [];
    while (warmthOf({ ...warmUp, slicesMax: 40 }, figures) === 'cold') {
      figures.push(trend(figures.length) * noise());
    }
    return figures.length;
  };
  const mean = (trend: (i: number) => number): number =>
    Array.from({ length: 200 }, () => slices(trend)).reduce((sum, n) => sum + n, 0) / 200;
  expect(mean(() => 100)).toBeLessThan(4.5);
  expect(mean((i) => 100 * (1 - 0.6 * 0.5 ** i))).toBeGreaterThan(4.5);
});
