import { expect, it } from 'vitest';
import { armSchema } from '../record/schema.ts';
import { summarizeArms } from './arms.ts';
import { testCell, testSample } from './testing/samples.ts';

const cell = testCell(2e9);

it('takes medians of the rounds and adds up their commits', () => {
  const rounds = [30, 10, 20].map((completionSeconds) => testSample(cell, { completionSeconds }));
  const [arm, ...others] = summarizeArms([cell], rounds);
  expect(others).toEqual([]);
  expect(arm).toMatchObject({ completionSeconds: 20, putsPerSecond: 1_000, commits: 120 });
  expect(arm).toMatchObject({ commitMsMedian: 500, commitMsP90: 600, probesPerAllocation: 20 });
});

it('has finite figures for a job that allocated nothing', () => {
  const { counts } = testSample(cell);
  const none = { ...counts, allocations: 0, probes: 0, multiPageAllocations: 0 };
  const idle = { ...none, multiPageAllocationsFromRun: 0 };
  const [arm] = summarizeArms([cell], [testSample(cell, { counts: idle })]);
  expect(armSchema.parse(arm)).toMatchObject({ probesPerAllocation: 0, runFoundShare: 1 });
});

it('has no arm for a cell without rounds', () => {
  expect(summarizeArms([testCell(8e9)], [testSample(cell)])).toEqual([]);
});
