// Health of the load generator: whether it, and not the store, set the figures. Pure.
//
// Open loop: an operation that was due, whose client had nothing under way, and that was not started is late by
// the generator's doing. Figures are void where the latest hundredth of starts is over LATE_NS_MAX late and
// either a generating thread had no time left (it worked over 90% of the measured time), or lateness is more
// than half of what the slowest hundredth of all operations took. They are void as well where a thread that
// had no time left skipped operations that waited for it, on average, half as long as they took or longer:
// its clients stood in each other's way. A store that does not keep up makes clients wait, operations skipped
// and latencies long, and none of it late: that is what was asked for.
//
// Closed loop: figures are void where a generating thread never rested and spent more than half of its time on
// making and noting operations. Reading is the store's work, though it is done in that thread.

import { LatencyCounts } from '../measure/latency-counts.ts';
import type { Health } from '../record/round.ts';
import type { RecordedLoad } from './load-record.ts';

const LATE_NS_MAX = 1e6;
const BUSY_SHARE_MAX = 0.9;
const OWN_SHARE_MAX = 0.5;
const LATE_PART_MAX = 0.5;
const WAIT_PART_MAX = 0.5;

export interface HealthInput {
  readonly open: boolean;
  readonly measuredNs: number;
  /** How late operations of all lanes were started; empty for a closed loop. */
  readonly late: LatencyCounts;
  /** Latencies of all lanes together. */
  readonly latency: LatencyCounts;
  readonly threads: readonly RecordedLoad[];
}

export function healthOf(input: HealthInput): Health {
  const { threads, measuredNs, late } = input;
  const share = (nanoseconds: number): number =>
    measuredNs <= 0 ? 0 : Math.min(1, Math.max(0, nanoseconds / measuredNs));
  const busyShares = threads.map(({ idleNs }) => share(measuredNs - idleNs));
  const ownShares = threads.map(({ idleNs, readNs }) => share(measuredNs - idleNs - readNs));
  const shares = { busyShares, ownShares };
  const reason = (input.open ? openReason : closedReason)(input, shares);
  return {
    lateNsP50: late.quantile(0.5),
    lateNsP99: late.quantile(0.99),
    lateNsMax: late.max,
    skipped: threads.reduce((sum, { skipped }) => sum + skipped, 0),
    unfinished: threads.reduce((sum, { unfinished }) => sum + unfinished, 0),
    cpuShares: threads.map(({ cpuNs }, i) =>
      cpuNs === undefined ? (busyShares[i] ?? 0) : share(cpuNs),
    ),
    ...shares,
    bottleneck: reason !== '',
    reason,
  };
}

interface Shares {
  readonly busyShares: readonly number[];
  readonly ownShares: readonly number[];
}

function openReason({ late, latency, threads }: HealthInput, { busyShares }: Shares): string {
  const crowded = threads.findIndex(
    (thread, i) => (busyShares[i] ?? 0) > BUSY_SHARE_MAX && isCrowded(thread),
  );
  if (crowded >= 0) {
    const percent = Math.round((busyShares[crowded] ?? 0) * 100);
    return `a generating thread was busy ${percent}% of the time and skipped operations whose clients were free: use more threads or a lower rate`;
  }
  const lateP99 = late.quantile(0.99);
  if (lateP99 <= LATE_NS_MAX) return '';
  const begins = `one start in a hundred was over ${milliseconds(lateP99)} late`;
  const busiest = Math.max(...busyShares);
  if (busiest > BUSY_SHARE_MAX) {
    const percent = Math.round(busiest * 100);
    return `${begins}, and a generating thread was busy ${percent}% of the time: use more threads or a lower rate`;
  }
  const slowest = latency.quantile(0.99);
  if (lateP99 <= LATE_PART_MAX * slowest) return '';
  return `${begins}, over half of the ${milliseconds(slowest)} that one operation in a hundred took: the machine had no core free for the generator`;
}

/** Whether operations were skipped that waited for their thread rather than for the store. */
function isCrowded({ skipped, lateNs, serviceNs, lanes }: RecordedLoad): boolean {
  const starts = lanes.reduce((sum, { late }) => sum + countOf(late?.counts), 0);
  const ended = lanes.reduce((sum, { operations }) => sum + operations, 0);
  if (skipped === 0 || starts === 0 || ended === 0) return false;
  return lateNs / starts > (WAIT_PART_MAX * serviceNs) / ended;
}

function countOf(counts: Uint32Array | undefined): number {
  return counts === undefined ? 0 : new LatencyCounts(counts).total;
}

function closedReason(_: HealthInput, { busyShares, ownShares }: Shares): string {
  const at = busyShares.findIndex(
    (busy, i) => busy > BUSY_SHARE_MAX && (ownShares[i] ?? 0) > OWN_SHARE_MAX,
  );
  if (at < 0) return '';
  const percent = Math.round((ownShares[at] ?? 0) * 100);
  return `a generating thread never rested and spent ${percent}% of its time on making operations: use more threads`;
}

/**
 * Share of a lane's 99th percentile that lateness alone would make, where it is over LATE_NS_MAX and over half
 * of it; else undefined. It voids nothing: reads of the store that hold their thread up make others late too.
 */
export function latePart(late: LatencyCounts, latency: LatencyCounts): number | undefined {
  const lateP99 = late.quantile(0.99);
  const p99 = latency.quantile(0.99);
  return lateP99 > LATE_NS_MAX && lateP99 > LATE_PART_MAX * p99
    ? Math.min(1, lateP99 / p99)
    : undefined;
}

function milliseconds(nanoseconds: number): string {
  return `${(nanoseconds / 1e6).toPrecision(3)} ms`;
}
