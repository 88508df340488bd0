import { expect, it } from 'vitest';
import { anchorRounds, armRounds, equalArmPairs, mainCells, pairBlocks } from './rounds.ts';
import {
  testAnchoredRounds,
  testCell,
  testRounds,
  testRun,
  testSample,
} from './testing/samples.ts';

const cell = testCell(8e9);
const base = testCell(2e9);
const seconds = (sample: { completionSeconds: number }): number => sample.completionSeconds;

it('pairs geometric means within blocks and counts blocks with one side', () => {
  const array = [
    testSample(cell, { arm: 'array', block: 1, completionSeconds: 30 }),
    testSample(cell, { arm: 'array', block: 0, completionSeconds: 2 }),
    testSample(cell, { arm: 'array', block: 0, completionSeconds: 8 }),
    testSample(cell, { arm: 'array', block: 2, completionSeconds: 5 }),
  ];
  const hashmap = [
    testSample(cell, { block: 0, completionSeconds: 1 }),
    testSample(cell, { block: 1, completionSeconds: 10 }),
    testSample(cell, { block: 3, completionSeconds: 10 }),
  ];
  const { pairs, unpaired } = pairBlocks(array, hashmap, seconds);
  expect(pairs.map(({ a, b }) => [a, b].map((value) => Number(value.toFixed(9))))).toEqual([
    [4, 1],
    [30, 10],
  ]);
  expect(unpaired).toBe(2);
});

it('forms pairs of equal arms within a block only, anchors apart', () => {
  const rounds = testRounds(cell, [3, 3], { replicates: 3 });
  expect(equalArmPairs(rounds, seconds)).toHaveLength(2 * 2 * 3);
  const anchored = testAnchoredRounds('hashmap', { base, cell }, [1], { noise: 1.1 });
  const pairs = equalArmPairs(anchored, seconds);
  expect(pairs).toHaveLength(2);
  for (const { a, b } of pairs) expect(b / a).toBeCloseTo(1.1, 9);
  expect(equalArmPairs(testRounds(cell, [3], { replicates: 1 }), seconds)).toEqual([]);
});

it('tells anchors from the rounds of their cell', () => {
  const samples = testAnchoredRounds('hashmap', { base, cell }, [1, 1]);
  expect(armRounds(samples, base)).toEqual([]);
  expect(armRounds(samples, cell)).toHaveLength(4);
  expect(armRounds(samples, cell, 'array')).toEqual([]);
  expect(anchorRounds(samples, base, cell, 'hashmap')).toHaveLength(4);
  expect(anchorRounds(samples, base, testCell(25e9), 'hashmap')).toEqual([]);
});

it('orders main cells by size', () => {
  const cells = [testCell(8e9), testCell(100e9, { role: 'worst-case' }), testCell(2e9)];
  expect(mainCells(testRun({ cells })).map(({ dbBytes }) => dbBytes)).toEqual([2e9, 8e9]);
});
