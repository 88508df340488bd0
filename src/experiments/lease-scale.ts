// Experiment lease-scale: what it costs to find leases that are over, among a thousand to ten million
// of them, with a scan of all and with a heap; and how far expiry lags behind the truth under a cap of
// revocations. Arms: scan, heap.
//
// Ticks, grants and keep-alives are timed on the machine's clock. The lag is counted on a simulated
// clock that ticks every 500 ms: the cap decides it, not the machine, and it repeats exactly. Nothing
// here touches a disk; a revocation takes no time, where etcd's passes consensus.

import {
  LEASE_TICK_MS,
  LeaseDue,
  leaseId,
  Lessor,
  Random,
  type LeaseExpiry,
  type LeaseId,
} from '../../engine/index.ts';
import { systemClock } from '../measure/clock.ts';
import type { Mode } from '../runner/plan.ts';
import type { Experiment, ExperimentCell, RoundFigures, RoundOrder } from './experiment.ts';

const ARMS: readonly LeaseExpiry[] = ['scan', 'heap'];
const SIZES: readonly number[] = [1e3, 1e4, 1e5, 1e6];
const QUICK_SIZES: readonly number[] = [1e3, 1e5, 1e6];
const LARGE_SIZE = 1e7;
/** The published case: etcd issue 12105. */
const LAG_LEASES = 900_000;
const LAG_TTL_SECONDS = 20;
const LAG_RATE = 1000;
const LAG_RATES: readonly number[] = [500, 2000, 5000, 10_000, 50_000];
/** Of a cell with some due: so many leases are over at each tick. */
const DUE_EACH_TICK = 10;

/** What etcd's generator makes: member and time above, a counter below. */
const FIRST_ID = 0x694d_8c1f_0000_0000n;
const SECOND_MS = 1000;
/** Leases that are not due in a round. */
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

const BLOCKS: Readonly<Record<Mode, readonly [min: number, max: number, replicates: number]>> = {
  quick: [3, 3, 1],
  default: [4, 6, 2],
  full: [6, 12, 2],
};

export const leaseScale: Experiment = {
  claim: 'lease-scale',
  budgetSeconds: { quick: 15, default: 68, full: 300 },
  cells,
  runRound,
};

function cells(mode: Mode): readonly ExperimentCell[] {
  const [blocksMin, blocksMax, replicates] = BLOCKS[mode];
  const sizes = mode === 'quick' ? QUICK_SIZES : SIZES;
  const idle = sizes.map((leases): ExperimentCell => ({
    ...tickCell('idle', leases),
    role: 'deciding',
    replicates,
    blocksMin,
    blocksMax,
  }));
  const published = lagCell(LAG_RATE, 'deciding', mode === 'quick' ? ['heap'] : ARMS);
  if (mode === 'quick') return [...idle, published];
  const due = SIZES.map((leases): ExperimentCell => ({
    ...tickCell('due', leases),
    role: 'curve',
    blocksMin: 3,
    blocksMax,
  }));
  const rates = LAG_RATES.map((rate) => lagCell(rate, 'curve', ['heap']));
  const large: ExperimentCell = {
    ...tickCell('idle', LARGE_SIZE),
    role: 'labelled',
    blocksMin: 2,
    blocksMax: 3,
  };
  return [...idle, published, ...due, ...rates, ...(mode === 'full' ? [large] : [])];
}

function tickCell(
  what: 'idle' | 'due',
  leases: number,
): Pick<ExperimentCell, 'id' | 'title' | 'factors' | 'arms' | 'roundSeconds'> {
  const due = what === 'idle' ? 0 : DUE_EACH_TICK;
  const words = what === 'idle' ? 'none due' : `${String(due)} due each tick`;
  return {
    id: `${what}-${String(leases)}`,
    title: `${leases.toLocaleString('en-US')} leases, ${words}`,
    factors: { measured: 'tick', leases, dueEachTick: due },
    arms: ARMS,
    roundSeconds: 0.35 + leases * 0.9e-6,
  };
}

/** Simulated, and so exact: one block says all. */
function lagCell(
  revokeRate: number,
  role: ExperimentCell['role'],
  arms: readonly string[],
): ExperimentCell {
  return {
    id: `lag-${String(revokeRate)}`,
    title: `lag of 900,000 leases of 20 s at ${revokeRate.toLocaleString('en-US')} revocations/s`,
    role,
    factors: { measured: 'lag', leases: LAG_LEASES, ttlSeconds: LAG_TTL_SECONDS, revokeRate },
    arms,
    blocksMin: 1,
    blocksMax: 1,
    roundSeconds: 2,
  };
}

function runRound({ cell, arm, seed }: RoundOrder): RoundFigures {
  const expiry = ARMS.find((one) => one === arm);
  if (expiry === undefined) throw new Error(`lease-scale has no arm ${arm}`);
  const factor = (name: string): number => {
    const level = cell.factors[name];
    if (typeof level !== 'number') throw new Error(`cell ${cell.id} has no factor ${name}`);
    return level;
  };
  const leases = factor('leases');
  if (cell.factors['measured'] === 'lag') {
    const lessor = new Lessor({ expiry, revokeRate: factor('revokeRate') });
    return { ...lagOf(lessor, leases, factor('ttlSeconds')), settings: settingsOf(lessor) };
  }
  const lessor = new Lessor({ expiry });
  const due = factor('dueEachTick');
  const round = due === 0 ? idleTicks(lessor, leases, seed) : dueTicks(lessor, leases, due);
  return { ...round, settings: settingsOf(lessor) };
}

function settingsOf({ options }: Lessor): RoundFigures['settings'] {
  return {
    leaseExpiry: options.expiry,
    leaseRevokeRate: options.revokeRate,
    checkpointSeconds: options.checkpointSeconds,
    tickMs: LEASE_TICK_MS,
  };
}

type Figures = Omit<RoundFigures, 'settings'>;

/** Ticks that find nothing due, then keep-alives of leases at random. */
function idleTicks(lessor: Lessor, leases: number, seed: number): Figures {
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
  return { ticks: ns.length * size, us: medianOf(ns) / 1e3 };
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
function dueTicks(lessor: Lessor, leases: number, dueEachTick: number): Figures {
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
  return {
    figures: { tickUs: medianOf(ns) / 1e3, ticks: DUE_TICKS },
    warnings:
      found === expected
        ? []
        : [
            {
              code: 'wrong-expiry',
              message: `${String(found)} leases came due, ${String(expected)} should have`,
            },
          ],
  };
}

/** Leases that were granted evenly over one time to live and are never kept alive, to the last. */
function lagOf(lessor: Lessor, leases: number, ttlSeconds: number): Figures {
  const ttlMs = ttlSeconds * SECOND_MS;
  for (let i = 0; i < leases; i++) {
    lessor.grant(idOf(i), ttlSeconds, Math.floor((i * ttlMs) / leases));
  }
  const lags = new Float64Array(leases);
  const due = new LeaseDue();
  const firstMs = ttlMs;
  let found = 0;
  let tickNs = 0;
  let ticks = 0;
  let now = firstMs;
  for (; lessor.count > 0; now += LEASE_TICK_MS) {
    const started = systemClock.nowNs();
    lessor.tick(now, due);
    tickNs += systemClock.nowNs() - started;
    ticks++;
    for (let i = 0; i < due.length; i++) {
      lags[found++] = (now - due.expiryMsAt(i)) / SECOND_MS;
      lessor.revoke(due.idAt(i));
    }
  }
  lags.sort();
  const at = (share: number): number => lags[Math.floor(share * (found - 1))] ?? Number.NaN;
  return {
    figures: {
      lagSecondsMax: at(1),
      lagSecondsMedian: at(0.5),
      drainSeconds: (now - LEASE_TICK_MS - firstMs) / SECOND_MS,
      revoked: found,
      tickUs: tickNs / ticks / 1e3,
    },
    series: { lagSecondsDeciles: Array.from({ length: 11 }, (_, decile) => at(decile / 10)) },
    warnings: [],
  };
}

function medianOf(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}

function idOf(n: number): LeaseId {
  return leaseId(FIRST_ID + BigInt(n));
}
