// In which order blocks run, and which cells a short budget leaves out.

import { expect, it } from 'vitest';
import { Schedule } from './schedule.ts';
import type { ExperimentCell } from './experiment.ts';
import { fakeCell } from './testing/fake-experiment.ts';

/** Cells of blocks that take `seconds` each, run until the time is over; ids in the order they ran. */
function order(cells: readonly ExperimentCell[], budget: number, seconds = 2): string {
  const schedule = new Schedule(cells, new Map());
  const ran: string[] = [];
  for (let left = budget; ; left -= seconds) {
    const cell = schedule.next(left);
    if (cell === undefined) return ran.join(' ');
    ran.push(cell.id);
    schedule.done(cell, seconds);
  }
}

const deciding = [fakeCell('d1', { blocksMax: 3 }), fakeCell('d2')];
const curve = ['c1', 'c2', 'c3', 'c4', 'c5'].map((id) => fakeCell(id, { role: 'curve' }));

it('runs deciding cells first, then the curve a block each, then what is left', () => {
  expect(order([...curve, ...deciding], 1000)).toBe('d1 d2 d1 d2 c1 c5 c3 c2 c4 c1 c5 c3 c2 c4 d1');
});

it('thins a curve rather than cutting it where time is short', () => {
  expect(order([...curve, ...deciding], 14.5)).toBe('d1 d2 d1 d2 c1 c5 c3');
});

it('leaves out what does not fit and goes on with what does', () => {
  const cells = [fakeCell('slow', { roundSeconds: 100 }), fakeCell('fast')];
  expect(order(cells, 20)).toBe('fast fast');
});

it('follows the pace of the machine', () => {
  // Modelled at two seconds a block, and four times as slow.
  const cells = [fakeCell('a'), fakeCell('b', { role: 'curve' })];
  expect(order(cells, 24, 8)).toBe('a a');
});

it('counts blocks that were recorded, and none of a closed cell', () => {
  const [first, second] = deciding;
  if (first === undefined || second === undefined) throw new Error('two cells');
  const schedule = new Schedule(deciding, new Map([['d1', 3]]));
  expect(schedule.next(100)?.id).toBe('d2');
  schedule.close(second);
  expect(schedule.next(100)).toBeUndefined();
  expect(schedule.blocksOf(first)).toBe(3);
});
