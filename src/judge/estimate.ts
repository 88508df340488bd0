// One contrast, its sessions in, an Estimate out: value, interval, noise floors, smallest visible difference.
// Pure. Invariants: the session is the unit of replication, slices only make its value and the floor within
// it; what is in an Estimate is finite, or null where the sessions cannot tell.

import { mean } from 'simple-statistics';
import type { Contrast, SessionRounds } from '../question/question.ts';
import type { Estimate } from '../record/answer.ts';
import type { Round } from '../record/round.ts';
import { errorsWide, halfWidth, sessionsFor, standardError } from '../stats/session-interval.ts';
import { sessionsOf } from './rounds.ts';

/** Floors are drawn at this error, whatever the contrast's own share is. */
const FLOOR_ALPHA = 0.05;

/** What a session says of a contrast, on the contrast's scale: logarithms where that is a log scale. */
export interface SessionValue {
  readonly session: number;
  readonly value: number;
  readonly slices: number;
  /** By arm of the contrast, in its order. */
  readonly arms: readonly {
    readonly mean: number | undefined;
    /** Mean of its even slices less that of its odd ones; undefined below two slices. */
    readonly split: number | undefined;
  }[];
}

export interface EstimateOptions {
  readonly alpha: number;
  readonly deciding: boolean;
  /** Fewer sessions have no interval. */
  readonly sessionsMin: number;
}

/** The interval of a figure over all its sessions, for pictures and sentences beside the verdict. */
export function describe(contrast: Contrast, rounds: readonly Round[], alpha: number): Estimate {
  const options = { alpha, deciding: false, sessionsMin: 2 };
  return estimateOf(contrast, sessionValues(contrast, rounds), options);
}

/** A contrast's sessions in ascending order; those that lack one of its arms are left out. */
export function sessionValues(contrast: Contrast, rounds: readonly Round[]): SessionValue[] {
  const { scale, arms } = contrast;
  return sessionsOf(rounds, contrast.cell).flatMap((session): SessionValue[] => {
    const found = contrast.of(session);
    const value = found === undefined || scale === 'linear' ? found : Math.log(found);
    if (value === undefined || !Number.isFinite(value)) return [];
    const slices = session.rounds.filter(({ arm }) => arms.includes(arm)).length;
    const own = arms.map((arm) => armValue(contrast, session, arm));
    return [{ session: session.session, value, slices, arms: own }];
  });
}

export function estimateOf(
  contrast: Contrast,
  values: readonly SessionValue[],
  { alpha, deciding, sessionsMin }: EstimateOptions,
): Estimate {
  const { id, words, unit, kind, cell, exact = false, oneSided = false } = contrast;
  const estimate: Estimate = {
    ...{ id, words, unit, kind, cell, deciding, ...NOTHING },
    sessions: values.length,
    slices: values.reduce((sum, { slices }) => sum + slices, 0),
    alpha: exact ? 0 : alpha,
    floorWithin: floorOf(contrast, values, 'split'),
    floorBetween: floorOf(contrast, values, 'mean'),
  };
  if (values.length === 0) return estimate;
  const numbers = values.map(({ value }) => value);
  const error = values.length < sessionsMin ? null : standardError(numbers);
  const half = error === null ? null : error * errorsWide(values.length, { alpha, oneSided });
  return withInterval(contrast, estimate, { middle: mean(numbers), half: exact ? 0 : half });
}

/**
 * What the estimate is after so many sessions, if they scatter like those there are and the mean is off by so
 * many standard errors. An exact one, and one without an interval, stays as it is.
 */
export function projected(
  contrast: Contrast,
  estimate: Estimate,
  about: {
    readonly values: readonly SessionValue[];
    readonly sessions: number;
    readonly errors: number;
    /** As a part of that of the sessions there are; default 1. */
    readonly scatter?: number;
  },
): Estimate {
  const numbers = about.values.map(({ value }) => value);
  const error = standardError(numbers);
  if (error === null || estimate.low === null || contrast.exact === true) return estimate;
  const { oneSided = false } = contrast;
  const wide = errorsWide(about.sessions, { alpha: estimate.alpha, oneSided });
  const narrowing = (about.scatter ?? 1) * Math.sqrt(numbers.length / about.sessions);
  const later = { ...estimate, sessions: about.sessions };
  return withInterval(contrast, later, {
    middle: mean(numbers) + about.errors * error,
    half: wide * error * narrowing,
  });
}

/**
 * Sessions with which a difference of this ratio (or distance, of a linear level) would be visible, if they
 * scatter like those there are; undefined where that cannot be said.
 */
export function sessionsToSee(
  contrast: Contrast,
  estimate: Estimate,
  difference: number,
): number | undefined {
  const { smallestVisible, sessions, alpha } = estimate;
  if (smallestVisible === null || contrast.exact === true) return undefined;
  const half = (visible: number): number =>
    contrast.scale === 'log' ? Math.log(visible) : visible;
  const { oneSided = false } = contrast;
  return sessionsFor(half(difference), { half: half(smallestVisible), sessions, alpha, oneSided });
}

const NOTHING = { value: null, low: null, high: null, smallestVisible: null } as const;

function withInterval(
  { scale }: Contrast,
  estimate: Estimate,
  { middle, half }: { readonly middle: number; readonly half: number | null },
): Estimate {
  const end = (x: number): number => (scale === 'log' ? Math.exp(x) : x);
  const value = end(middle);
  if (half === null) return { ...estimate, ...NOTHING, value };
  const [low, high] = [end(middle - half), end(middle + half)];
  // An interval that overflows has no end in sight, and JSON could not hold it either.
  if ((scale === 'log' && low === 0) || !Number.isFinite(high)) {
    return { ...estimate, ...NOTHING, value };
  }
  return { ...estimate, value, low, high, smallestVisible: end(half) };
}

function armValue(
  contrast: Contrast,
  session: SessionRounds,
  arm: string,
): SessionValue['arms'][number] {
  const values = contrast.byArm(session, arm);
  if (values.length === 0) return { mean: undefined, split: undefined };
  const even = values.filter((_, index) => index % 2 === 0);
  const odd = values.filter((_, index) => index % 2 === 1);
  return {
    mean: mean([...values]),
    split: odd.length === 0 ? undefined : mean(even) - mean(odd),
  };
}

/** The noisiest arm's; null where an arm has too few slices or sessions to tell, and of what is no ratio. */
function floorOf(
  { scale, exact = false }: Contrast,
  values: readonly SessionValue[],
  figure: 'mean' | 'split',
): number | null {
  const arms = values[0]?.arms.length ?? 0;
  if (scale === 'linear' || arms === 0) return null;
  let floor = 1;
  // What repeats exactly has no noise.
  for (let arm = 0; arm < arms && !exact; arm++) {
    const own = values.flatMap((value) => value.arms[arm]?.[figure] ?? []);
    const half = halfWidth(own, FLOOR_ALPHA);
    if (half === null) return null;
    floor = Math.max(floor, Math.exp(half));
  }
  return Number.isFinite(floor) ? floor : null;
}
