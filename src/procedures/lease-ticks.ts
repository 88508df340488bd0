// lease-ticks: what it costs to find leases that are over, among few and among many. A slice goes through all sizes,
// smallest first, each in a lessor of its own: leases are granted, and ticks are timed on the machine's clock,
// with none due or with a few due at each. Nothing touches a disk. Figures are those of the largest size; the
// cost of a tick at each is a series.

import { LEASE_TICK_MS, LeaseDue, Lessor, Random, type LeaseExpiry } from '../../engine/index.ts';
import { systemClock } from '../measure/clock.ts';
import type { Scalars, Warning } from '../record/round.ts';
import { median } from '../stats/quantile.ts';
import { choiceOf, numberOf, sizesBetween } from './asked.ts';
import { bareArm } from './bare-arm.ts';
import { EXPIRIES, idOf, lessorSettings, SECOND_MS } from './leases.ts';
import { NO_WARM_UP, type Procedure, type Slice } from './procedure.ts';

/** Leases that are not due in a slice. */
const LONG_TTL_SECONDS = 86_400;
const DUE_TTL_SECONDS = 3600;

const WARM_UP_NS = 60e6;
const MEASURED_NS = 120e6;
const BATCH_NS = 2e6;
const BATCH_TICKS_MAX = 1 << 20;
const BATCHES_MIN = 9;
const DUE_TICKS_WARM_UP = 15;
const DUE_TICKS = 30;
const KEEP_ALIVES = 100_000;
/** Of the smallest size, before the first slice. */
const COMPILE_LEASES = 1000;

export const leaseTicks: Procedure = {
  name: 'lease-ticks',
  warmUp: NO_WARM_UP,
  open: ({ asked, seed }) => {
    const order = orderOf(asked);
    measure(order, COMPILE_LEASES, seed);
    return Promise.resolve(bareArm((slice) => sliceOf(order, slice.seed)));
  },
};

interface TickOrder {
  readonly expiry: LeaseExpiry;
  readonly sizes: readonly number[];
  readonly dueEachTick: number;
}

interface Measured {
  readonly settings: Scalars;
  readonly figures: Readonly<Record<string, number>> & { readonly tickUs: number };
  readonly warnings: readonly Warning[];
}

function orderOf(asked: Scalars): TickOrder {
  const [least, most] = [numberOf(asked, 'leasesMin'), numberOf(asked, 'leasesMax')];
  return {
    expiry: choiceOf(asked, 'leaseExpiry', EXPIRIES),
    sizes: sizesBetween(least, most, numberOf(asked, 'sizes')),
    dueEachTick: numberOf(asked, 'dueEachTick'),
  };
}

function sliceOf(order: TickOrder, seed: number): Slice {
  const started = systemClock.nowNs();
  const bySize = order.sizes.map((leases) => measure(order, leases, seed));
  const largest = bySize.at(-1);
  if (largest === undefined) throw new Error('a slice has at least one size');
  return {
    seconds: (systemClock.nowNs() - started) / 1e9,
    settings: largest.settings,
    figures: largest.figures,
    series: { leases: order.sizes, tickUs: bySize.map(({ figures }) => figures.tickUs) },
    warnings: bySize.flatMap(({ warnings }) => warnings),
  };
}

function measure({ expiry, dueEachTick }: TickOrder, leases: number, seed: number): Measured {
  const lessor = new Lessor({ expiry });
  const settings = lessorSettings(lessor);
  return dueEachTick === 0
    ? { ...idleTicks(lessor, leases, seed), settings }
    : { ...dueTicks(lessor, leases, dueEachTick), settings };
}

/** Ticks that find nothing due, then keep-alives of leases at random. */
function idleTicks(lessor: Lessor, leases: number, seed: number): Omit<Measured, 'settings'> {
  const started = systemClock.nowNs();
  for (let i = 0; i < leases; i++) lessor.grant(idOf(i), LONG_TTL_SECONDS, 0);
  const grantSeconds = (systemClock.nowNs() - started) / 1e9;
  const memoryBytes = lessor.memoryBytes;
  const due = new LeaseDue();
  const { ticks, us } = timeTicks(lessor, due);
  const visitedBefore = lessor.counters.visited;
  lessor.tick(SECOND_MS, due);
  const visited = lessor.counters.visited - visitedBefore;
  const keepAliveSeconds = timeKeepAlives(lessor, leases, seed);
  return {
    figures: {
      tickUs: us,
      ticks,
      visitedPerTick: visited,
      grantsPerSecond: leases / grantSeconds,
      keepAlivesPerSecond: KEEP_ALIVES / keepAliveSeconds,
      bytesPerLease: memoryBytes / leases,
    },
    warnings:
      due.length === 0
        ? []
        : [{ code: 'leases-due', message: 'a tick that was to find nothing found leases due' }],
  };
}

/**
 * Median over batches of ticks, which other programs' turns on the processor do not move. The clock is
 * read a batch at a time: reading it takes longer than a tick of the heap.
 */
function timeTicks(lessor: Lessor, due: LeaseDue): { ticks: number; us: number } {
  const batch = (ticks: number): number => {
    const started = systemClock.nowNs();
    for (let i = 0; i < ticks; i++) lessor.tick(SECOND_MS, due);
    return systemClock.nowNs() - started;
  };
  let size = 1;
  const warmUntil = systemClock.nowNs() + WARM_UP_NS;
  while (systemClock.nowNs() < warmUntil) {
    if (batch(size) < BATCH_NS / 2 && size < BATCH_TICKS_MAX) size *= 2;
  }
  const ns: number[] = [];
  const started = systemClock.nowNs();
  while (ns.length < BATCHES_MIN || systemClock.nowNs() - started < MEASURED_NS) {
    ns.push(batch(size) / size);
  }
  return { ticks: ns.length * size, us: (median(ns) ?? Number.NaN) / 1e3 };
}

function timeKeepAlives(lessor: Lessor, leases: number, seed: number): number {
  const random = new Random(seed);
  const ids = Array.from({ length: KEEP_ALIVES }, () => idOf(random.below(leases)));
  let now = 2 * SECOND_MS;
  for (const id of ids.slice(0, KEEP_ALIVES / 10)) lessor.keepAlive(id, now);
  const started = systemClock.nowNs();
  for (const id of ids) lessor.keepAlive(id, now++);
  return (systemClock.nowNs() - started) / 1e9;
}

/** Ticks that each find a few due, which are revoked and replaced, so that the number stays. */
function dueTicks(lessor: Lessor, leases: number, dueEachTick: number): Omit<Measured, 'settings'> {
  const ticks = DUE_TICKS_WARM_UP + DUE_TICKS;
  let next = 0;
  for (let tick = 0; tick < ticks; tick++) {
    for (let i = 0; i < dueEachTick; i++) {
      lessor.grant(idOf(next++), DUE_TTL_SECONDS, tick * LEASE_TICK_MS);
    }
  }
  const granted = ticks * LEASE_TICK_MS;
  while (next < leases) lessor.grant(idOf(next++), LONG_TTL_SECONDS, granted);
  const due = new LeaseDue();
  const ns: number[] = [];
  let found = 0;
  for (let tick = 0; tick < ticks; tick++) {
    const now = DUE_TTL_SECONDS * SECOND_MS + tick * LEASE_TICK_MS;
    const started = systemClock.nowNs();
    lessor.tick(now, due);
    if (tick >= DUE_TICKS_WARM_UP) ns.push(systemClock.nowNs() - started);
    found += due.length;
    for (let i = 0; i < due.length; i++) {
      lessor.revoke(due.idAt(i));
      lessor.grant(idOf(next++), LONG_TTL_SECONDS, now);
    }
  }
  const expected = ticks * dueEachTick;
  const message = `${found} leases came due, ${expected} should have`;
  return {
    figures: { tickUs: (median(ns) ?? Number.NaN) / 1e3, ticks: DUE_TICKS },
    warnings: found === expected ? [] : [{ code: 'wrong-expiry', message }],
  };
}
