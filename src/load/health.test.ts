// The rule that tells a slow store from a slow generator, case by case.

import { describe, expect, it } from 'vitest';
import { LatencyCounts } from '../measure/latency-counts.ts';
import { healthOf, latePart } from './health.ts';
import type { RecordedLoad } from './load-record.ts';

const MS = 1e6;
const SECOND = 1e9;

interface Shape {
  readonly open?: boolean;
  readonly lateMs?: number;
  readonly latencyMs?: number;
  readonly idleShare?: number;
  readonly readShare?: number;
  readonly skipped?: number;
}

function health({ open = true, lateMs = 0, latencyMs = 5, ...shape }: Shape) {
  const late = new LatencyCounts();
  const latency = new LatencyCounts();
  for (let i = 0; i < 100; i++) {
    late.record(lateMs * MS);
    latency.record(latencyMs * MS);
  }
  const thread: RecordedLoad = {
    lanes: [laneOf(100, latency, late)],
    parts: new Float64Array(0),
    ...{ lateNs: 100 * lateMs * MS, serviceNs: 100 * latencyMs * MS },
    ...{ skipped: shape.skipped ?? 0, unfinished: 1, cpuNs: 0.25 * SECOND },
    idleNs: (shape.idleShare ?? 0.5) * SECOND,
    readNs: (shape.readShare ?? 0) * SECOND,
  };
  return healthOf({ open, measuredNs: SECOND, late, latency, threads: [thread] });
}

function laneOf(
  operations: number,
  latency: LatencyCounts,
  late: LatencyCounts,
): RecordedLoad['lanes'][number] {
  const none = { errors: {}, entriesRead: 0, bytesRead: 0 };
  return { operations, ...none, latency, service: latency, late };
}

describe('open loop', () => {
  it('is well where starts are on time', () => {
    expect(health({ lateMs: 0.9 })).toMatchObject({
      ...{ bottleneck: false, reason: '', busyShares: [0.5], ownShares: [0.5], cpuShares: [0.25] },
    });
  });

  it('blames the generator where starts are late and a thread has no time left', () => {
    const { bottleneck, reason } = health({ lateMs: 2, latencyMs: 50, idleShare: 0.05 });
    expect(bottleneck).toBe(true);
    expect(reason).toMatch(/2.00 ms late, and a generating thread was busy 95%/);
  });

  it('blames the generator where lateness makes most of the latency', () => {
    expect(health({ lateMs: 4, latencyMs: 5 })).toMatchObject({ bottleneck: true });
    expect(health({ lateMs: 2, latencyMs: 5 })).toMatchObject({ bottleneck: false });
  });

  it('blames the generator where a thread had no time for clients that were free', () => {
    const crowded = { lateMs: 0.3, latencyMs: 0.005, idleShare: 0.01, skipped: 1000 };
    const { bottleneck, reason } = health(crowded);
    expect(bottleneck).toBe(true);
    expect(reason).toMatch(/busy 99% of the time and skipped operations/);
    expect(health({ ...crowded, skipped: 0 }).bottleneck).toBe(false);
    expect(health({ ...crowded, idleShare: 0.2 }).bottleneck).toBe(false);
    // A single client that is busy with long ranges all the time waits for nobody but itself.
    expect(health({ ...crowded, lateMs: 0, latencyMs: 500 }).bottleneck).toBe(false);
  });

  it('does not blame it for a store that does not keep up', () => {
    expect(health({ latencyMs: 500, skipped: 1000 })).toMatchObject({
      ...{ bottleneck: false, skipped: 1000, unfinished: 1 },
    });
  });
});

describe('closed loop', () => {
  it('blames the generator where it did nothing but make operations', () => {
    const { bottleneck, reason } = health({ open: false, idleShare: 0, readShare: 0.3 });
    expect(bottleneck).toBe(true);
    expect(reason).toMatch(/spent 70% of its time on making operations/);
  });

  it('does not blame it for reads that fill its thread, nor for waiting', () => {
    expect(health({ open: false, idleShare: 0, readShare: 0.6 }).bottleneck).toBe(false);
    expect(health({ open: false, idleShare: 0.2 }).bottleneck).toBe(false);
  });
});

describe('latePart', () => {
  const counts = (ms: number): LatencyCounts => {
    const all = new LatencyCounts();
    for (let i = 0; i < 100; i++) all.record(ms * MS);
    return all;
  };

  it('says how much of a p99 is lateness, where that is much', () => {
    expect(latePart(counts(4), counts(5))).toBeCloseTo(0.8, 2);
    expect(latePart(counts(4), counts(3))).toBe(1);
    expect(latePart(counts(2), counts(5))).toBeUndefined();
    expect(latePart(counts(0.9), counts(1))).toBeUndefined();
    expect(latePart(new LatencyCounts(), counts(1))).toBeUndefined();
  });
});
