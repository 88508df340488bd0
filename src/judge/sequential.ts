// When a question has its answer: looks at planned numbers of sessions, each with its share of the error. Pure.
// Invariants: nothing is settled before the first look; a verdict other than 'inconclusive' is settled when the
// rule gives it wherever in their intervals the truth lies, or when the last look would hardly say otherwise;
// between looks nothing is looked at: further sessions change nothing until the next look, or the end.

import type { Contrast, Estimates, Question } from '../question/question.ts';
import type { Estimate, Verdict } from '../record/answer.ts';
import { alphaShare, lookAt } from '../stats/looks.ts';
import { estimateOf, projected, type SessionValue } from './estimate.ts';
import { floorOf } from './sides.ts';

/** Cuts are passed on both sides by this share. */
const EPSILON = 1e-9;
/** A verdict that hangs on more combinations than this is taken for open. */
const COMBINATIONS_MAX = 1024;
/** A verdict that is the same with means off by as many standard errors as these is not expected to change. */
const SHIFTS: readonly number[] = [-2, -1, 0, 1, 2];
/** Given up as inconclusive is only what stays so with a scatter that is this part of the one seen. */
const SCATTER_HOPED_FOR = 0.75;

/** What a question takes to decide. */
export type Sequential = Pick<Question, 'alpha' | 'contrasts' | 'looks' | 'rule'>;

export type SessionValues = ReadonlyMap<string, readonly SessionValue[]>;

/** Further sessions of a cell up to its next look, of the arms that are still needed. */
export interface Need {
  readonly cell: string;
  readonly arms: readonly string[];
  readonly sessions: number;
}

export interface Decision {
  /** By the rule, on the intervals as they are. */
  readonly verdict: Verdict;
  readonly estimates: Estimates;
  readonly settled: boolean;
  /** Looks taken, this one included; 0 before every contrast had its first. */
  readonly looks: number;
  /** Empty where the question is settled, at its last look, or would stay inconclusive. */
  readonly needs: readonly Need[];
}

/** One contrast at its look. */
interface Seen {
  readonly contrast: Contrast;
  /** Sessions that it has, and those that this look takes. */
  readonly sessions: number;
  readonly values: readonly SessionValue[];
  readonly estimate: Estimate;
  readonly taken: number;
  /** Sessions of the next look; undefined after the last. */
  readonly next: number | undefined;
}

/** `final`: all sessions count, whether or not they make a look, as the look that would have been next. */
export function decide(question: Sequential, found: SessionValues, final: boolean): Decision {
  const seen = question.contrasts.map((contrast) =>
    see(question, contrast, { values: found.get(contrast.id) ?? [], final }),
  );
  const estimates = new Map(seen.map(({ contrast, estimate }) => [contrast.id, estimate]));
  const verdict = question.rule(estimates);
  const foregone = isForegone(question, seen, verdict);
  const settled = verdict !== 'inconclusive' && (foregone || isSettled(question, seen, verdict));
  const open = settled || foregone ? [] : openOf(seen);
  return {
    ...{ verdict, estimates, settled },
    looks: looksTaken(seen),
    needs: needsOf(open),
  };
}

/** Sessions that a contrast needs for an interval. What repeats exactly needs one, whatever the looks are. */
export function sessionsMin({ looks }: Pick<Sequential, 'looks'>, { exact }: Contrast): number {
  return exact === true ? 1 : Math.max(2, looks[0] ?? 2);
}

/** Share of the error of a contrast that is uncertain and decides, at each look. */
export function shareOf({ alpha, contrasts, looks }: Sequential, { weight = 1 }: Contrast): number {
  const sharing = contrasts.filter(
    ({ exact, supporting }) => exact !== true && supporting !== true,
  );
  const weights = sharing.reduce((sum, one) => sum + (one.weight ?? 1), 0);
  return alphaShare({ alpha, weight, weights: Math.max(weight, weights), looks: looks.length });
}

function see(
  question: Sequential,
  contrast: Contrast,
  { values, final }: { readonly values: readonly SessionValue[]; readonly final: boolean },
): Seen {
  const sessions = values.length;
  if (contrast.supporting === true) {
    const options = { alpha: question.alpha, deciding: false, sessionsMin: 2 };
    const estimate = estimateOf(contrast, values, options);
    return { contrast, sessions, values, estimate, taken: 0, next: undefined };
  }
  const looks = contrast.exact === true ? [1] : question.looks;
  const look = lookAt(looks, sessions);
  const used = final ? sessions : (look.sessions ?? sessions);
  const beyond = final && look.taken > 0 && look.next !== undefined && look.sessions !== used;
  const taking = values.slice(0, used);
  const options = {
    alpha: shareOf(question, contrast),
    deciding: true,
    sessionsMin: sessionsMin(question, contrast),
  };
  return {
    ...{ contrast, sessions, values: taking, next: look.next },
    estimate: estimateOf(contrast, taking, options),
    taken: look.taken + (beyond ? 1 : 0),
  };
}

/** None while a contrast has not had its first: until then the rule lacks one of its figures. */
function looksTaken(seen: readonly Seen[]): number {
  const taken = decidingOf(seen).map((one) => one.taken);
  return taken.includes(0) ? 0 : Math.max(0, ...taken);
}

/** Whether the rule says the same wherever in the intervals the truth lies. */
function isSettled(question: Sequential, seen: readonly Seen[], verdict: Verdict): boolean {
  const points: Estimate[][] = [];
  for (const { contrast, estimate } of seen) {
    const own = contrast.supporting === true ? [estimate] : pointsOf(contrast, estimate);
    if (own === undefined) return false;
    points.push(own);
  }
  return everyVerdict(question, points, (found) => found === verdict);
}

/**
 * Whether the last look would say the same, be the truth two standard errors to either side: further sessions are
 * then in vain. From the second look on, before which the scatter is hardly known; a contrast that got no further
 * because it was clear at the first counts as it stands.
 */
function isForegone(question: Sequential, seen: readonly Seen[], verdict: Verdict): boolean {
  const last = question.looks.at(-1);
  if (last === undefined || seen.every(({ taken }) => taken < 2)) return false;
  const scatter = verdict === 'inconclusive' ? SCATTER_HOPED_FOR : 1;
  const later: Estimate[][] = [];
  for (const { contrast, estimate, values, taken } of seen) {
    const points = contrast.supporting === true ? [estimate] : pointsOf(contrast, estimate);
    if (points?.length === 1) {
      later.push([estimate]);
    } else if (points === undefined || taken < 2) {
      return false;
    } else {
      const shifted = SHIFTS.map((errors) =>
        projected(contrast, estimate, { values, sessions: last, errors, scatter }),
      );
      later.push(distinct(contrast, shifted));
    }
  }
  return everyVerdict(question, later, (found) => found === verdict);
}

/**
 * Points that stand for all values in an interval: its ends, and both sides of each threshold inside. Undefined
 * without an interval.
 */
function pointsOf(contrast: Contrast, estimate: Estimate): Estimate[] | undefined {
  const { low, high } = estimate;
  if (low === null || high === null) return undefined;
  const sides = thresholdsOf(contrast, estimate).flatMap((cut) => {
    if (cut < low || cut > high) return [];
    const step = EPSILON * (contrast.scale === 'log' ? cut : Math.max(1, Math.abs(cut)));
    return [cut - step, cut + step];
  });
  const points = [low, high, ...sides].map((value) => ({
    ...estimate,
    ...{ value, low: value, high: value },
  }));
  return distinct(contrast, points);
}

/** Values at which the rule may change: the contrast's cuts, and the noise floor of a ratio. */
function thresholdsOf({ cuts, kind }: Contrast, estimate: Estimate): readonly number[] {
  const floor = kind === 'ratio' ? floorOf(estimate) : undefined;
  return floor === undefined ? cuts : [...cuts, floor, 1 / floor];
}

/** One of those that lie alike to all thresholds: to the rule they are the same. */
function distinct(contrast: Contrast, estimates: readonly Estimate[]): Estimate[] {
  const kinds = new Map<string, Estimate>();
  for (const estimate of estimates) {
    const { low, high } = estimate;
    const lies = thresholdsOf(contrast, estimate).map(
      (cut) => `${side(low, cut)}${side(high, cut)}`,
    );
    kinds.set(lies.join(), estimate);
  }
  return [...kinds.values()];
}

function side(end: number | null, cut: number): string {
  return end === null ? '?' : end < cut ? '<' : end > cut ? '>' : '=';
}

/** Whether all combinations of one estimate a contrast have a verdict that holds; false where they are too many. */
function everyVerdict(
  { rule }: Sequential,
  choices: readonly (readonly Estimate[])[],
  holds: (verdict: Verdict) => boolean,
): boolean {
  const combinations = choices.reduce((product, own) => product * own.length, 1);
  if (combinations > COMBINATIONS_MAX) return false;
  const chosen = new Map<string, Estimate>();
  const from = (index: number): boolean => {
    const own = choices[index];
    if (own === undefined) return holds(rule(chosen));
    return own.every((estimate) => {
      chosen.set(estimate.id, estimate);
      return from(index + 1);
    });
  };
  return from(0);
}

/** Contrasts whose further sessions may settle the verdict: first those that it cannot do without. */
function openOf(seen: readonly Seen[]): Seen[] {
  const deciding = decidingOf(seen);
  const unseen = deciding.filter(({ taken }) => taken === 0);
  if (unseen.length > 0) return unseen;
  const undone = deciding.filter(({ contrast, estimate: { low, high } }) => {
    if (low === null || high === null) return true;
    return contrast.cuts.some((cut) => cut >= low && cut <= high);
  });
  const open = undone.length === 0 ? deciding : undone;
  return open.filter(({ next }) => next !== undefined);
}

function decidingOf(seen: readonly Seen[]): readonly Seen[] {
  return seen.filter(({ contrast }) => contrast.supporting !== true);
}

function needsOf(open: readonly Seen[]): Need[] {
  const needs = new Map<string, Need>();
  for (const { contrast, sessions, next } of open) {
    const { cell, arms } = contrast;
    const known = needs.get(cell);
    needs.set(cell, {
      cell,
      arms: [...new Set([...(known?.arms ?? []), ...arms])],
      sessions: Math.max(known?.sessions ?? 0, (next ?? sessions) - sessions),
    });
  }
  return [...needs.values()];
}
