// The surface: its plan, and its maps, class sentences and bars from made-up rounds.

import { describe, expect, it } from 'vitest';
import type { Answer } from '../record/answer.ts';
import type { Round } from '../record/round.ts';
import { surface } from './surface.ts';
import { surfaceCells, type Place } from './surface-cells.ts';
import { answered, roundsOf } from './testing/rounds.ts';

const question = surface.build({ mode: 'full', peers: {} });
const planned = surfaceCells('full');

type Three = readonly [array: number, hashmap: number, bitmap: number];

interface Made extends Partial<Place> {
  readonly seconds: Three;
  readonly growthPages?: Three;
  readonly freelistBytes?: Three;
  readonly sessions?: number;
}

function cell(made: Made): Round[] {
  const { seconds, growthPages = [0, 0, 0], freelistBytes = [100, 50, 2] } = made;
  const { sessions = 1, ...rest } = made;
  const place: Place = {
    ...{ recipe: 'kubernetes-mix', freePages: 1e6, putsPerCommit: 100, valueBytes: 10_000 },
    ...{ syncFreelist: false, ...rest },
  };
  const found = planned.find(({ place: one }) =>
    (Object.keys(one) as (keyof Place)[]).every((name) => one[name] === place[name]),
  );
  if (found === undefined) throw new Error('no such cell');
  const arm = (at: 0 | 1 | 2): Partial<Round> => ({
    figures: { completionSeconds: seconds[at] },
    counts: {
      ...{ pagesAllocated: 100, fileGrowthBytes: growthPages[at] * 4096 },
      freelistBytes: freelistBytes[at],
    },
    state: { digest: 'same', freePages: place.freePages },
  });
  const arms = { array: arm(0), hashmap: arm(1), bitmap: arm(2) };
  return roundsOf(found.cell, { arms, sessions, spread: 0 });
}

function limits(...cells: readonly Round[][]): string {
  return answered(question, cells.flat()).limits.join('\n');
}

describe('the plan of the surface', () => {
  it('samples the corners of the main recipe first, and is whole in a full run', () => {
    const sizes = (['quick', 'default', 'full'] as const).map((mode) => surfaceCells(mode).length);
    expect(sizes).toEqual([0, 24, 480]);
    expect(planned.slice(0, 24)).toEqual(surfaceCells('default'));
    expect(new Set(planned.map(({ cell: { id } }) => id)).size).toBe(480);
  });

  it('keeps a job short, and never without a commit', () => {
    for (const { cell: one } of planned) {
      const { commits, putsPerCommit, valueBytes } = one.factors;
      expect(Number(commits)).toBeGreaterThanOrEqual(2);
      const bytes = Number(commits) * Number(putsPerCommit) * Number(valueBytes);
      expect(bytes).toBeLessThanOrEqual(Math.max(250e6, 2 * 1000 * 100_000));
    }
  });
});

describe('what the surface says', () => {
  it.each<[string, Three, Three, string]>([
    ['all gain', [4, 1, 1], [3, 1, 1], 'Every such store gains by leaving the array.'],
    ['all lose', [0.5, 1, 1], [0.7, 1, 1], 'Such a store loses by the hashmap.'],
    ['none', [1.1, 1, 1], [0.9, 1, 1], 'No difference above a quarter.'],
    [
      'some of each',
      [0.5, 1, 1],
      [4, 1, 1],
      'Commits of 100 puts of 10 kB gain by leaving the array; commits of 1 put of 10 kB lose by the ' +
        'hashmap; elsewhere no difference above a quarter.',
    ],
  ])('of a class: %s', (_, one, hundred, sentence) => {
    const said = limits(
      cell({ seconds: one, putsPerCommit: 1 }),
      cell({ seconds: hundred, putsPerCommit: 100 }),
    );
    expect(said).toContain(sentence);
    expect(said).toMatch(/^kubernetes-mix, 1\.00 million free pages \(10\.6 GB\), values of 10 kB/);
  });

  it('of growth, beside speed, a class each', () => {
    const said = limits(
      cell({ seconds: [1, 1, 1], growthPages: [10, 30, 10] }),
      cell({ seconds: [1, 1, 1], valueBytes: 500 }),
      cell({ seconds: [1, 1, 1], syncFreelist: true }),
      cell({ seconds: [1, 1, 1], recipe: 'worst-case' }),
    );
    expect(said).toContain('array 10%, hashmap 30% and bitmap 10%');
    expect(said).toContain('The file does not grow.');
    expect(said).toContain('freelist stored at every commit');
    expect(said.split('\n').filter((line) => line.includes('as fast as array'))).toHaveLength(4);
  });

  it('of the bars of the bitmap', () => {
    const said = limits(
      cell({ seconds: [2, 1, 2], putsPerCommit: 1 }),
      cell({ seconds: [2, 1, 1], growthPages: [10, 10, 11], putsPerCommit: 10 }),
      cell({ seconds: [2, 1, 1], freePages: 1e7, freelistBytes: [80e6, 20e6, 4e6] }),
    );
    expect(said).toMatch(/0\.9x the speed .*: held in 2 of 3 cells, missed in 1\./);
    expect(said).toMatch(/array's \+ 5%: held in 2 of 3 cells, missed in 1\./);
    expect(said).toMatch(
      /8 million .*: held in 0 of 1 cells, missed in 1; measured 1\/5\.0 to 1\/5\.0/,
    );
  });

  it('of nothing', () => {
    expect(answered(question, []).verdict).toBe('nothing');
  });

  it('leaves out a cell that lacks an arm', () => {
    const rounds = cell({ seconds: [2, 1, 1] }).filter(({ arm }) => arm !== 'bitmap');
    expect(answered(question, rounds).finding).toBe('No cell was measured.');
  });
});

describe('the maps of the surface', () => {
  const answer: Answer = answered(
    question,
    [
      cell({ seconds: [6, 2, 1] }),
      cell({ seconds: [1, 2, 2], putsPerCommit: 1, growthPages: [0, 30, 0] }),
      cell({ seconds: [2, 2, 2], putsPerCommit: 1000 }),
      cell({ seconds: [3, 2, 2], freePages: 1e5 }),
      cell({ seconds: [3, 2, 2], valueBytes: 500 }),
    ].flat(),
  );

  it('show array over hashmap, and the better of the two over bitmap', () => {
    expect(answer).toMatchObject({ verdict: 'measured', kind: 'map' });
    expect(answer.finding).toBe(
      'Over 5 of 480 cells, hashmap is 0.500x to 3.00x as fast as array, and bitmap 0.500x to 2.00x ' +
        'as fast as the better of the two.',
    );
    const [hashmap, bitmap, ...others] = answer.panels;
    if (hashmap?.kind !== 'heat' || bitmap?.kind !== 'heat') throw new Error('no maps');
    expect(others).toEqual([]);
    expect(hashmap.cells).toHaveLength(4);
    const at = (panel: typeof hashmap, y: number): number | undefined =>
      panel.cells.find((square) => square.x === 1e6 && square.y === y)?.value;
    expect([100, 1].map((puts) => at(hashmap, puts))).toEqual([3, 0.5].map(near));
    expect([100, 1].map((puts) => at(bitmap, puts))).toEqual([2, 0.5].map(near));
    expect(hashmap.marks).toEqual([{ x: 1e6, y: 1, label: 'grew 0% | 30%' }]);
  });

  it('stand beside a table with every cell', () => {
    expect(answer.tables[0]?.rows).toHaveLength(5);
    expect(answer.tables[0]?.rows.every((row) => row.length === 13)).toBe(true);
  });
});

function near(value: number): unknown {
  return expect.closeTo(value, 9);
}
