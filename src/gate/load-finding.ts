// The finding of a run under load: one sentence that a reader can repeat. Pure; the verdict it words is
// load-verdict.ts's.

import { OPERATIONS_PER_SECOND, type LoadRun } from '../record/load-schema.ts';
import type { LaneSummary, LoadComparison, LoadVerdict } from '../record/verdict-schema.ts';
import { P99_OPERATIONS_MIN } from './load-comparison.ts';
import type { SortedRounds } from './load-rounds.ts';

export interface FindingInput {
  readonly plan: LoadRun;
  readonly verdict: LoadVerdict;
  readonly sorted: SortedRounds;
  readonly comparisons: readonly LoadComparison[];
  readonly lanes: readonly LaneSummary[];
}

export function findingOf(input: FindingInput): string {
  const { plan, verdict, sorted, comparisons } = input;
  switch (verdict) {
    case 'wrong-data':
      return `The store does not hold what it acknowledged: ${sorted.faults[0] ?? 'no fault was named'}.`;
    case 'nothing':
      return 'Nothing was measured.';
    case 'invalid':
      return `The figures are the load generator's, not the store's: ${reasonOf(sorted)}.`;
    case 'measured':
      return plan.command === 'sweep' ? sweepFinding(input) : runFinding(input);
    case 'better':
    case 'worse':
    case 'alike':
      return `${deciding(comparisons, verdict)}.`;
    case 'inconclusive':
      return `${deciding(comparisons, verdict) || undecided(plan)}.`;
  }
}

function runFinding({ plan, lanes }: FindingInput): string {
  const rate = lanes.reduce((sum, lane) => sum + lane.perSecond, 0);
  // Of few operations it is the slowest one.
  const told = lanes.filter(({ operations }) => operations >= P99_OPERATIONS_MIN);
  const [slowest] = told.sort((a, b) => b.p99Us - a.p99Us);
  const tail =
    slowest === undefined ? '' : `; ${slowest.lane} has the longest p99, ${time(slowest.p99Us)}`;
  return `${plan.workload}: ${digits(rate)} operations/s by ${loadText(plan)}${tail}.`;
}

function sweepFinding({ plan, sorted }: FindingInput): string {
  const rates = new Map<string, number[]>();
  for (const { cell, figures } of sorted.usable) {
    const rate = figures[OPERATIONS_PER_SECOND];
    if (rate !== undefined) rates.set(cell, [...(rates.get(cell) ?? []), rate]);
  }
  const means = [...rates].map(([cell, own]) => {
    return { cell, rate: own.reduce((sum, rate) => sum + rate, 0) / own.length };
  });
  const [best] = means.sort((a, b) => b.rate - a.rate);
  const least = means.at(-1);
  if (best === undefined || least === undefined) return 'Nothing was measured.';
  return (
    `${plan.workload}: most operations/s at ${best.cell} (${digits(best.rate)}), fewest at ` +
    `${least.cell} (${digits(least.rate)}), of ${means.length} cells; hold the best against your own ` +
    'setting with kvtune ab, since the best of many is also the luckiest.'
  );
}

/** Why no figure decides. */
function undecided({ shape }: LoadRun): string {
  return shape.kind === 'closed'
    ? 'no figure decides: an arm ended nothing within a round; measure longer'
    : 'no figure decides: each lane has too few operations for a p99; measure longer, or at a higher rate';
}

/** 'a closed loop of 64 clients', '10,000 operations/s offered by 64 clients (poisson)'. */
function loadText({ shape, clientsByThread }: LoadRun): string {
  const clients = clientsByThread.reduce((sum, count) => sum + count, 0);
  const who = `${digits(clients)} client${clients === 1 ? '' : 's'}`;
  if (shape.kind === 'closed') return `a closed loop of ${who}`;
  return `${who} to whom ${digits(shape.ratePerSecond)}/s were due (${shape.arrival})`;
}

function deciding(
  comparisons: readonly LoadComparison[],
  verdict: LoadComparison['verdict'],
): string {
  return comparisons
    .filter((one) => one.deciding && one.verdict === verdict)
    .map(({ figure, ratio, low, high, floor }) => {
      const interval =
        low === null || high === null ? 'no interval' : `${low.toFixed(3)} to ${high.toFixed(3)}`;
      return (
        `${wordsOf(figure)}: b is ${ratio.toFixed(3)} times as good as a (${interval}; equal arms ` +
        `differ by up to ${floor.toFixed(3)})`
      );
    })
    .join('; ');
}

function reasonOf({ all }: SortedRounds): string {
  return all.find(({ load }) => load.health.bottleneck)?.load.health.reason ?? '';
}

/** operationsPerSecond is 'operations per second', readP99Us 'read p99'. */
function wordsOf(figure: string): string {
  const words = figure.replace(/Us$/, '').replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
  return words.trim();
}

function digits(value: number): string {
  return Number(value.toPrecision(4)).toLocaleString('en-US');
}

function time(us: number): string {
  if (us >= 1e6) return `${digits(us / 1e6)} s`;
  return us >= 1e3 ? `${digits(us / 1e3)} ms` : `${digits(us)} us`;
}
