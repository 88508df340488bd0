import { expect, it } from 'vitest';
import { linesPanelSchema } from '../record/answer.ts';
import { describe } from './estimate.ts';
import { heatOverCells, linesOverCells, linesPanel } from './panels.ts';
import { madeUpCell, madeUpRounds, measuredOf } from './testing/made-up.ts';

const cells = [
  madeUpCell({ id: 'q/1', factors: { threads: 1, keys: 10 }, role: 'curve' }),
  madeUpCell({ id: 'q/4', factors: { threads: 4, keys: 10 } }),
  madeUpCell({ id: 'q/8', factors: { threads: 8, keys: 20 }, role: 'labelled' }),
];
/** Three sessions of the first, two of the second, none of the third. */
const rounds = [
  ...madeUpRounds(2, { cell: cells[1]!, ratio: 3 }),
  ...madeUpRounds(3, { cell: cells[0]! }),
];
const seen = {
  cells: measuredOf([], { cells: [...cells].reverse() }).cells,
  describe: (contrast: Parameters<typeof describe>[0]) => describe(contrast, rounds, 0.05),
};
const threads = { label: 'Threads', unit: '', scale: 'log' } as const;
const rate = { label: 'Operations', unit: '/s', scale: 'log' } as const;
const about = { id: 'rate', title: 'Rate', x: threads, y: rate };

it('draws a line an arm, its points in order, intervals from three sessions on', () => {
  const panel = linesOverCells(seen, {
    ...{ ...about, factor: 'threads', figure: 'operationsPerSecond' },
    lineOf: (arm) => (arm === 'b' ? 'ours' : undefined),
  });
  expect(linesPanelSchema.parse(panel)).toEqual(panel);
  expect(panel?.series).toHaveLength(1);
  const [line] = panel?.series ?? [];
  expect(line).toMatchObject({ name: 'ours', role: 'deciding' });
  expect(line?.points.map(({ x }) => x)).toEqual([1, 4]);
  expect(line?.points[0]?.low).toBeLessThan(2000);
  expect(line?.points[1]).toMatchObject({ low: null, high: null });
});

it('draws nothing of nothing', () => {
  expect(linesPanel(about, [])).toBeUndefined();
  const none = { ...about, factor: 'threads', figure: 'none' };
  expect(linesOverCells(seen, none)).toBeUndefined();
});

it('marks the best square', () => {
  const heat = (better: 'higher' | 'lower') =>
    heatOverCells(seen, {
      ...{ id: 'heat', title: 'Heat', x: threads, y: threads, color: rate, better },
      ...{ factors: { x: 'threads', y: 'keys' }, figure: 'operationsPerSecond', arm: 'b' },
    });
  expect(heat('higher')?.cells).toHaveLength(2);
  expect(heat('higher')?.marks).toEqual([{ x: 4, y: 10, label: 'best seen' }]);
  expect(heat('lower')?.marks).toEqual([{ x: 1, y: 10, label: 'best seen' }]);
});
