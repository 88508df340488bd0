// The rule of claims that say "so many times better, and it holds this and that": a gain of one arm over another
// that is held against the noise of equal arms, and conditions that hold by an interval each. Pure.
//
// Not-reproduced: no gain beyond the noise; where the interval reaches the published gain as well, the sessions
// cannot tell. Reproduced: every condition holds by its whole interval. Partly: a gain, but a condition fails.

import { list } from '../judge/words.ts';
import type { Estimates } from '../question/question.ts';
import type { Verdict } from '../record/answer.ts';
import { intervalIn, sideOf, type Interval } from './claim-question.ts';

/** What a claim asks of one contrast. */
export interface Condition {
  /** Of the contrast. */
  readonly id: string;
  readonly holds: (interval: Interval) => boolean;
  /** Said where it does not hold: 'the gain was not shown to be 10x'. */
  readonly missed: (interval: Interval) => string;
}

export interface GainRule {
  /** Id of the contrast whose ratio is the gain, above 1 where there is one. */
  readonly gain: string;
  /** From here on a gain counts as the published one. */
  readonly gainMin: number;
  /** That the gain reaches gainMin is one of them. */
  readonly conditions: readonly Condition[];
}

export function judgeGain(found: Estimates, { gain, gainMin, conditions }: GainRule): Verdict {
  const side = sideOf(found.get(gain));
  if (side === 'below') return 'not-reproduced';
  if (side === 'neither') {
    const reach = intervalIn(found, gain)?.high ?? 0;
    return reach >= gainMin ? 'inconclusive' : 'not-reproduced';
  }
  const known = conditions.map(({ id, holds }) => {
    const interval = intervalIn(found, id);
    return interval === undefined ? undefined : holds(interval);
  });
  if (known.includes(undefined)) return 'inconclusive';
  if (!known.includes(false)) return 'reproduced';
  return side === 'above' ? 'partly' : 'inconclusive';
}

/** Why the verdict is what it is; `reproduced` says so of that one. */
export function gainReason(
  found: Estimates,
  decided: Verdict,
  { conditions, reproduced }: GainRule & { readonly reproduced: string },
): string {
  if (decided === 'reproduced') return reproduced;
  if (decided === 'not-reproduced') return 'no gain beyond the noise';
  if (decided === 'inconclusive') return 'too little to decide';
  const missed = conditions.flatMap(({ id, holds, missed: words }) => {
    const interval = intervalIn(found, id);
    return interval === undefined || holds(interval) ? [] : [words(interval)];
  });
  return `a gain beyond the noise, but ${list(missed)}`;
}
