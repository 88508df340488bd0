import { describe, expect, it } from 'vitest';
import { Random } from '../base/random.ts';
import type { LeaseExpiry } from './expiry.ts';
import { LeaseDue } from './lease-list.ts';
import { codeOf, dueIds, id, key, lessorContract } from './lessor.contract.ts';
import { Lessor } from './lessor.ts';
import { LEASE_TICK_MS } from './options.ts';

const KINDS: readonly LeaseExpiry[] = ['scan', 'heap'];

for (const kind of KINDS) lessorContract(kind);

describe.each(KINDS)('%s at scale', (expiry) => {
  it(
    'lags by 15 minutes behind 900,000 leases of 20 s at 1000 a second',
    { timeout: 120_000 },
    () => {
      const count = 900_000;
      const lessor = new Lessor({ expiry });
      for (let i = 1; i <= count; i++) lessor.grant(id(i), 20, 0);
      const due = new LeaseDue();
      const seen = new Uint8Array(count + 1);
      let now = 20_000;
      let lagMsMax = 0;
      let lagMsSum = 0;
      for (; lessor.count > 0; now += LEASE_TICK_MS) {
        lessor.tick(now, due);
        expect(due.length).toBe(500);
        for (let i = 0; i < due.length; i++) {
          // The truth: all of them were over at 20 s.
          if (due.expiryMsAt(i) !== 20_000) expect(due.expiryMsAt(i)).toBe(20_000);
          seen[Number(due.idAt(i))] = 1;
          const lag = now - due.expiryMsAt(i);
          lagMsSum += lag;
          lagMsMax = Math.max(lagMsMax, lag);
          lessor.revoke(due.idAt(i));
        }
      }
      expect(lagMsMax).toBe((count / 500 - 1) * LEASE_TICK_MS);
      expect(lagMsMax).toBeGreaterThan(600_000);
      expect(lagMsSum / count).toBe(lagMsMax / 2);
      expect(seen.indexOf(0, 1)).toBe(-1);
      expect(lessor.counters.handedOut).toBe(count);
    },
  );

  it('keeps 20,000 leases alive through a storm, and ends the silent ones in time', () => {
    const lessor = new Lessor({ expiry, revokeRate: 100_000 });
    const random = new Random(20261122);
    const count = 20_000;
    const last = new Float64Array(count + 1);
    for (let i = 1; i <= count; i++) lessor.grant(id(i), 10, 0);
    // Odd ones are kept alive at random moments, often enough; even ones until 30 s.
    for (let now = 0; now < 60_000; now += LEASE_TICK_MS) {
      for (let i = 1; i <= count; i++) {
        if (i % 2 === 0 && now > 30_000) continue;
        if (now - last[i]! > 9000 || random.below(4) === 0) {
          lessor.keepAlive(id(i), now);
          last[i] = now;
        }
      }
      for (const one of dueIds(lessor, now)) {
        const lagMs = now - (last[Number(one)]! + 10_000);
        if (one % 2n === 1n || lagMs < 0 || lagMs >= LEASE_TICK_MS) {
          expect.fail(`lease ${one} ended at ${now}, kept alive at ${last[Number(one)]}`);
        }
        lessor.revoke(id(one));
      }
    }
    expect(lessor.count).toBe(count / 2);
  });

  it('takes no more memory for leases and keys that come and go', () => {
    const lessor = new Lessor({ expiry });
    const random = new Random(7);
    const live: number[] = [];
    let last = 0;
    let bytes = 0;
    for (let round = 0; round < 60; round++) {
      while (live.length < 5000) {
        const one = ++last;
        live.push(one);
        lessor.grant(id(one), 60, 0);
        for (let k = random.below(4); k > 0; k--) {
          lessor.attach(id(one), key(`/registry/leases/${one}/${'x'.repeat(random.below(60))}`));
        }
      }
      if (round === 5) bytes = lessor.memoryBytes;
      random.shuffle(live);
      for (const one of live.splice(0, 2500)) lessor.revoke(id(one));
    }
    expect(bytes).toBeGreaterThan(0);
    expect(lessor.memoryBytes).toBeLessThan(1.1 * bytes);
  });

  it('takes at most 64 bytes a lease', () => {
    const lessor = new Lessor({ expiry });
    const bytes: number[] = [];
    for (let i = 1; i <= 300_000; i++) {
      lessor.grant(id(i), 3600, i);
      if (i >= 50_000 && i % 10_000 === 0) bytes.push(lessor.memoryBytes / i);
    }
    expect(Math.max(...bytes)).toBeLessThanOrEqual(64);
  });
});

describe('the heap', () => {
  it('looks at one lease a tick where none is due, the scan at all', () => {
    const counts = KINDS.map((expiry) => {
      const lessor = new Lessor({ expiry });
      for (let i = 1; i <= 10_000; i++) lessor.grant(id(i), 60, 0);
      expect(dueIds(lessor, 1000)).toEqual([]);
      return lessor.counters;
    });
    expect(counts).toEqual([
      { visited: 10_000, pushes: 0, pops: 0, handedOut: 0 },
      { visited: 1, pushes: 10_000, pops: 0, handedOut: 0 },
    ]);
  });

  it('hands out the longest over first', () => {
    const lessor = new Lessor({ expiry: 'heap', revokeRate: 6 });
    for (let i = 1; i <= 9; i++) lessor.grant(id(i), 20 - i, 0);
    expect([dueIds(lessor, 60_000), dueIds(lessor, 60_500)]).toEqual([
      [7n, 8n, 9n],
      [4n, 5n, 6n],
    ]);
  });
});

describe('a lease with 100,000 keys', () => {
  it('gives them in order, in steps, and is then revoked at once', () => {
    const lessor = new Lessor();
    const random = new Random(3);
    lessor.grant(id(1), 60, 0);
    lessor.grant(id(2), 60, 0);
    const order = Array.from({ length: 100_000 }, (_, i) => i);
    random.shuffle(order);
    const name = (i: number): string => `/registry/events/${String(i).padStart(9, '0')}`;
    for (const i of order) {
      lessor.attach(id(1), key(name(i)));
      if (i % 1000 === 0) lessor.attach(id(2), key(name(i)));
    }
    const decoder = new TextDecoder();
    const out: Uint8Array[] = [];
    let next = 0;
    let steps = 0;
    for (let more = true; more; steps++) {
      more = lessor.takeKeys(id(1), 1000, out);
      for (const one of out) if (decoder.decode(one) !== name(next++)) expect.fail(name(next));
    }
    expect(next).toBe(100_000);
    expect(steps).toBeLessThan(130);
    lessor.revoke(id(1));
    expect(lessor.keysOf(id(2)).length).toBe(100);
    expect(codeOf(() => lessor.revoke(id(1)))).toBe('LEASE_NOT_FOUND');
  });
});
