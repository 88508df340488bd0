// Microbenchmarks of the lessor among a million leases, for both kinds of expiry: grant, keep-alive,
// attaching a key, and a tick that finds nothing due, where the scan looks at every lease and the heap at
// one. The bar: the heap's tick at least 1000 times cheaper. Ids lie close together, as etcd's do.
//
// That a lease takes at most 64 bytes is checked after each case; lessor.test.ts checks it while the
// number of leases grows.

import { assert } from '../base/assert.ts';
import type { BenchCase, BenchRun, BenchSetting } from '../base/bench-case.ts';
import { type LeaseId, leaseId } from '../base/ids.ts';
import { Random } from '../base/random.ts';
import type { LeaseExpiry } from './expiry.ts';
import { LeaseDue } from './lease-list.ts';
import { Lessor } from './lessor.ts';

const KINDS: readonly LeaseExpiry[] = ['scan', 'heap'];
const SEED = 20261122;
/** What etcd's generator makes: member and time above, a counter below. */
const FIRST_ID = 0x694d_8c1f_0000_0000n;
const TTL_SECONDS = 3600;
const BYTES_MAX = 64;
const KEY_BYTES = 40;

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
