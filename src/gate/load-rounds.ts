// Rounds under load, sorted for judging: which of them may judge, what the lanes of a cell come to over all
// rounds, and what speaks against them. Pure. Latencies of many rounds are those of the merged histogram,
// never means of percentiles.

import { decodeFromCompressedBase64, type Histogram } from 'hdr-histogram-js';
import { LOAD_CLAIM, serviceHistogram, type LoadRound } from '../record/load-schema.ts';
import type { ExperimentRound, Warning } from '../record/schema.ts';
import type { LaneSummary } from '../record/verdict-schema.ts';

export type RoundUnderLoad = ExperimentRound & { readonly load: LoadRound };

/** Over this share of bound rounds the rest is not trusted either. */
const BOUND_SHARE_MAX = 0.25;

export interface SortedRounds {
  /** All that ended, in the order in which they ran. */
  readonly all: readonly RoundUnderLoad[];
  /** Those whose figures are the store's: all of them where nothing else is left to show. */
  readonly usable: readonly RoundUnderLoad[];
  /** Whether the generator set the figures of too many. */
  readonly invalid: boolean;
  /** Faults of stores that were not as they had to be, one sentence each. */
  readonly faults: readonly string[];
}

export function sortRounds(experiments: readonly ExperimentRound[]): SortedRounds {
  const all = experiments.filter(
    (round): round is RoundUnderLoad => round.claim === LOAD_CLAIM && round.load !== undefined,
  );
  const free = all.filter(({ load }) => !load.health.bottleneck);
  const invalid = all.length - free.length > BOUND_SHARE_MAX * all.length;
  return {
    all,
    invalid,
    usable: invalid ? all : free,
    faults: all.flatMap(({ load }) => load.verification?.faults ?? []),
  };
}

/** One line a cell, arm and lane in which something ended. */
export function laneSummaries(rounds: readonly RoundUnderLoad[]): LaneSummary[] {
  const groups = new Map<string, RoundUnderLoad[]>();
  for (const round of rounds) {
    const key = JSON.stringify([round.cell, round.arm]);
    groups.set(key, [...(groups.get(key) ?? []), round]);
  }
  return [...groups.values()].flatMap((own) => {
    const lanes = own[0]?.load.lanes.map(({ lane }) => lane) ?? [];
    return lanes.flatMap((lane) => summaryOf(own, lane) ?? []);
  });
}

function summaryOf(rounds: readonly RoundUnderLoad[], lane: string): LaneSummary | undefined {
  const [first] = rounds;
  const parts = rounds.flatMap(({ load }) => load.lanes.filter((one) => one.lane === lane));
  const operations = parts.reduce((sum, part) => sum + part.operations, 0);
  const errors = parts.reduce((sum, part) => sum + count(part.errors), 0);
  if (first === undefined || operations + errors === 0) return undefined;
  const latency = merged(rounds, lane);
  const service = merged(rounds, serviceHistogram(lane));
  const us = (histogram: Histogram | undefined, percent: number): number =>
    (histogram?.getValueAtPercentile(percent) ?? 0) / 1e3;
  const seconds = rounds.reduce((sum, { load }) => sum + load.seconds, 0);
  return {
    ...{ cell: first.cell, arm: first.arm, lane, rounds: rounds.length, operations, errors },
    perSecond: seconds === 0 ? 0 : operations / seconds,
    ...{ p50Us: us(latency, 50), p90Us: us(latency, 90), p99Us: us(latency, 99) },
    ...{ p999Us: us(latency, 99.9), maxUs: (latency?.maxValue ?? 0) / 1e3 },
    serviceP99Us: us(service, 99),
  };
}

function merged(rounds: readonly RoundUnderLoad[], name: string): Histogram | undefined {
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

/** Warnings of all rounds: one of each kind and of each lane, with how many rounds have it. */
export function roundWarnings(rounds: readonly RoundUnderLoad[]): Warning[] {
  const kinds = new Map<string, { readonly warning: Warning; times: number }>();
  for (const { warnings } of rounds) {
    for (const warning of warnings) {
      // Figures differ from round to round; what is said of them does not.
      const kind = `${warning.code} ${warning.message.replace(/[\d.,]+/g, '#')}`;
      const seen = kinds.get(kind);
      if (seen === undefined) kinds.set(kind, { warning, times: 1 });
      else seen.times += 1;
    }
  }
  return [...kinds.values()].map(({ warning, times }) =>
    rounds.length === 1
      ? warning
      : { ...warning, message: `${warning.message} (${times} of ${rounds.length} rounds)` },
  );
}

function count(errors: Readonly<Record<string, number>>): number {
  return Object.values(errors).reduce((sum, one) => sum + one, 0);
}
