// Two arms of ab against each other. Pure. Ratios pair rounds of one block and are turned so that above 1 is b
// being the better one. A closed loop is judged by its operations a second, an open one by the 99th percentile
// of each lane that has enough operations. 'better' and 'worse' need an interval beyond 1 and beyond the noise
// floor of equal arms; 'alike' one within five per cent, or within the floor where that is more; otherwise
// the rounds cannot tell. Several deciding figures share the chance of error (Bonferroni).

import { equalArmPairs, pairBlocks } from '../claims/rounds.ts';
import { loadFigureNames, OPERATIONS_PER_SECOND, type LoadRun } from '../record/load-schema.ts';
import type { Warning } from '../record/schema.ts';
import type { LoadComparison } from '../record/verdict-schema.ts';
import { noiseFloor, type NoiseFloor } from '../stats/noise-floor.ts';
import { pairedRatio, type PairedRatio } from '../stats/paired-ratio.ts';
import type { RoundUnderLoad } from './load-rounds.ts';

export const LOAD_ALPHA = 0.05;
/** What nobody would act upon. */
const MARGIN = 1.05;
/** A 99th percentile of fewer is one of the largest values. */
export const P99_OPERATIONS_MIN = 500;

export interface LoadComparisons {
  readonly comparisons: readonly LoadComparison[];
  readonly method: string;
  readonly warnings: readonly Warning[];
}

/** A figure of rounds that arms can be compared by. */
export interface LoadFigure {
  readonly figure: string;
  readonly unit: string;
  readonly better: 'higher' | 'lower';
  readonly deciding: boolean;
}

export function compareLoads(
  plan: LoadRun,
  rounds: readonly RoundUnderLoad[],
  unit: () => number,
): LoadComparisons {
  const [a, b] = plan.arms;
  if (plan.command !== 'ab' || a === undefined || b === undefined) {
    return { comparisons: [], method: 'figures of all rounds together', warnings: [] };
  }
  const figures = loadFigures(plan, rounds);
  const deciding = figures.filter((one) => one.deciding).length;
  const alpha = LOAD_ALPHA / Math.max(1, deciding);
  const warnings = new Map<string, Warning>();
  const comparisons = figures.flatMap((one): LoadComparison[] => {
    const metric = (round: RoundUnderLoad): number => round.figures[one.figure] ?? Number.NaN;
    const own = (arm: string): RoundUnderLoad[] => rounds.filter((round) => round.arm === arm);
    const { pairs } = pairBlocks(own(a.name), own(b.name), metric);
    const turned = pairs.map((pair) => (one.better === 'lower' ? pair : { a: pair.b, b: pair.a }));
    const ratio = pairedRatio(turned, { alpha, unit });
    const floor = noiseFloor(equalArmPairs(rounds, metric));
    if (one.deciding) {
      for (const warning of [...ratio.warnings, ...floor.warnings]) {
        // Worded for reproduce, which has no such flag.
        warnings.set(warning.code, { ...warning, remedy: 'measure more blocks with --repeat' });
      }
    }
    if (ratio.value === null) return [];
    return [
      {
        ...one,
        a: middle(pairs.map((pair) => pair.a)),
        b: middle(pairs.map((pair) => pair.b)),
        ...{ ratio: ratio.value, low: ratio.low, high: ratio.high, pairs: ratio.rounds },
        floor: floor.ratio,
        verdict: sideOf(ratio, floor),
      },
    ];
  });
  return {
    comparisons,
    method: methodOf(comparisons, deciding, alpha),
    warnings: [...warnings.values()],
  };
}

/** The figures of these rounds, deciding ones first. */
function loadFigures(plan: LoadRun, rounds: readonly RoundUnderLoad[]): LoadFigure[] {
  const open = plan.shape.kind === 'open';
  const rate: LoadFigure = {
    ...{ figure: OPERATIONS_PER_SECOND, unit: '/s', better: 'higher', deciding: !open },
  };
  const lanes = rounds[0]?.load.lanes.map(({ lane }) => lane) ?? [];
  const latencies = lanes.flatMap((lane): LoadFigure[] => {
    const names = loadFigureNames(lane);
    if (!rounds.some(({ figures }) => figures[names.p99] !== undefined)) return [];
    const enough = rounds.every(({ load }) => operationsOf(load, lane) >= P99_OPERATIONS_MIN);
    const common = { unit: 'us', better: 'lower' } as const;
    return [
      { ...common, figure: names.p99, deciding: open && enough },
      { ...common, figure: names.p50, deciding: false },
    ];
  });
  const all = [rate, ...latencies];
  return [...all.filter((one) => one.deciding), ...all.filter((one) => !one.deciding)];
}

function operationsOf({ lanes }: RoundUnderLoad['load'], lane: string): number {
  return lanes.find((one) => one.lane === lane)?.operations ?? 0;
}

function sideOf(
  { low, high }: PairedRatio,
  { ratio, pairs }: NoiseFloor,
): LoadComparison['verdict'] {
  if (low === null || high === null) return 'inconclusive';
  const floor = Math.max(1, ratio);
  if (pairs > 0 && low > floor) return 'better';
  if (pairs > 0 && high < 1 / floor) return 'worse';
  const margin = Math.max(floor, MARGIN);
  return low >= 1 / margin && high <= margin ? 'alike' : 'inconclusive';
}

function methodOf(comparisons: readonly LoadComparison[], deciding: number, alpha: number): string {
  const pairs = comparisons[0]?.pairs ?? 0;
  const shared = deciding > 1 ? `, shared by ${deciding} deciding figures` : '';
  return (
    `paired log ratios of ${pairs} blocks, two rounds of each arm in random order; interval of ` +
    `${((1 - alpha) * 100).toPrecision(4).replace(/\.?0+$/, '')}% each${shared}; no verdict is finer ` +
    'than what equal arms of a block differ by'
  );
}

/** Geometric mean: of figures that are compared by ratio. */
function middle(values: readonly number[]): number {
  const usable = values.filter((value) => value > 0 && Number.isFinite(value));
  const logs = usable.reduce((sum, value) => sum + Math.log(value), 0);
  return usable.length === 0 ? 0 : Math.exp(logs / usable.length);
}
