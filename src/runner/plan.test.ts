// Plans: which cells a mode measures, in which order, and what is left out for want of room.

import { describe, expect, it } from 'vitest';
import { ANCHOR_BYTES, makePlan, type Mode, type Plan } from './plan.ts';

const ROOM = { diskFreeBytes: 1e12, memoryFreeBytes: 1e12 };
const MODES: readonly Mode[] = ['quick', 'default', 'full'];

function mainSizes(plan: Plan): number[] {
  return plan.cells.filter((cell) => cell.role === 'main').map((cell) => cell.dbBytes / 1e9);
}

describe('makePlan', () => {
  it('measures the fixed sizes, and up to 25 GB when quick', () => {
    expect(mainSizes(makePlan('default', ROOM))).toEqual([2, 8, 25, 50, 100]);
    expect(mainSizes(makePlan('full', ROOM))).toEqual([2, 8, 25, 50, 100]);
    expect(mainSizes(makePlan('quick', ROOM))).toEqual([2, 8, 25]);
  });

  it('keeps the main job as it was fixed before anything was measured', () => {
    const jobs = MODES.flatMap((mode) => makePlan(mode, ROOM).cells)
      .filter((cell) => cell.role === 'main')
      .map((cell) => ({ ...cell.job, recipe: cell.recipe.name }));
    for (const job of jobs) {
      expect(job).toMatchObject({
        recipe: 'kubernetes-mix',
        valueBytes: 10_000,
        putsPerCommit: 500,
        commits: 10,
      });
    }
  });

  it.each(MODES)('%s: starts with the anchor, main sizes ascend, ids are unique', (mode) => {
    const { cells } = makePlan(mode, ROOM);
    expect(cells[0]).toMatchObject({ role: 'main', dbBytes: ANCHOR_BYTES });
    const sizes = mainSizes({ cells, untested: [], budgetSeconds: 0 });
    expect(sizes).toEqual([...sizes].sort((a, b) => a - b));
    expect(new Set(cells.map((cell) => cell.id)).size).toBe(cells.length);
    expect(cells.every((cell) => cell.blocksMin >= 1 && cell.blocksMax >= cell.blocksMin)).toBe(
      true,
    );
  });

  it.each(['default', 'full'] as const)('%s: the deciding size comes last', (mode) => {
    const { cells } = makePlan(mode, ROOM);
    expect(cells.at(-1)).toMatchObject({ role: 'main', dbBytes: 100e9 });
    const most = Math.max(...cells.map((cell) => cell.blocksMax));
    expect(cells.at(-1)?.blocksMax).toBe(most);
  });

  it.each(MODES)('%s: labelled cells stand beside the main ones', (mode) => {
    const roles = makePlan(mode, ROOM).cells.map((cell) => cell.role);
    expect(roles.filter((role) => role === 'worst-case')).toHaveLength(1);
    expect(roles.filter((role) => role === 'small-values')).toHaveLength(1);
  });

  it("takes its mode's budget, or the one given", () => {
    const [quick = 0, normal = 0, full = 0] = MODES.map(
      (mode) => makePlan(mode, ROOM).budgetSeconds,
    );
    expect(quick).toBeLessThanOrEqual(120);
    expect(normal).toBeLessThanOrEqual(480);
    expect(normal).toBeGreaterThan(quick);
    expect(full).toBeGreaterThan(normal);
    expect(makePlan('default', ROOM, 33).budgetSeconds).toBe(33);
  });

  it('leaves nothing unsaid: only a quick plan with room leaves something out', () => {
    expect(makePlan('default', ROOM).untested).toEqual([]);
    expect(makePlan('quick', ROOM).untested.join()).toMatch(/100 GB/);
  });

  it.each([
    ['disk', { ...ROOM, diskFreeBytes: 3e9 }],
    ['memory', { ...ROOM, memoryFreeBytes: 450e6 }],
  ])('takes the largest sizes that fit and names the rest: %s', (what, room) => {
    const plan = makePlan('default', room);
    const kept = mainSizes(plan);
    expect(kept[0]).toBe(2);
    expect(kept).not.toContain(100);
    expect(plan.cells.length + plan.untested.length).toBe(7);
    const missing = plan.untested.find((text) => text.includes('100 GB'));
    expect(missing).toMatch(new RegExp(`needs [\\d.]+ GB of ${what}, [\\d.]+ GB are free`));
    // What fits does not depend on the order: a smaller size of one kind fits where a larger did.
    expect(kept).toEqual([2, 8, 25, 50, 100].slice(0, kept.length));
  });

  it('is empty, with a reason for each cell, where nothing fits', () => {
    const plan = makePlan('default', { diskFreeBytes: 1e6, memoryFreeBytes: 1e12 });
    expect(plan.cells).toEqual([]);
    expect(plan.untested).toHaveLength(7);
  });

  it('fits 100 GB into the promised disk and memory', () => {
    const plan = makePlan('default', { diskFreeBytes: 8e9, memoryFreeBytes: 2e9 });
    expect(plan.untested).toEqual([]);
  });
});
