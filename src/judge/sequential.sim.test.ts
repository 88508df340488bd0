import { describe, expect, it } from 'vitest';
import { Random } from '../../engine/index.ts';
import { powerTable } from './testing/power.ts';
import { CASES, type SimulatedCase } from './testing/simulated-rules.ts';
import { simulate, type Noise } from './testing/simulation.ts';

const SEED = 20;
/** Of each truth 10,000 in all; rules with more contrasts take longer and get a share, below. */
const RUNS: Readonly<Record<Exclude<Noise, 'normal' | 'correlated-0.5'>, number>> = {
  'heavy-tailed': 2000,
  skewed: 2000,
  drifting: 2000,
  'correlated-0.3': 4000,
};
const NOISES = ['heavy-tailed', 'skewed', 'drifting', 'correlated-0.3'] as const;
const shareOf = (contrasts: number): number => (contrasts === 1 ? 1 : contrasts < 5 ? 0.5 : 0.04);

function wrongShare(one: SimulatedCase, noise: Noise, runs: number): number {
  const { question, truths, wrong } = one;
  const random = new Random(SEED);
  let count = 0;
  for (let run = 0; run < runs; run++) {
    if (wrong.includes(simulate(question, { truths, noise, random }).verdict)) count += 1;
  }
  return count / runs;
}

describe('with stops at every look at most 5% are decided wrongly', () => {
  it.each(CASES)('$name', (one) => {
    const share = shareOf(one.question.contrasts.length);
    const found = NOISES.map((noise) => ({
      noise,
      wrong: wrongShare(one, noise, RUNS[noise] * share),
    }));
    for (const { noise, wrong } of found) expect(wrong, noise).toBeLessThanOrEqual(0.05);
  });
});

it('says what a comparison can see', () => {
  expect(powerTable(1000, new Random(SEED))).toMatchInlineSnapshot(`
    "| true effect | scatter of sessions | sessions, median | alike | better |
    | --- | --- | --- | --- | --- |
    | 0% | 1% | 4 | 100% | 0% |
    | 0% | 2% | 6 | 100% | 0% |
    | 0% | 5% | 16 | 45% | 0% |
    | 2% | 1% | 6 | 100% | 0% |
    | 2% | 2% | 8 | 99% | 1% |
    | 2% | 5% | 16 | 22% | 0% |
    | 5% | 1% | 6 | 1% | 99% |
    | 5% | 2% | 8 | 1% | 99% |
    | 5% | 5% | 16 | 1% | 19% |
    | 10% | 1% | 4 | 0% | 100% |
    | 10% | 2% | 6 | 0% | 100% |
    | 10% | 5% | 12 | 0% | 98% |"
  `);
});
