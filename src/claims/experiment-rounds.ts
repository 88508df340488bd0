// What claims that rest on experiments have in common: rounds of a claim, ratios of two arms on any
// figure, figures with intervals, and panels drawn from them. Pure. Invariants: ratios pair rounds of
// one block; above 1 always means that the candidate is the better one; no figure here is NaN.

import type {
  ExperimentRole,
  ExperimentRound,
  LinesPanel,
  PanelAxis,
  Scalar,
} from '../record/schema.ts';
import { noiseFloor, type NoiseFloor } from '../stats/noise-floor.ts';
import {
  intervalOf,
  pairedRatio,
  type PairedRatio,
  type RatioInterval,
} from '../stats/paired-ratio.ts';
import { ALPHA } from './claim.ts';
import { blockMeans, equalArmPairs, pairBlocks, type Metric } from './rounds.ts';

/** Which way a figure is better. */
export type Better = 'higher' | 'lower';

export interface Comparison {
  readonly ratio: PairedRatio;
  readonly interval: RatioInterval | null;
  readonly floor: NoiseFloor;
  /** Blocks that hold rounds of one arm only. */
  readonly unpaired: number;
}

/** A figure of an arm; low and high are null where it has no interval. */
export interface FigureEstimate {
  readonly value: number;
  readonly low: number | null;
  readonly high: number | null;
  readonly rounds: number;
}

/** Where an interval lies: 'above' the noise around 1, 'below', 'neither', or 'unknown'. */
export type Side = 'above' | 'below' | 'neither' | 'unknown';

export function roundsOfClaim(
  experiments: readonly ExperimentRound[],
  claim: string,
): ExperimentRound[] {
  return experiments.filter((round) => round.claim === claim);
}

/** Rounds whose factors have all these levels, of one arm or of all. */
export function roundsWith(
  rounds: readonly ExperimentRound[],
  factors: Readonly<Record<string, Scalar>>,
  arm?: string,
): ExperimentRound[] {
  const wanted = Object.entries(factors);
  return rounds.filter(
    (round) =>
      (arm === undefined || round.arm === arm) &&
      wanted.every(([name, level]) => round.factors[name] === level),
  );
}

/** Levels of a numeric factor in rounds, smallest first. */
export function levelsOf(rounds: readonly ExperimentRound[], factor: string): number[] {
  const levels = rounds.map((round) => round.factors[factor]);
  const numbers = levels.filter((level): level is number => typeof level === 'number');
  return [...new Set(numbers)].sort((a, b) => a - b);
}

/** A figure by its name; NaN where a round lacks it, which statistics leave out with a warning. */
export function figure(name: string): Metric<ExperimentRound> {
  return (round) => round.figures[name] ?? Number.NaN;
}

/** How many times better `candidate` is than `baseline`, within the blocks of one cell. */
export function compareArms(
  rounds: readonly ExperimentRound[],
  {
    baseline,
    candidate,
    metric,
    better,
  }: {
    readonly baseline: string;
    readonly candidate: string;
    readonly metric: Metric<ExperimentRound>;
    readonly better: Better;
  },
  unit: () => number,
): Comparison {
  const own = (arm: string): ExperimentRound[] => rounds.filter((round) => round.arm === arm);
  const [over, under] = better === 'lower' ? [baseline, candidate] : [candidate, baseline];
  const { pairs, unpaired } = pairBlocks(own(over), own(under), metric);
  const ratio = pairedRatio(pairs, { alpha: ALPHA, unit });
  const both = rounds.filter(({ arm }) => arm === baseline || arm === candidate);
  const floor = noiseFloor(equalArmPairs(both, metric));
  return { ratio, interval: intervalOf(ratio), floor, unpaired };
}

/** Where a comparison's interval lies with regard to its own floor. */
export function sideOf({ interval, floor }: Pick<Comparison, 'interval' | 'floor'>): Side {
  if (interval === null) return 'unknown';
  const least = Math.max(1, floor.ratio);
  if (interval.low <= least && interval.high >= 1 / least) return 'neither';
  if (floor.pairs === 0) return 'unknown';
  return interval.low > least ? 'above' : 'below';
}

/** Geometric mean of a figure over blocks, with its interval; undefined where no round has it. */
export function estimate(
  rounds: readonly ExperimentRound[],
  metric: Metric<ExperimentRound>,
  unit: () => number,
): FigureEstimate | undefined {
  const means = [...blockMeans(rounds, metric).values()];
  // A ratio to one: the interval of a figure that cannot be negative is that of its logarithm.
  const pairs = means.map((a) => ({ a, b: 1 }));
  const { value, low, high, rounds: blocks } = pairedRatio(pairs, { alpha: ALPHA, unit });
  return value === null ? undefined : { value, low, high, rounds: blocks };
}

/** A picture of a figure over a numeric factor, a line an arm; undefined without any point. */
export function linesPanel(
  rounds: readonly ExperimentRound[],
  about: {
    readonly id: string;
    readonly title: string;
    readonly x: PanelAxis;
    readonly y: PanelAxis;
    readonly factor: string;
    readonly metric: Metric<ExperimentRound>;
    readonly references?: LinesPanel['references'];
    /** What an arm is called in the picture; default: by its name. */
    readonly nameOf?: (arm: string) => string;
  },
  unit: () => number,
): LinesPanel | undefined {
  const { id, title, x, y, factor, metric, references = [], nameOf = (arm: string) => arm } = about;
  const arms = [...new Set(rounds.map((round) => round.arm))].sort();
  const series: LinesPanel['series'] = [];
  for (const arm of arms) {
    const own = rounds.filter((round) => round.arm === arm);
    const points: LinesPanel['series'][number]['points'] = [];
    for (const level of levelsOf(own, factor)) {
      const found = estimate(roundsWith(own, { [factor]: level }), metric, unit);
      if (found === undefined) continue;
      points.push({ x: level, y: found.value, low: found.low, high: found.high });
    }
    if (points.length > 0) series.push({ name: nameOf(arm), role: roleOf(own), points });
  }
  if (series.length === 0) return undefined;
  return { kind: 'lines', id, title, x, y, series, references };
}

/** A line is as weighty as the weightiest of its rounds. */
function roleOf(rounds: readonly ExperimentRound[]): ExperimentRole {
  const roles = new Set(rounds.map((round) => round.role));
  return roles.has('deciding') ? 'deciding' : roles.has('curve') ? 'curve' : 'labelled';
}
