// What a claim module is: one published claim, the rule that judges it, and the function that
// applies the rule to measured rounds. Pure. A module's rule and published figures are fixed before
// anything is measured; evaluate() may read rounds but never choose among rules.

import type { Claim, ExperimentRound, Run, Sample } from '../record/schema.ts';

export interface ClaimInput {
  readonly run: Run;
  readonly samples: readonly Sample[];
  /** Rounds of every experiment; a claim takes those that carry its id. */
  readonly experiments: readonly ExperimentRound[];
  /** Uniform numbers in [0, 1), seeded from the run: bootstraps draw from it. */
  readonly unit: () => number;
  /** The command that measures this claim again. */
  readonly command: string;
}

export interface ClaimModule {
  readonly id: string;
  readonly title: string;
  readonly published: Claim['published'];
  readonly rule: string;
  /** Never throws on missing rounds; each figure in the claim is finite. */
  readonly evaluate: (input: ClaimInput) => Claim;
}

/** Chance of a wrong 'yes' that every claim's interval or test accepts. */
export const ALPHA = 0.05;
