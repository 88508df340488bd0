// What slices of a load say of its lanes over a whole run: operations, rates, percentiles of the merged histograms
// (never means of percentiles), errors; and what the load generator and the verification say. Pure.

import { decodeFromCompressedBase64, type Histogram } from 'hdr-histogram-js';
import type { Answer, Table } from '../record/answer.ts';
import type { Round } from '../record/round.ts';
import type { Cell, Wording } from '../question/question.ts';
import { count, digits, list } from '../judge/words.ts';
import { medianOf, tableOf, type Column } from './cell-figures.ts';
import { slicesOf } from './claim-question.ts';
import { p99UsOf } from './session-p99.ts';

/** What a question of a load says beside what all of them do; without a figure measured, without pictures. */
export type LoadWording = Pick<Wording, 'finding' | 'tables'> &
  Partial<Pick<Wording, 'measured' | 'panels'>>;

/** A lane of one arm over all its slices. */
export interface LaneSummary {
  readonly arm: string;
  readonly lane: string;
  readonly operations: number;
  readonly errors: number;
  readonly perSecond: number;
  readonly p50Us: number;
  readonly p90Us: number;
  readonly p99Us: number;
  readonly p999Us: number;
  readonly maxUs: number;
  /** From the start of an operation instead of its intended one; null in a closed loop, where both are one. */
  readonly serviceP99Us: number | null;
}

/** Histograms of that name of all slices together; undefined where none has it. */
function mergedHistogram(rounds: readonly Round[], name: string): Histogram | undefined {
  let sum: Histogram | undefined;
  for (const { histograms } of rounds) {
    const text = histograms[name];
    if (text === undefined) continue;
    const one = decodeFromCompressedBase64(text, 64);
    if (sum === undefined) sum = one;
    else sum.add(one);
  }
  return sum;
}

/** Lanes of a cell's arms in which something ended, in the workload's order. */
export function laneSummaries(
  rounds: readonly Round[],
  { id, arms }: Cell,
  lanes: readonly string[],
): LaneSummary[] {
  return arms.flatMap(({ name }) => {
    const own = slicesOf(rounds, id, name);
    return lanes.flatMap((lane) => summaryOf(own, name, lane) ?? []);
  });
}

function summaryOf(own: readonly Round[], arm: string, lane: string): LaneSummary | undefined {
  const latency = mergedHistogram(own, lane);
  const errors = own.reduce((sum, round) => sum + errorsOf(round, lane), 0);
  const operations = latency?.totalCount ?? 0;
  if (operations + errors === 0) return undefined;
  const us = (percent: number): number => (latency?.getValueAtPercentile(percent) ?? 0) / 1e3;
  const seconds = own.reduce((sum, round) => sum + round.seconds, 0);
  return {
    ...{ arm, lane, operations, errors },
    perSecond: seconds === 0 ? 0 : operations / seconds,
    ...{ p50Us: us(50), p90Us: us(90), p99Us: us(99), p999Us: us(99.9) },
    maxUs: (latency?.maxValue ?? 0) / 1e3,
    serviceP99Us: p99UsOf(own, `${lane}:service`) ?? null,
  };
}

/** Operations of the lane that ended with an error, of all codes. */
function errorsOf({ counts }: Round, lane: string): number {
  const prefix = `${lane}.errors.`;
  return Object.entries(counts)
    .filter(([name]) => name.startsWith(prefix))
    .reduce((sum, [, errors]) => sum + errors, 0);
}

const SERVICE: Column<LaneSummary> = {
  ...{ title: 'Service p99', unit: 'us', of: ({ serviceP99Us }) => serviceP99Us },
};

export function laneTable(summaries: readonly LaneSummary[]): Table[] {
  const isOpen = summaries.some(({ serviceP99Us }) => serviceP99Us !== null);
  const from = isOpen ? 'the intended start' : 'the start';
  return tableOf(
    `By lane, over all slices; percentiles of the merged histograms, from ${from} of an operation`,
    summaries,
    [
      { title: 'Arm', of: ({ arm }) => arm },
      { title: 'Lane', of: ({ lane }) => lane },
      { title: 'Operations', of: ({ operations }) => operations },
      { title: 'Errors', of: ({ errors }) => errors },
      { title: 'Rate', unit: '/s', of: ({ perSecond }) => perSecond },
      { title: 'p50', unit: 'us', of: ({ p50Us }) => p50Us },
      { title: 'p90', unit: 'us', of: ({ p90Us }) => p90Us },
      { title: 'p99', unit: 'us', of: ({ p99Us }) => p99Us },
      { title: 'p99.9', unit: 'us', of: ({ p999Us }) => p999Us },
      { title: 'max', unit: 'us', of: ({ maxUs }) => maxUs },
      ...(isOpen ? [SERVICE] : []),
    ],
  );
}

/** What the generator says of itself, by its worst slice; and how many stores were held against the truth. */
export function loadFacts(rounds: readonly Round[], verify: boolean): Answer['facts'] {
  const healths = rounds.flatMap(({ health }) => health ?? []);
  const most = (values: readonly number[]): number => values.reduce((a, b) => Math.max(a, b), 0);
  const skipped = healths.reduce((sum, one) => sum + one.skipped, 0);
  const late = most(healths.map(({ lateNsP99 }) => lateNsP99));
  const generator = [
    ...(late > 0 ? [`99% of starts at most ${digits(late / 1e3)} us late`] : []),
    ...(skipped > 0 ? [`${count(skipped)} due operations not started`] : []),
    `at most ${digits(100 * most(healths.flatMap(({ cpuShares }) => cpuShares)))}% of a core a thread`,
  ];
  const closed = rounds.filter(({ kind }) => kind === 'close');
  const wrong = closed.filter(({ warnings }) => warnings.some(({ code }) => code === 'wrong-data'));
  const entries = medianOf(closed, ({ counts }) => counts['verifiedEntries']);
  const each = entries === null ? '' : `, ${count(entries)} entries each`;
  return [
    ...(healths.length === 0 ? [] : [{ label: 'Load generator', value: list(generator) }]),
    ...(verify && closed.length > 0
      ? [
          {
            label: 'Verified',
            value:
              `${String(closed.length - wrong.length)} of ${String(closed.length)} stores held what ` +
              `they acknowledged${each}`,
          },
        ]
      : []),
  ];
}
