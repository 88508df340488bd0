// How many sessions would settle a question, guessed from what its contrasts came to so far: as many as it takes for
// every interval to be narrower than the way to the nearest value at which the rule's answer changes, at the
// standard error seen now. A guess that orders work, never one that judges. Pure.

import type { Judged } from '../judge/judge.ts';
import type { Contrast, Question } from '../question/question.ts';
import type { Estimate } from '../record/answer.ts';
import { studentQuantile } from '../stats/distributions.ts';

/** A number of sessions out of the question's looks; undefined where even the last would not settle it. */
export function sessionsToSettle(question: Question, judged: Judged): number | undefined {
  const next = question.looks[judged.looks];
  if (next === undefined) return undefined;
  let sessions = next;
  for (const contrast of question.contrasts) {
    const estimate = judged.estimates.get(contrast.id);
    if (estimate === undefined || !estimate.deciding || contrast.exact === true) continue;
    const needed = lookFor(question.looks, contrast, estimate);
    if (needed === undefined) return undefined;
    sessions = Math.max(sessions, needed);
  }
  return sessions;
}

/** 0: it is narrow enough, or says too little yet to tell. */
function lookFor(
  looks: readonly number[],
  contrast: Contrast,
  { value, low, high, sessions, alpha }: Estimate,
): number | undefined {
  if (value === null || low === null || high === null || sessions < 2) return 0;
  const scaled = (x: number): number => (contrast.scale === 'log' ? Math.log(x) : x);
  const away = Math.min(...contrast.cuts.map((cut) => Math.abs(scaled(cut) - scaled(value))));
  const half = (scaled(high) - scaled(low)) / 2;
  if (!(half >= away)) return 0;
  const tail = contrast.oneSided === true ? alpha : alpha / 2;
  const width = (count: number): number => studentQuantile(1 - tail, count - 1) / Math.sqrt(count);
  return looks.find((look) => look > sessions && half * (width(look) / width(sessions)) < away);
}
