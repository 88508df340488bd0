// Every question as it is asked, by the default and by --quick, on simulated sessions: with stops at each of its looks at
// most one run in twenty may say what is wrong. Some hundred runs of each; 10,000 under KVTUNE_LONG_TESTS=1.

import { describe, expect, it } from 'vitest';
import { Random } from '../../engine/index.ts';
import { simulate, type Noise } from '../judge/testing/simulation.ts';
import { powerTable } from './testing/power.ts';
import { simulatedClaims, simulatedComparison } from './testing/simulated-questions.ts';
import type { SimulatedQuestion } from './testing/simulated-questions.ts';

const LONG = process.env['KVTUNE_LONG_TESTS'] === '1';
const SEED = 20;
const RUNS = LONG ? 10_000 : 200;
/** Twelve figures take sixty times as long as one. */
const RUNS_OF_MANY = LONG ? 1000 : 40;
const MANY = 5;
const NOISES = ['normal', 'heavy-tailed', 'skewed', 'drifting', 'correlated-0.3'] as const;
const TIMEOUT_MS = LONG ? 1_200_000 : 60_000;

const CASES: readonly SimulatedQuestion[] = [
  ...simulatedClaims('default'),
  ...simulatedClaims('quick'),
  ...[1, 1 / 1.0501, 1.0501].map((effect) => simulatedComparison(effect, 0.03)),
];

function wrongShare({ question, truths, wrong }: SimulatedQuestion, noise: Noise): number {
  const runs = question.contrasts.length < MANY ? RUNS : RUNS_OF_MANY;
  const random = new Random(SEED);
  let count = 0;
  for (let run = 0; run < runs; run++) {
    if (wrong.includes(simulate(question, { truths, noise, random }).verdict)) count += 1;
  }
  return count / runs;
}

/** 5%, and what so few runs may be off by: three standard errors. */
function bound(runs: number): number {
  return LONG ? 0.05 : 0.05 + 3 * Math.sqrt((0.05 * 0.95) / runs);
}

describe('at most 5% are decided wrongly', () => {
  it.each(CASES)('$name', { timeout: TIMEOUT_MS }, (one) => {
    const runs = one.question.contrasts.length < MANY ? RUNS : RUNS_OF_MANY;
    for (const noise of NOISES) {
      expect(wrongShare(one, noise), noise).toBeLessThanOrEqual(bound(runs));
    }
  });
});

it('says what a comparison can see', () => {
  expect(powerTable(1000, new Random(SEED))).toMatchInlineSnapshot(`
    "| true effect | scatter of sessions | sessions, median | alike | better |
    | --- | --- | --- | --- | --- |
    | 0% | 1% | 4 | 100% | 0% |
    | 0% | 2% | 8 | 100% | 0% |
    | 0% | 5% | 8 | 15% | 1% |
    | 2% | 1% | 4 | 100% | 0% |
    | 2% | 2% | 8 | 79% | 10% |
    | 2% | 5% | 8 | 9% | 5% |
    | 5% | 1% | 8 | 1% | 99% |
    | 5% | 2% | 8 | 1% | 99% |
    | 5% | 5% | 8 | 1% | 38% |
    | 10% | 1% | 4 | 0% | 100% |
    | 10% | 2% | 4 | 0% | 100% |
    | 10% | 5% | 8 | 0% | 96% |"
  `);
});
