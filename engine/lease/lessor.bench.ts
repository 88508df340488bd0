// Microbenchmarks of the lessor among a million leases, for both kinds of expiry: grant, keep-alive,
// attaching a key, and a tick that finds nothing due, where the scan looks at every lease and the heap at
// one. Ids lie close together, as etcd's do.
//
// As trials: the two ticks against each other, with the bar that the heap's is 1000 times cheaper; memory,
// ticks and keep-alives of one million leases and, in a large run, of ten; and how far expiry lags
// behind the truth, which the bench keeps for itself, where the cap of revocations is out of the way.
//
// That a lease takes at most 64 bytes is checked after each case; lessor.test.ts checks it while the
// number of leases grows.

import { assert } from '../base/assert.ts';
import type {
  BenchCase,
  BenchReadings,
  BenchRun,
  BenchSetting,
  BenchTrial,
} from '../base/bench-case.ts';
import { nowNs } from '../base/clock.ts';
import { type LeaseId, leaseId } from '../base/ids.ts';
import { Random } from '../base/random.ts';
import type { LeaseExpiry } from './expiry.ts';
import { LeaseDue } from './lease-list.ts';
import { Lessor } from './lessor.ts';
import { LEASE_TICK_MS } from './options.ts';

const KINDS: readonly LeaseExpiry[] = ['scan', 'heap'];
const SEED = 20261122;
/** What etcd's generator makes: member and time above, a counter below. */
const FIRST_ID = 0x694d_8c1f_0000_0000n;
const TTL_SECONDS = 3600;
const BYTES_MAX = 64;
const KEY_BYTES = 40;

/** Shortest time over which ticks are counted. */
const TICKS_NS = 20e6;
const KEEP_ALIVES = 200_000;
const LAG_TTL_SECONDS = 20;
/** More than ever are due. */
const NO_CAP = 1e9;

interface Scale {
  readonly title: string;
  readonly leases: number;
  readonly operations: number;
}

export function cases({ size }: BenchSetting): readonly BenchCase[] {
  const scale: Scale =
    size === 'tiny'
      ? { title: 'tiny', leases: 3000, operations: 100 }
      : { title: '1M leases', leases: 1_000_000, operations: 10_000 };
  return [
    ...arms('lease: grant', 'grant', scale, scale.operations, grantRun),
    ...arms('lease: keep-alive', 'keep-alive', scale, scale.operations, keepAliveRun),
    ...arms('lease: attach a key', 'key', scale, scale.operations, attachRun),
    ...arms('lease: tick, none due', 'tick', scale, 1, tickRun),
  ];
}

export function trials({ size, large }: BenchSetting): readonly BenchTrial[] {
  const count = size === 'tiny' ? 3000 : 1_000_000;
  const title = size === 'tiny' ? 'tiny' : '1M leases';
  const largeTitle = size === 'tiny' ? 'tiny' : '10M leases';
  const both = [leaseCosts(count, title), expiryLag(count, title)];
  return large ? [...both, leaseCosts(10 * count, `${largeTitle}, large run`)] : both;
}

function leaseCosts(count: number, title: string): BenchTrial {
  const wanted = (name: string): ((readings: BenchReadings) => number) => {
    return (readings) => readings[name]!;
  };
  return {
    group: `lease: costs, ${title}`,
    conditions: `${count} leases of ${TTL_SECONDS} s, none due, without keys; one thread`,
    figures: [
      {
        ...{ name: 'memory, heap', unit: 'B/lease', bar: { most: BYTES_MAX } },
        of: wanted('bytes'),
      },
      { name: 'tick, scan', unit: 'us', of: wanted('scan') },
      { name: 'tick, heap', unit: 'us', of: wanted('heap') },
      {
        ...{ name: 'tick, scan over heap', unit: 'times', bar: { least: 1000 } },
        of: (readings) => readings['scan']! / readings['heap']!,
      },
      { name: 'keep-alives at random, heap', unit: '1/s', of: wanted('keepAlives') },
    ],
    prepare: () => {
      const scan = new Leases('scan', count);
      const heap = new Leases('heap', count);
      const ids = heap.some(Math.min(count, KEEP_ALIVES));
      let nowMs = 100_000;
      return {
        round: () => {
          nowMs++;
          const keepAlives = ids.length / timed(() => keepAll(heap.lessor, ids, nowMs));
          const ticks = { scan: tickUs(scan.lessor, nowMs), heap: tickUs(heap.lessor, nowMs) };
          return { ...ticks, keepAlives, bytes: heap.lessor.memoryBytes / count };
        },
        close: () => {
          scan.verify(BYTES_MAX);
          heap.verify(BYTES_MAX);
        },
      };
    },
  };
}

function keepAll(lessor: Lessor, ids: readonly LeaseId[], nowMs: number): void {
  for (const id of ids) {
    assert(lessor.keepAlive(id, nowMs) === TTL_SECONDS, 'a kept lease has its whole time');
  }
}

/** Microseconds of a tick that finds nothing, over as many as take a while. */
function tickUs(lessor: Lessor, nowMs: number): number {
  const due = new LeaseDue();
  for (let ticks = 1; ; ticks *= 4) {
    const seconds = timed(() => {
      for (let i = 0; i < ticks; i++) lessor.tick(nowMs, due);
    });
    assert(due.length === 0, 'nothing is due');
    if (seconds * 1e9 >= TICKS_NS) return (1e6 * seconds) / ticks;
  }
}

/** Seconds that `work` takes. */
function timed(work: () => void): number {
  const started = nowNs();
  work();
  return (nowNs() - started) / 1e9;
}

function expiryLag(count: number, title: string): BenchTrial {
  return {
    group: `lease: lag of expiry, ${title}`,
    conditions:
      `${count} leases over 1 to ${LAG_TTL_SECONDS} s, half of them kept alive once, all run ` +
      `out; a tick every ${LEASE_TICK_MS} ms of a made-up clock, no cap of revocations`,
    figures: KINDS.map((expiry) => ({
      ...{ name: `most behind the truth, ${expiry}`, unit: 'ms', bar: { most: LEASE_TICK_MS } },
      of: (readings: BenchReadings) => readings[expiry]!,
    })),
    exact: true,
    prepare: () => ({
      round: () => Object.fromEntries(KINDS.map((expiry) => [expiry, lagMs(expiry, count)])),
      close: () => undefined,
    }),
  };
}

/** How long after its end the last lease was told of; none comes before its end, and none twice. */
function lagMs(expiry: LeaseExpiry, count: number): number {
  const lessor = new Lessor({ expiry, revokeRate: NO_CAP, ttlSecondsMin: 1 });
  const random = new Random(SEED);
  const ends = new Float64Array(count);
  for (let i = 0; i < count; i++) {
    const grantedMs = random.below(1000);
    ends[i] =
      grantedMs + 1000 * lessor.grant(idOf(i), random.between(1, LAG_TTL_SECONDS), grantedMs);
  }
  for (let i = 0; i < count; i += 2) {
    ends[i] = 999 + 1000 * lessor.keepAlive(idOf(i), 999);
  }
  const due = new LeaseDue();
  let lag = 0;
  let over = 0;
  for (let nowMs = 1000; over < count; nowMs += LEASE_TICK_MS) {
    assert(nowMs < 1000 * (LAG_TTL_SECONDS + 3), `${count - over} leases never ran out`);
    lessor.tick(nowMs, due);
    for (let i = 0; i < due.length; i++) {
      const id = due.idAt(i);
      const end = ends[Number(id - FIRST_ID)]!;
      assert(end <= nowMs, `lease ${id} ran out ${end - nowMs} ms early`);
      lag = Math.max(lag, nowMs - end);
      lessor.revoke(id);
    }
    over += due.length;
  }
  return lag;
}

function arms(
  group: string,
  operation: string,
  scale: Scale,
  operations: number,
  prepare: (leases: Leases, operations: number) => BenchRun,
): BenchCase[] {
  return KINDS.map((expiry) => ({
    group: `${group}, ${scale.title}`,
    name: expiry,
    operation,
    operations,
    prepare: () => prepare(new Leases(expiry, scale.leases), operations),
  }));
}

/** A lessor with so many leases, granted over the first hundred seconds. */
class Leases {
  readonly lessor: Lessor;
  readonly count: number;

  constructor(expiry: LeaseExpiry, count: number) {
    this.lessor = new Lessor({ expiry });
    this.count = count;
    for (let i = 0; i < count; i++) {
      this.lessor.grant(idOf(i), TTL_SECONDS, Math.floor((i * 100_000) / count));
    }
  }

  /** Ids of leases that are there, at random. */
  some(length: number): LeaseId[] {
    const random = new Random(SEED);
    return Array.from({ length }, () => idOf(random.below(this.count)));
  }

  verify(bytesMax: number): void {
    const { count, memoryBytes } = this.lessor;
    assert(count >= this.count, `${count} leases of ${this.count} are left`);
    const bytes = memoryBytes / count;
    assert(bytes <= bytesMax, `a lease takes ${bytes} bytes, more than ${bytesMax}`);
  }
}

function idOf(n: number): LeaseId {
  return leaseId(FIRST_ID + BigInt(n));
}

function grantRun(leases: Leases, operations: number): BenchRun {
  const { lessor, count } = leases;
  const ids = Array.from({ length: operations }, (_, i) => idOf(count + i));
  return {
    before: () => {
      for (const id of ids) if (lessor.has(id)) lessor.revoke(id);
    },
    run: () => {
      let sum = 0;
      for (const id of ids) sum += lessor.grant(id, TTL_SECONDS, 100_000);
      return sum;
    },
    verify: () => {
      assert(lessor.count === count + operations, `${lessor.count} leases`);
      leases.verify(BYTES_MAX);
    },
  };
}

function keepAliveRun(leases: Leases, operations: number): BenchRun {
  const { lessor } = leases;
  const ids = leases.some(operations);
  let now = 100_000;
  return {
    run: () => {
      now++;
      let sum = 0;
      for (const id of ids) sum += lessor.keepAlive(id, now);
      return sum;
    },
    verify: () => {
      const left = ids.every((id) => lessor.timeToLive(id, now)?.remainingSeconds === TTL_SECONDS);
      assert(left, 'every lease has its whole time again');
      leases.verify(BYTES_MAX);
    },
  };
}

function attachRun(leases: Leases, operations: number): BenchRun {
  const { lessor } = leases;
  const ids = leases.some(operations);
  const keys = ids.map((_, i) => {
    const key = new Uint8Array(KEY_BYTES);
    new DataView(key.buffer).setUint32(KEY_BYTES - 4, i);
    return key;
  });
  return {
    before: () => {
      for (const [i, id] of ids.entries()) lessor.detach(id, keys[i]!);
    },
    run: () => {
      for (let i = 0; i < operations; i++) lessor.attach(ids[i]!, keys[i]!);
      return lessor.count;
    },
    verify: () => {
      const distinct = new Set(ids);
      let attached = 0;
      for (const id of distinct) attached += lessor.timeToLive(id, 0)?.keys ?? 0;
      assert(attached === operations, `${attached} keys are attached, not ${operations}`);
    },
  };
}

function tickRun(leases: Leases): BenchRun {
  const { lessor, count } = leases;
  const due = new LeaseDue();
  const scanned = lessor.options.expiry === 'scan' ? count : 1;
  let ticks = 0;
  return {
    run: () => {
      ticks++;
      lessor.tick(100_000, due);
      return due.length;
    },
    verify: () => {
      assert(due.length === 0, `${due.length} leases are due`);
      const { visited } = lessor.counters;
      assert(visited === ticks * scanned, `${visited} leases looked at in ${ticks} ticks`);
      leases.verify(BYTES_MAX);
    },
  };
}
