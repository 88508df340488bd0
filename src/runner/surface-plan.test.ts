// The order and the jobs of the surface: any prefix spans the factors, jobs stay within their bounds,
// what the disk cannot hold is left out and counted.

import { describe, expect, it } from 'vitest';
import { makeSurfacePlan, type SurfacePlan } from './surface-plan.ts';

const ROOM = { diskFreeBytes: 1e12, memoryFreeBytes: 1e12 };

function plan(mode: 'default' | 'full', room = ROOM): SurfacePlan {
  const made = makeSurfacePlan(mode, room);
  if (made === undefined) throw new Error(`${mode} has no surface`);
  return made;
}

describe('makeSurfacePlan', () => {
  it('crosses all factors in a full run, each cell once', () => {
    const { cells, untested } = plan('full');
    expect(cells).toHaveLength(4 * 5 * 4 * 3 * 2);
    expect(new Set(cells.map((cell) => cell.id)).size).toBe(cells.length);
    expect(untested).toEqual([]);
  });

  it('begins with a sample of the main recipe that is all of a default run', () => {
    const first = plan('default').cells;
    expect(plan('full').cells.slice(0, first.length)).toEqual(first);
    expect(new Set(first.map((cell) => cell.recipe.name))).toEqual(new Set(['kubernetes-mix']));
    expect(new Set(first.map((cell) => cell.factors.freePages)).size).toBe(4);
    expect(new Set(first.map((cell) => cell.factors.putsPerCommit))).toEqual(
      new Set([1, 100, 1000]),
    );
    const sizes = first.map((cell) => cell.dbBytes);
    expect(sizes).toEqual([...sizes].sort((a, b) => a - b));
  });

  it('has no surface in a quick run', () => {
    expect(makeSurfacePlan('quick', ROOM)).toBeUndefined();
  });

  it('sizes the file so that it has the free pages asked for', () => {
    const cell = plan('default').cells.find((one) => one.factors.freePages === 1e6);
    // The recipe's free share is 0.385: 2.6 million pages.
    expect(cell?.dbBytes).toBeGreaterThan(10.4e9);
    expect(cell?.dbBytes).toBeLessThan(10.9e9);
  });

  it('keeps every job within its puts and bytes, with two commits at least', () => {
    for (const { job, factors } of plan('full').cells) {
      expect(job.putsPerCommit).toBe(factors.putsPerCommit);
      expect(job.valueBytes).toBe(factors.valueBytes);
      expect(job.commits).toBeGreaterThanOrEqual(2);
      expect(job.commits).toBeLessThanOrEqual(40);
      const puts = job.commits * job.putsPerCommit;
      expect(puts).toBeLessThanOrEqual(4000);
      expect(puts * job.valueBytes).toBeLessThanOrEqual(250e6);
    }
  });

  it('leaves out files that the disk cannot hold, and says how many cells that are', () => {
    const { cells, untested } = plan('full', { ...ROOM, diskFreeBytes: 8e9 });
    // 10 million free pages in spans of 1 to 3 take 23 GB of used pages.
    expect(cells).toHaveLength(480 - 40);
    expect(untested).toEqual(['surface: 40 of 480 cells need files too large for the disk']);
  });
});
