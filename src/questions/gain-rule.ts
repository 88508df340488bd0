// The rule of claims that say "so many times better, and it holds this and that": a gain of one arm over another
// that is held against the noise of equal arms, and conditions that hold by an interval each. Pure.
//
// Not-reproduced: no gain beyond the noise; where a claim says from when on a gain counts, and the interval reaches
// that as well, the sessions cannot tell. Reproduced: every condition holds by its whole interval. Partly: a gain, but a condition fails.

import { list } from '../judge/words.ts';
import type { Contrast, Estimates } from '../question/question.ts';
import type { Verdict } from '../record/answer.ts';
import { intervalIn, sideOf, type Interval } from './claim-question.ts';

/** What a claim asks of one contrast. */
export interface Condition {
  readonly contrast: Contrast;
  readonly holds: (interval: Interval) => boolean;
  /** Said where it does not hold: 'the gain was not shown to be 10x'. */
  readonly missed: (interval: Interval) => string;
}

export interface GainRule {
  /** Id of the contrast whose ratio is the gain, above 1 where there is one. */
  readonly gain: string;
  /** From here on a gain counts as the published one. */
  readonly gainMin?: number;
  /** That the gain is as large as the claim has it is one of them. */
  readonly conditions: readonly Condition[];
  /** Why, where all hold. */
  readonly reproduced: string;
}

/** What the rule rests on, the gain first. */
export function gainContrasts({ gain, conditions }: GainRule): Contrast[] {
  const all = conditions.map(({ contrast }) => contrast);
  return [...all.filter(({ id }) => id === gain), ...all.filter(({ id }) => id !== gain)];
}

export function judgeGain(found: Estimates, { gain, gainMin, conditions }: GainRule): Verdict {
  const side = sideOf(found.get(gain));
  if (side === 'below') return 'not-reproduced';
  if (side === 'neither') {
    const reach = intervalIn(found, gain)?.high ?? 0;
    return gainMin !== undefined && reach >= gainMin ? 'inconclusive' : 'not-reproduced';
  }
  const known = conditions.map(({ contrast, holds }) => {
    const interval = intervalIn(found, contrast.id);
    return interval === undefined ? undefined : holds(interval);
  });
  if (known.includes(undefined)) return 'inconclusive';
  if (!known.includes(false)) return 'reproduced';
  return side === 'above' ? 'partly' : 'inconclusive';
}

/** Why the verdict is what it is. */
export function gainReason(found: Estimates, decided: Verdict, rule: GainRule): string {
  const missed = rule.conditions.flatMap(({ contrast, holds, missed: words }) => {
    const interval = intervalIn(found, contrast.id);
    return interval === undefined || holds(interval) ? [] : [words(interval)];
  });
  return reasonWords(decided, { missed, reproduced: rule.reproduced });
}

/** The reason of a verdict on a gain and further conditions, of which some were missed. */
export function reasonWords(
  decided: Verdict,
  about: {
    readonly missed: readonly string[];
    readonly reproduced: string;
    readonly refuted?: string;
  },
): string {
  const { missed, reproduced, refuted = 'no gain beyond the noise' } = about;
  if (decided === 'reproduced') return reproduced;
  if (decided === 'not-reproduced') return refuted;
  if (decided === 'inconclusive') return 'too little to decide';
  return `a gain beyond the noise, but ${list(missed)}`;
}
