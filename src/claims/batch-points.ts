// Points of the batch grid: a setting of interval and limit with what was measured under it, and which of
// them is the best. The best is picked by one rule fixed beforehand: of the settings within 10% of the highest
// throughput the one with the lowest put p99. Picked from many, it is a hint, not a finding. Pure.

import type { ExperimentRound } from '../record/schema.ts';
import { estimate, figure, type FigureEstimate } from './experiment-rounds.ts';

export const DEFAULT_ARM = '100ms/10000';
export const PROPOSAL_ARM = '10ms/1000';
const THROUGHPUT_SHARE_MIN = 0.9;

export interface BatchPoint {
  readonly arm: string;
  readonly intervalMs: number;
  readonly limit: number;
  readonly putsPerSecond: FigureEstimate;
  readonly putP99Us: FigureEstimate;
}

/** One point a setting, as read back; a round without both settings or figures makes none. */
export function pointsAt(rounds: readonly ExperimentRound[], unit: () => number): BatchPoint[] {
  const arms = [...new Set(rounds.map(({ arm }) => arm))];
  return arms.flatMap((arm) => {
    const own = rounds.filter((round) => round.arm === arm);
    const intervalMs = own[0]?.settings['batchIntervalMs'];
    const limit = own[0]?.settings['batchLimit'];
    const putsPerSecond = estimate(own, figure('putsPerSecond'), unit);
    const putP99Us = estimate(own, figure('putP99Us'), unit);
    if (typeof intervalMs !== 'number' || typeof limit !== 'number') return [];
    if (putsPerSecond === undefined || putP99Us === undefined) return [];
    return [{ arm, intervalMs, limit, putsPerSecond, putP99Us }];
  });
}

export function bestOf(points: readonly BatchPoint[]): BatchPoint | undefined {
  const highest = Math.max(...points.map(({ putsPerSecond }) => putsPerSecond.value));
  const fast = points.filter(
    ({ putsPerSecond }) => putsPerSecond.value >= THROUGHPUT_SHARE_MIN * highest,
  );
  return fast.reduce<BatchPoint | undefined>(
    (best, one) => (best === undefined || one.putP99Us.value < best.putP99Us.value ? one : best),
    undefined,
  );
}

/** '10 ms, 1,000'. */
export function settingName({ intervalMs, limit }: BatchPoint): string {
  return `${intervalMs.toLocaleString('en-US')} ms, ${limit.toLocaleString('en-US')}`;
}

/** '1.23 ms'. */
export function latencyText({ putP99Us }: BatchPoint): string {
  return `${Number((putP99Us.value / 1e3).toPrecision(3)).toLocaleString('en-US')} ms`;
}
