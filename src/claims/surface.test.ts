// The surface's summary: ratios, classes and sentences, the bitmap's bars, and rounds it refuses.

import { describe, expect, it } from 'vitest';
import type { SurfaceCell, SurfaceFactors, SurfaceRound } from '../record/schema.ts';
import { summarizeSurface } from './surface.ts';
import { testRun } from './testing/samples.ts';

const BLOCKS = 3;

interface Made extends Partial<SurfaceFactors> {
  /** Seconds of array, hashmap, bitmap. */
  readonly seconds: readonly [number, number, number];
  readonly growthPages?: readonly [number, number, number];
  readonly freelistBytes?: readonly [number, number, number];
  readonly digest?: (block: number) => string;
  readonly settings?: string;
}

function cell(made: Made): SurfaceCell {
  const { seconds, growthPages = [0, 0, 0], freelistBytes = [100, 50, 2], settings } = made;
  const factors: SurfaceFactors = {
    recipe: made.recipe ?? 'kubernetes-mix',
    freePages: made.freePages ?? 1e6,
    putsPerCommit: made.putsPerCommit ?? 100,
    valueBytes: made.valueBytes ?? 10_000,
    syncFreelist: made.syncFreelist ?? false,
  };
  const arms = ['array', 'hashmap', 'bitmap'];
  const round = (arm: string, position: number, block: number): SurfaceRound => ({
    arm,
    block,
    position,
    // The middle block is the arm's own time; the others lie around it, in all arms alike.
    completionSeconds: (seconds[position] ?? 0) * (1 + (block - 1) / 10),
    phases: { put: 0, spill: 0, release: 0, freelist: 0, write: 0, sync: 0 },
    counts: {
      bytesWritten: 0,
      pagesWritten: 0,
      writes: 80,
      syncs: 0,
      allocations: 0,
      multiPageAllocations: 0,
      multiPageAllocationsFromRun: 0,
      pagesAllocated: 100,
      probes: 0,
      fileGrowthBytes: (growthPages[position] ?? 0) * 4096,
      freelistBytes: freelistBytes[position] ?? 0,
    },
    settings: { freelist: settings ?? arm },
    digest: made.digest?.(block) ?? 'same',
  });
  return {
    schemaVersion: 1,
    kind: 'surface-cell',
    id: JSON.stringify(factors),
    startedAt: '',
    factors,
    dbBytes: 10.6e9,
    freePages: factors.freePages,
    freeSpans: 1,
    puts: 400,
    commits: 4,
    warmUpCommits: 2,
    rounds: Array.from({ length: BLOCKS }, (_, block) =>
      arms.map((arm, position) => round(arm, position, block)),
    ).flat(),
    warnings: [],
  };
}

function summary(
  surface: readonly SurfaceCell[],
): NonNullable<ReturnType<typeof summarizeSurface>> {
  const run = { ...testRun({ cells: [] }), surface: { planned: 9 } };
  const found = summarizeSurface({ run, surface }, () => 0.5);
  if (found === undefined) throw new Error('no summary');
  return found;
}

describe('summarizeSurface', () => {
  it('is undefined without a measured cell', () => {
    expect(
      summarizeSurface({ run: testRun({ cells: [] }), surface: [] }, () => 0.5),
    ).toBeUndefined();
  });

  it('pairs arms within blocks: array over hashmap, the better of the two over bitmap', () => {
    const { cells, planned, measured } = summary([
      cell({ seconds: [6, 2, 1] }),
      cell({ seconds: [1, 2, 2], putsPerCommit: 1 }),
    ]);
    expect({ planned, measured }).toEqual({ planned: 9, measured: 2 });
    expect(cells[0]?.hashmapGain.value).toBeCloseTo(3);
    expect(cells[0]?.hashmapGain.low).toBeCloseTo(3);
    expect(cells[0]?.bitmapGain.value).toBeCloseTo(2);
    expect(cells[0]?.completionSeconds).toEqual({ array: 6, hashmap: 2, bitmap: 1 });
    expect(cells[0]?.writesPerCommit['array']).toBe(20);
    expect(cells[1]?.hashmapGain.value).toBeCloseTo(0.5);
    expect(cells[1]?.bitmapGain.value).toBeCloseTo(0.5);
  });

  it('leaves out cells whose rounds began from other bytes, or ran as another arm', () => {
    const { cells } = summary([
      cell({ seconds: [6, 2, 1], digest: (block) => String(block) }),
      cell({ seconds: [6, 2, 1], settings: 'array', putsPerCommit: 10 }),
    ]);
    expect(cells).toEqual([]);
  });

  it.each([
    ['all gain', [4, 3], 'Every such store gains by leaving the array.'],
    ['all lose', [0.5, 0.7], 'Such a store loses by the hashmap.'],
    ['none', [1.1, 0.9], 'Nobody needs to care: no difference above a quarter.'],
    [
      'some of each',
      [0.5, 4],
      'Stores that commit 100 puts of 10 kB gain by leaving the array; those that commit 1 put of ' +
        '10 kB lose by the hashmap; the others need not care.',
    ],
  ])('says who should care: %s', (_, [one = 1, hundred = 1], sentence) => {
    const { classes } = summary([
      cell({ seconds: [one, 1, 1], putsPerCommit: 1 }),
      cell({ seconds: [hundred, 1, 1], putsPerCommit: 100 }),
    ]);
    expect(classes).toHaveLength(1);
    expect(classes[0]?.cells).toBe(2);
    expect(classes[0]?.sentence).toContain(sentence);
    expect(classes[0]?.sentence).toContain('1.00 million free pages (10.6 GB)');
  });

  it('tells growth beside speed, and keeps classes apart', () => {
    const { classes } = summary([
      cell({ seconds: [1, 1, 1], growthPages: [10, 30, 10] }),
      cell({ seconds: [1, 1, 1], valueBytes: 500 }),
      cell({ seconds: [1, 1, 1], syncFreelist: true }),
      cell({ seconds: [1, 1, 1], recipe: 'worst-case' }),
    ]);
    expect(classes).toHaveLength(4);
    expect(classes[0]?.sentence).toContain('array 10%, hashmap 30% and bitmap 10%');
    expect(classes[1]?.sentence).toContain('The file does not grow.');
    expect(classes[2]?.sentence).toContain('freelist stored at every commit');
  });

  it('holds the bitmap to its bars, and names the cells that miss one', () => {
    const slow = cell({ seconds: [2, 1, 1.3], putsPerCommit: 1 });
    const grown = cell({ seconds: [2, 1, 1], growthPages: [10, 10, 11], putsPerCommit: 10 });
    const heavy = cell({
      seconds: [2, 1, 1],
      freePages: 1e7,
      freelistBytes: [80e6, 20e6, 4e6],
      putsPerCommit: 500,
    });
    const light = cell({ seconds: [2, 1, 1], freePages: 1e7, freelistBytes: [80e6, 80e6, 4e6] });
    const { bars } = summary([slow, grown, heavy, light]);
    expect(bars.map(({ cells, met, missed }) => ({ cells, met, missed }))).toEqual([
      { cells: 4, met: 3, missed: [slow.id] },
      { cells: 4, met: 3, missed: [grown.id] },
      { cells: 2, met: 1, missed: [heavy.id] },
    ]);
    expect(bars[2]?.sentence).toContain('measured 1/5.0 to 1/20.0');
  });
});
