import { expect, it } from 'vitest';
import { blockOrder } from './block-order.ts';

const arms = (...slices: number[]): { name: string; slices: number }[] =>
  slices.map((count, i) => ({ name: String.fromCharCode(97 + i), slices: count }));

it('holds every arm once a block, every second block in reverse', () => {
  const blocks = blockOrder(arms(6, 6, 6), 1);
  expect(blocks).toHaveLength(6);
  for (const block of blocks) expect([...block].sort()).toEqual(['a', 'b', 'c']);
  for (const i of [1, 3, 5]) expect(blocks[i]).toEqual([...(blocks[i - 1] ?? [])].reverse());
});

it('draws the order of each pair of blocks anew, from the seed alone', () => {
  expect(blockOrder(arms(40, 40), 1)).toEqual(blockOrder(arms(40, 40), 1));
  expect(blockOrder(arms(40, 40), 1)).not.toEqual(blockOrder(arms(40, 40), 2));
  const first = blockOrder(arms(200, 200), 7).filter((_, i) => i % 2 === 0);
  const share = first.filter(([name]) => name === 'a').length / first.length;
  expect(share).toBeGreaterThan(0.3);
  expect(share).toBeLessThan(0.7);
});

it('spreads an arm with fewer slices evenly, from the first block on', () => {
  const blocks = blockOrder(arms(6, 2, 3), 1);
  const at = (name: string): number[] => blocks.flatMap((b, i) => (b.includes(name) ? [i] : []));
  expect(at('a')).toEqual([0, 1, 2, 3, 4, 5]);
  expect(at('b')).toEqual([0, 3]);
  expect(at('c')).toEqual([0, 2, 4]);
});

it('is empty without arms or slices', () => {
  expect(blockOrder([], 1)).toEqual([]);
  expect(blockOrder(arms(0), 1)).toEqual([]);
});
