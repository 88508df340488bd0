import { expect, it } from 'vitest';
import { Costs } from './costs.ts';
import { testCell } from './testing/questions.ts';

const cell = testCell('q/a');
const other = testCell('q/b', { sliceSeconds: 2 });
const arms = ['a', 'b'];

it('starts from the model: opening and slices of each arm', () => {
  const costs = new Costs();
  expect(costs.sessionSeconds(cell, arms)).toBe(2 * (1 + 3));
  expect(costs.sessionSeconds(cell, ['a'])).toBe(1 + 3);
  expect(costs.sessionSeconds(other, arms)).toBe(2 * (1 + 3 * 2));
  expect(costs.prepareSeconds(cell)).toBe(1);
});

it('heeds an arm that has slices of its own', () => {
  const [a, b] = cell.arms;
  const own = { ...cell, arms: [{ ...a!, slices: 1, sliceSeconds: 10 }, b!] };
  expect(new Costs().sessionSeconds(own, arms)).toBe(2 + 10 + 3);
});

it('follows the machine from the first session on, and a measured cell by itself', () => {
  const costs = new Costs();
  costs.noteSession(cell, arms, 16);
  expect(costs.pace).toBe(2);
  expect(costs.sessionSeconds(cell, ['a'])).toBe(8);
  expect(costs.sessionSeconds(other, arms)).toBe(28);
  expect(costs.prepareSeconds(other)).toBe(2);
  costs.noteSession(other, arms, 14);
  expect(costs.sessionSeconds(other, arms)).toBe(14);
  expect(costs.sessionSeconds(cell, arms)).toBe(16);
});

it('knows what preparing took, of the cell itself and of others by it', () => {
  const costs = new Costs();
  costs.notePrepared(cell, 3);
  expect(costs.prepareSeconds(cell)).toBe(3);
  expect(costs.prepareSeconds({ ...other, prepareSeconds: 10 })).toBe(30);
  expect(costs.pace).toBe(1);
});
