// sliceReport(): puts together what the generating threads noted of a slice and what the store's counters say of
// it. Pure; whether the generator set the figures is health.ts's to say, whether they were even
// steadiness.ts's. Warnings are worded without figures, so that equal ones of many slices add up.

import type { StoreStats } from '../../engine/index.ts';
import { LatencyCounts } from '../measure/latency-counts.ts';
import type { Warning } from '../record/round.ts';
import { healthOf, latePart } from './health.ts';
import type { LaneReport, LatencySummary, SliceReport } from './load-plan.ts';
import type { RecordedCounts, RecordedLane, RecordedLoad } from './load-record.ts';
import { steadinessOf, wholeSeconds } from './steadiness.ts';

export interface SliceInput {
  readonly lanes: readonly string[];
  readonly open: boolean;
  readonly threads: readonly RecordedLoad[];
  readonly seconds: number;
  /** Whether histograms are wanted: each costs some milliseconds. */
  readonly histograms: boolean;
  readonly before: StoreStats;
  readonly after: StoreStats;
}

/** Operations that were due and never started, as a share of all: below this they are the end's raggedness. */
const SKIPPED_SHARE = 0.01;

export function sliceReport(input: SliceInput): SliceReport {
  const { threads, seconds, histograms, open } = input;
  const latency = new LatencyCounts();
  const late = new LatencyCounts();
  const warnings: Warning[] = [];
  const lanes = input.lanes.map((lane, i): LaneReport => {
    const parts = threads.flatMap((thread) => thread.lanes.slice(i, i + 1));
    const ofLane = sumOf(parts.map((part) => part.latency));
    const lateOfLane = sumOf(parts.map((part) => part.late));
    latency.add(ofLane);
    late.add(lateOfLane);
    if (latePart(lateOfLane, ofLane) !== undefined) warnings.push(lateWarning(lane));
    return {
      ...{ lane, ...countsOfLane(parts) },
      latency: summary(ofLane, histograms),
      service: open ? summary(sumOf(parts.map((part) => part.service)), histograms) : undefined,
    };
  });
  const health = healthOf({ open, measuredNs: seconds * 1e9, latency, late, threads });
  const tenths = tenthsOf(threads);
  const steadiness = steadinessOf(tenths, seconds);
  const operations = lanes.reduce((sum, lane) => sum + lane.operations, 0);
  if (health.skipped > SKIPPED_SHARE * operations) warnings.push(SKIPPED);
  if (steadiness?.steady === false) warnings.push(NOT_STEADY);
  warnings.push(...errorWarnings(lanes));
  return {
    ...{ seconds, lanes, health, warnings },
    latency: summary(latency, false),
    perSecond: wholeSeconds(tenths, seconds),
    grown: grownBetween(input.before, input.after),
  };
}

const SKIPPED: Warning = {
  code: 'skipped',
  message: 'the store did not keep up with the offered load',
  remedy: 'ask for a lower rate',
};

const NOT_STEADY: Warning = {
  code: 'not-steady',
  message: 'the rate changed while it was measured',
  remedy: 'measure longer',
};

function lateWarning(lane: string): Warning {
  return {
    code: 'late',
    message:
      `most of the p99 of ${lane} may be the load generator's: its thread was held up by other ` +
      'operations or had no core',
    remedy: 'use more threads, or a quieter machine',
  };
}

function errorWarnings(lanes: readonly LaneReport[]): Warning[] {
  const errors = lanes.flatMap(({ lane, errors: counts }) =>
    Object.keys(counts).map((code) => `${lane}: ${code}`),
  );
  if (errors.length === 0) return [];
  return [{ code: 'load-errors', message: `operations were refused (${errors.join(', ')})` }];
}

function countsOfLane(
  parts: readonly RecordedLane[],
): Pick<LaneReport, 'operations' | 'errors' | 'entriesRead' | 'bytesRead'> {
  const sum = (of: (part: RecordedLane) => number): number =>
    parts.reduce((total, part) => total + of(part), 0);
  const errors: Record<string, number> = {};
  for (const part of parts) {
    for (const [code, count] of Object.entries(part.errors)) {
      errors[code] = (errors[code] ?? 0) + count;
    }
  }
  return {
    operations: sum((part) => part.operations),
    errors,
    entriesRead: sum((part) => part.entriesRead),
    bytesRead: sum((part) => part.bytesRead),
  };
}

function sumOf(parts: readonly (RecordedCounts | undefined)[]): LatencyCounts {
  const sum = new LatencyCounts();
  for (const part of parts) {
    if (part !== undefined) sum.add(new LatencyCounts(part.counts, part.max));
  }
  return sum;
}

function summary(counts: LatencyCounts, histogram: boolean): LatencySummary {
  return {
    p50Ns: counts.quantile(0.5),
    p99Ns: counts.quantile(0.99),
    maxNs: counts.max,
    histogram: histogram && counts.max > 0 ? counts.encode() : '',
  };
}

function tenthsOf(threads: readonly RecordedLoad[]): Float64Array {
  const sums = new Float64Array(Math.max(0, ...threads.map(({ parts }) => parts.length)));
  for (const { parts } of threads) {
    for (const [i, count] of parts.entries()) sums[i] = (sums[i] ?? 0) + count;
  }
  return sums;
}

/** Of counters that only grow. */
function grownBetween(before: StoreStats, after: StoreStats): Record<string, number> {
  const counters = (stats: StoreStats): Record<string, number> => ({
    revisions: stats.revision,
    requests: stats.requests,
    groups: stats.groups,
    walSyncs: stats.wal.syncs,
    walSyncNs: stats.wal.syncNs,
    walBytes: stats.wal.bytes,
    backendCommits: stats.backendCommits,
    backendCommitNs: stats.backendCommitNs,
    readersWaitedNs: stats.readersWaitedNs,
    lostReads: stats.lostReads,
  });
  const first = counters(before);
  return Object.fromEntries(
    Object.entries(counters(after)).map(([name, value]) => [name, value - (first[name] ?? 0)]),
  );
}
