// What questions about published claims share: the looks of a mode, the interval and the noise that rules speak
// of, and the verdict that a rule gives even where the rounds are void. Pure; no sentence of a claim is
// written here.

import { timesWithin } from '../judge/words.ts';
import type { Estimates, Evidence, Question, Wording } from '../question/question.ts';
import type { Answer, Estimate, Verdict } from '../record/answer.ts';
import type { Round } from '../record/round.ts';
import type { Mode } from '../record/run.ts';

/** How an interval lies to the noise of equal arms. */
export { floorOf, sideOf } from '../judge/sides.ts';

export const ALPHA = 0.05;

/**
 * Numbers of sessions at which the data are looked at. Two sessions leave one degree of freedom: no look. Three show
 * what is far from every value that a rule asks about, as the headline claims mostly are.
 */
export const HEADLINE_LOOKS: Readonly<Record<Mode, readonly number[]>> = {
  quick: [3, 5],
  default: [3, 5, 8, 12],
  full: [3, 5, 8, 12, 16],
};
/** A fourth session makes an interval less than half as wide as three do. */
export const LOOKS: Readonly<Record<Mode, readonly number[]>> = {
  quick: [3, 5],
  default: [4, 6, 9, 12],
  full: [4, 6, 9, 12, 16],
};

/** Of every rule text: which interval is meant, and which noise. */
export const INTERVAL = 'interval over sessions (95% over all looks and contrasts)';
export const FLOOR =
  'A/A floor (equal arms within sessions, or between them where a session has one slice of an arm)';

/** Of limits and caveats: what no figure of the engine says. */
export const LAYER = "Measured on kvtune's engine: storage layer only, no consensus, no network.";

/** A question about a claim, without what is alike for all. */
export interface ClaimShape extends Pick<
  Question,
  'id' | 'title' | 'ruleText' | 'cells' | 'contrasts' | 'looks' | 'rule'
> {
  readonly published: NonNullable<Question['published']>;
  readonly target?: string;
  readonly priority?: number;
  readonly faults?: Question['faults'];
  /** `decided`: what the rule says, even where the rounds are void. */
  readonly wording: (evidence: Evidence, decided: Verdict) => Wording;
}

export function claimQuestion(shape: ClaimShape): Question {
  return {
    kind: 'claim',
    target: 'engine',
    alpha: ALPHA,
    priority: 1,
    faults: () => [],
    ...shape,
    wording: (evidence) => shape.wording(evidence, shape.rule(evidence.estimates)),
  };
}

/** An estimate that has an interval. */
export interface Interval {
  readonly value: number;
  readonly low: number;
  readonly high: number;
}

export function intervalOf(estimate: Estimate | undefined): Interval | undefined {
  if (estimate === undefined) return undefined;
  const { value, low, high } = estimate;
  return value === null || low === null || high === null ? undefined : { value, low, high };
}

/** '14.0x (interval 13.1x to 15.2x, 3 sessions)'. */
export function ratioWords(estimate: Estimate | undefined): string {
  return estimate === undefined ? 'not measured' : timesWithin(estimate);
}

/** The interval of a contrast by its id. */
export function intervalIn(estimates: Estimates, id: string): Interval | undefined {
  return intervalOf(estimates.get(id));
}

/** What stands beside the published figure; null without an interval. */
export function measuredOf(
  estimate: Estimate | undefined,
  about: Pick<NonNullable<Answer['measured']>, 'unit' | 'what' | 'at'>,
): Answer['measured'] {
  const interval = intervalOf(estimate);
  if (estimate === undefined || interval === undefined) return null;
  return { ...interval, sessions: estimate.sessions, ...about };
}

/** Slices of one arm of a cell. */
export function slicesOf(rounds: readonly Round[], cell: string, arm?: string): Round[] {
  return rounds.filter(
    (round) =>
      round.kind === 'slice' && round.cell === cell && (arm === undefined || round.arm === arm),
  );
}
