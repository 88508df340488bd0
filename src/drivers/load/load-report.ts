// reportOf(): puts together what the generating threads noted and what the store said: one LoadReport. Pure;
// whether the generator set the figures is health.ts's to say, whether they were even steadiness.ts's.

import type { StoreStats } from '../../../engine/index.ts';
import { LatencyCounts } from '../../measure/latency-counts.ts';
import type { Scalar, Warning } from '../../record/schema.ts';
import type { GeneratorHealth, LaneReport, LoadReport, Verification } from '../load-plan.ts';
import { healthOf, latePart } from './health.ts';
import type { RecordedCounts, RecordedLane, RecordedLoad } from './load-record.ts';
import { steadinessOf, wholeSeconds, type Steadiness } from './steadiness.ts';

export interface ReportInput {
  readonly lanes: readonly string[];
  readonly open: boolean;
  readonly threads: readonly RecordedLoad[];
  readonly seconds: number;
  readonly preloadSeconds: number;
  readonly settings: Readonly<Record<string, Scalar>>;
  readonly storeWarnings: readonly string[];
  readonly statsBefore: StoreStats;
  readonly statsAfter: StoreStats;
  readonly verification: Verification | undefined;
  readonly interrupted: boolean;
}

export function reportOf(input: ReportInput): LoadReport {
  const { threads, seconds, preloadSeconds, verification, interrupted } = input;
  const latency = new LatencyCounts();
  const lanes = input.lanes.map((lane, i) => {
    const parts = threads.flatMap((thread) => thread.lanes.slice(i, i + 1));
    return laneReport(lane, parts, seconds, latency);
  });
  const slices = sliceSums(threads);
  const steadiness = steadinessOf(slices, seconds);
  const health = healthOf({
    ...{ open: input.open, measuredNs: seconds * 1e9, latency, threads },
    late: sumOf(threads.map(({ late }) => late)),
  });
  return {
    ...{ settings: input.settings, lanes, seconds, preloadSeconds, health },
    ...{ verification, interrupted, steady: steadiness.steady },
    perSecond: wholeSeconds(slices, seconds),
    stats: input.statsAfter,
    during: during(input.statsBefore, input.statsAfter),
    warnings: [...warningsOf(input, lanes, health, steadiness), ...lateWarnings(input)],
  };
}

function laneReport(
  lane: string,
  parts: readonly RecordedLane[],
  seconds: number,
  all: LatencyCounts,
): LaneReport {
  const sum = (of: (part: RecordedLane) => number): number =>
    parts.reduce((total, part) => total + of(part), 0);
  const operations = sum((part) => part.operations);
  const latency = sumOf(parts.map((part) => part.latency));
  all.add(latency);
  const errors: Record<string, number> = {};
  for (const part of parts) {
    for (const [code, count] of Object.entries(part.errors)) {
      errors[code] = (errors[code] ?? 0) + count;
    }
  }
  return {
    ...{ lane, operations, errors },
    entriesRead: sum((part) => part.entriesRead),
    bytesRead: sum((part) => part.bytesRead),
    perSecond: seconds === 0 ? 0 : operations / seconds,
    latency: latency.encode(),
    service: sumOf(parts.map((part) => part.service)).encode(),
  };
}

function sumOf(parts: readonly RecordedCounts[]): LatencyCounts {
  const sum = new LatencyCounts();
  for (const { counts, max } of parts) sum.add(new LatencyCounts(counts, max));
  return sum;
}

function sliceSums(threads: readonly RecordedLoad[]): Float64Array {
  const sums = new Float64Array(Math.max(0, ...threads.map(({ slices }) => slices.length)));
  for (const { slices } of threads) {
    for (const [i, count] of slices.entries()) sums[i] = (sums[i] ?? 0) + count;
  }
  return sums;
}

/** Counters that only grow. */
function during(before: StoreStats, after: StoreStats): Record<string, number> {
  const figures = (stats: StoreStats): Record<string, number> => ({
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
  const first = figures(before);
  return Object.fromEntries(
    Object.entries(figures(after)).map(([name, value]) => [name, value - (first[name] ?? 0)]),
  );
}

function lateWarnings({ lanes, threads }: ReportInput): Warning[] {
  return lanes.flatMap((lane, i): Warning[] => {
    const parts = threads.flatMap((thread) => thread.lanes.slice(i, i + 1));
    const late = sumOf(parts.map((part) => part.late));
    const part = latePart(late, sumOf(parts.map(({ latency }) => latency)));
    if (part === undefined) return [];
    const percent = Math.round(part * 100);
    const message =
      `p99 of ${lane}: ${percent}% of it could be the load generator's, whose thread was held up by ` +
      'other operations or had no core';
    return [{ code: 'late', message, remedy: 'use more threads, or a quieter machine' }];
  });
}

function warningsOf(
  input: ReportInput,
  lanes: readonly LaneReport[],
  health: GeneratorHealth,
  { steady, seen }: Steadiness,
): Warning[] {
  const warnings: Warning[] = input.storeWarnings.map((message) => ({
    ...{ code: 'store', message, remedy: 'see what the message names' },
  }));
  const warn = (code: string, message: string, remedy: string): void => {
    warnings.push({ code, message, remedy });
  };
  if (health.bottleneck) warn('generator', health.reason, 'void: measure again');
  if (!steady) warn('not-steady', seen, 'measure longer, or warm up longer');
  const { skipped } = health;
  if (skipped > 0) {
    const message = `${skipped} operations were due and not started: the store did not keep up`;
    warn('skipped', message, 'latencies grow with the time measured: ask for a lower rate');
  }
  for (const { lane, errors } of lanes) {
    for (const [code, count] of Object.entries(errors)) {
      warn('errors', `${count} operations of ${lane} ended with ${code}`, 'they are not counted');
    }
  }
  return warnings;
}
