// Two arms of ab against each other: which figures decide, when b is better, worse or alike, and in which words.
// Ratios are turned so that above 1 is b being the better one. A closed loop is judged by its operations a second,
// an open one by the 99th percentile of each lane that has enough operations: which those are follows from rate
// and workload, before anything is measured. 'alike' is never wider than the margin that was asked for. Pure.

import type { Estimate, Table, Verdict } from '../record/answer.ts';
import type { Round } from '../record/round.ts';
import type { LoadRequest } from '../record/run.ts';
import { ratioOf } from '../question/contrast.ts';
import type { Cell, Contrast, Estimates, Evidence, Question } from '../question/question.ts';
import { sessionsToSee } from '../judge/estimate.ts';
import { againstMargin } from '../judge/sides.ts';
import { couldSee, list, times, timesWithin } from '../judge/words.ts';
import { hasValue, medianOf, ratioColumns, tableOf, type Column } from './cell-figures.ts';
import { capital, intervalOf, measuredOf, slicesOf } from './claim-question.ts';
import { laneShares, workloadOf } from './load-cell.ts';
import { laneSummaries, laneTable, type LoadWording } from './load-lanes.ts';
import { p99Ratio, p99UsOf } from './session-p99.ts';

/** A 99th percentile of fewer operations is one of the largest values. */
export const P99_OPERATIONS_MIN = 500;

export interface ComparedLoads {
  readonly contrasts: readonly Contrast[];
  /** Whether some figure can decide at all. */
  readonly canDecide: boolean;
  readonly ruleText: string;
  readonly rule: Question['rule'];
  readonly wording: (evidence: Evidence) => LoadWording;
}

/** A figure that arms are compared by. */
interface Figure {
  readonly contrast: Contrast;
  /** Of one arm's slices together, and its unit. */
  readonly of: (slices: readonly Round[]) => number | null;
  readonly unit: string;
  readonly deciding: boolean;
}

export function comparison(request: LoadRequest, cell: Cell): ComparedLoads {
  const [a, b] = request.arms.map(({ name }) => name);
  if (a === undefined || b === undefined) throw new Error('a comparison has two arms');
  const figures = figuresOf({ request, cell, a, b });
  const deciding = figures.filter((one) => one.deciding);
  // Without a deciding figure the question ends after the fewest sessions; what it shows stands beside.
  const contrasts = (deciding.length > 0 ? deciding : figures.slice(0, 1)).map(
    ({ contrast }) => contrast,
  );
  const canDecide = deciding.length > 0;
  const rule = (found: Estimates): Verdict =>
    canDecide ? verdictOf(contrasts, found, request.margin) : 'inconclusive';
  return {
    ...{ contrasts, canDecide, rule, ruleText: ruleTextOf(request) },
    wording: (evidence) => ({
      finding: findingOf(evidence.estimates, { contrasts, rule, request, canDecide }),
      measured: canDecide ? measuredBy(contrasts[0], evidence.estimates, request) : null,
      tables: [
        ...comparisonTable(evidence, { figures, cell, a, b, margin: request.margin }),
        ...laneTable(laneSummaries(evidence.rounds, cell, workloadOf(cell.factors).lanes)),
      ],
    }),
  };
}

interface Arms {
  readonly cell: Cell;
  readonly a: string;
  readonly b: string;
}

/** Deciding ones first. */
function figuresOf({ request, cell, a, b }: Arms & { readonly request: LoadRequest }): Figure[] {
  const isOpen = cell.factors['loop'] === 'open';
  const rate: Figure = {
    contrast: ratioOf({
      ...{ id: 'rate', words: 'operations/s, b / a', cell: cell.id, over: b, under: a },
      ...{ figure: 'operationsPerSecond', cuts: cutsOf(request) },
    }),
    ...{ of: medianBy('operationsPerSecond'), unit: '/s', deciding: !isOpen },
  };
  const slicesSeconds = Number(cell.factors['seconds']) * cell.slices;
  const perSession = Number(cell.factors['ratePerSecond'] ?? 0) * slicesSeconds;
  const lanes = [...laneShares(cell.factors)]
    .filter(([, share]) => share > 0)
    .sort(([, left], [, right]) => right - left);
  const latencies = lanes.flatMap(([lane, share]): Figure[] => [
    {
      contrast: p99Ratio({
        ...{ id: `p99:${lane}`, words: `p99 of ${lane}, a / b`, cell: cell.id },
        ...{ over: a, under: b, lane, cuts: cutsOf(request) },
      }),
      ...{ of: (slices) => p99UsOf(slices, lane) ?? null, unit: 'us' },
      deciding: isOpen && share * perSession >= P99_OPERATIONS_MIN,
    },
    {
      contrast: ratioOf({
        ...{ id: `p50:${lane}`, words: `p50 of ${lane}, a / b`, cell: cell.id },
        ...{ figure: `${lane}P50Us`, over: a, under: b },
      }),
      ...{ of: medianBy(`${lane}P50Us`), unit: 'us', deciding: false },
    },
  ]);
  const all = isOpen ? [...latencies, rate] : [rate, ...latencies];
  return [...all.filter((one) => one.deciding), ...all.filter((one) => !one.deciding)];
}

function medianBy(figure: string): Figure['of'] {
  return (slices) => medianOf(slices, figure);
}

function cutsOf({ margin }: LoadRequest): number[] {
  return [1 / margin, 1, margin];
}

function verdictOf(contrasts: readonly Contrast[], found: Estimates, margin: number): Verdict {
  const sides = contrasts.map(({ id }) => againstMargin(found.get(id), margin));
  if (sides.includes('worse')) return 'worse';
  if (sides.includes('better')) return 'better';
  return sides.includes('inconclusive') ? 'inconclusive' : 'alike';
}

function ruleTextOf({ margin, factors }: LoadRequest): string {
  const figures =
    factors['loop'] === 'open'
      ? `p99 of each lane of ${String(P99_OPERATIONS_MIN)} operations a session or more decides, from the ` +
        "merged histogram of a session's slices"
      : 'operations a second decide';
  return (
    `${figures}; arms paired within sessions, each ratio by its interval. Alike if the interval lies within ` +
    `${times(1 / margin)} to ${times(margin)}; else better, or worse, if it lies beyond 1, and its middle ` +
    'beyond what equal arms within sessions differ by; else inconclusive. Of several figures one that is worse makes the whole ' +
    'worse, else one that is better the whole better.'
  );
}

function measuredBy(
  contrast: Contrast | undefined,
  found: Estimates,
  { workload }: LoadRequest,
): ReturnType<typeof measuredOf> {
  if (contrast === undefined) return null;
  const { id, words } = contrast;
  return measuredOf(found.get(id), { unit: 'x', what: words, at: { workload } });
}

function findingOf(
  found: Estimates,
  about: Pick<ComparedLoads, 'contrasts' | 'rule' | 'canDecide'> & {
    readonly request: LoadRequest;
  },
): string {
  const { contrasts, rule, request, canDecide } = about;
  const { margin } = request;
  if (!canDecide) {
    return (
      `No figure decides: no lane has ${String(P99_OPERATIONS_MIN)} operations a session at this rate, too few ` +
      'for a p99. Measure longer slices, more of them, or at a higher rate.'
    );
  }
  const verdict = rule(found);
  const told = contrasts.flatMap((contrast) => {
    const estimate = found.get(contrast.id);
    if (!hasValue(estimate) || againstMargin(estimate, margin) !== verdict) return [];
    return [{ contrast, estimate }];
  });
  const figures = list(
    told.map(({ contrast, estimate }) => `${contrast.words}: ${timesWithin(estimate)}`),
  );
  const within = times(margin);
  if (verdict === 'better' || verdict === 'worse') return `b is ${verdict} than a; ${figures}.`;
  if (verdict === 'alike') {
    const isShown = told.some(({ estimate }) => isBeyondOne(estimate));
    const but = isShown ? ' A difference is shown, but a smaller one than that.' : '';
    return `a and b are alike within ${within}; ${figures}.${but}`;
  }
  const needs = told.map(({ contrast, estimate }) => needsOf(contrast, estimate, margin));
  const undecided = `Not decided whether b differs from a by more than ${within}`;
  return [`${undecided}; ${figures}.`, ...needs].join(' ');
}

function isBeyondOne(estimate: Estimate): boolean {
  const { low, high } = intervalOf(estimate) ?? { low: 1, high: 1 };
  return low > 1 || high < 1;
}

/** What these sessions could see, and how many more would decide. */
function needsOf(contrast: Contrast, estimate: Estimate, margin: number): string {
  const distance = Math.abs(Math.log(estimate.value ?? 1));
  // Either the interval leaves 1 out, or it fits into the margin: whichever takes fewer sessions.
  const wanted = Math.exp(Math.max(distance, Math.log(margin) - distance));
  const all = sessionsToSee(contrast, estimate, wanted);
  const more = all === undefined ? 0 : all - estimate.sessions;
  const words = couldSee(estimate);
  if (more <= 0) return `${capital(words)}.`;
  return `${capital(words)}; about ${String(more)} more sessions would see ${times(wanted)}.`;
}

/** Every figure of both arms, whether or not it decides. */
function comparisonTable(
  { rounds, estimates, describe }: Evidence,
  about: Arms & { readonly figures: readonly Figure[]; readonly margin: number },
): Table[] {
  const { figures, cell, a, b, margin } = about;
  const rows = figures.flatMap((figure) => {
    const { contrast, deciding } = figure;
    const estimate = (deciding ? estimates.get(contrast.id) : undefined) ?? describe(contrast);
    return hasValue(estimate) ? [{ ...figure, estimate }] : [];
  });
  const columnOf = (arm: string): Column<Figure> => ({
    ...{ title: arm, of: ({ of }) => of(slicesOf(rounds, cell.id, arm)) },
  });
  return tableOf(
    'b against a: medians over slices, p99 of all slices together, and how many times as good b is; figures ' +
      'without a verdict decide nothing',
    rows,
    [
      { title: 'Figure', of: ({ contrast }) => contrast.words },
      { title: 'Unit', of: ({ unit }) => unit },
      ...[columnOf(a), columnOf(b)],
      ...ratioColumns('b times as good', 'Equal arms', ({ floorWithin }) => floorWithin),
      { title: 'Sessions', of: ({ estimate }) => estimate.sessions },
      {
        title: 'Verdict',
        of: ({ deciding, estimate }) => (deciding ? againstMargin(estimate, margin) : ''),
      },
    ],
  );
}
