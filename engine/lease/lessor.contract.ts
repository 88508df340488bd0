// The contract of lessor.ts as tests, run against both kinds of expiry by lessor.test.ts; what one kind
// alone promises, and scale, is tested there. Errors, limits and times are those of etcd 3.5.

import { describe, expect, it } from 'vitest';
import { EngineError } from '../base/errors.ts';
import { type LeaseId, leaseId } from '../base/ids.ts';
import type { LeaseExpiry } from './expiry.ts';
import { LeaseCheckpoints, LeaseDue } from './lease-list.ts';
import { Lessor } from './lessor.ts';
import { LEASE_TICK_MS, type LessorOptions } from './options.ts';

const encoder = new TextEncoder();
const decoder = new TextDecoder();

export const id = (value: number | bigint): LeaseId => leaseId(BigInt(value));
export const key = (text: string): Uint8Array => encoder.encode(text);
export const texts = (keys: readonly Uint8Array[]): string[] => keys.map((k) => decoder.decode(k));

export function codeOf(act: () => void): string {
  try {
    act();
  } catch (error) {
    if (error instanceof EngineError) return error.code;
    throw error;
  }
  return 'no error';
}

export function dueIds(lessor: Lessor, nowMs: number): bigint[] {
  const due = new LeaseDue();
  lessor.tick(nowMs, due);
  return Array.from({ length: due.length }, (_, i) => due.idAt(i)).sort();
}

function checkpointsOf(lessor: Lessor, nowMs: number): [bigint, number][] {
  const out = new LeaseCheckpoints();
  lessor.checkpoints(nowMs, out);
  return Array.from({ length: out.length }, (_, i) => [out.idAt(i), out.remainingSecondsAt(i)]);
}

type Make = (options?: Partial<LessorOptions>) => Lessor;

export function lessorContract(expiry: LeaseExpiry): void {
  const make: Make = (options = {}) => new Lessor({ expiry, ...options });
  describe(`${expiry} keeps the lessor's contract`, () => {
    grantContract(make);
    timeContract(make);
    expiryContract(make);
    keysContract(make);
    checkpointContract(make);
    promoteContract(make);
  });
}

function grantContract(make: Make): void {
  it('grants at least the minimum and at most what etcd does', () => {
    const lessor = make({ ttlSecondsMin: 5 });
    expect(lessor.grant(id(1), 3, 0)).toBe(5);
    expect(lessor.grant(id(2), -7, 0)).toBe(5);
    expect(lessor.grant(id(3), 9_000_000_000, 0)).toBe(9_000_000_000);
    expect(codeOf(() => lessor.grant(id(4), 9_000_000_001, 0))).toBe('LEASE_TTL_TOO_LARGE');
    expect(codeOf(() => lessor.grant(id(4), 1.5, 0))).toBe('INVALID_ARGUMENT');
    expect(codeOf(() => lessor.grant(id(4), Number.NaN, 0))).toBe('INVALID_ARGUMENT');
    expect(lessor.count).toBe(3);
    expect(lessor.timeToLive(id(3), 1500)).toEqual({
      id: 3n,
      ttlSeconds: 9_000_000_000,
      remainingSeconds: 8_999_999_998,
      keys: 0,
    });
    expect(make().grant(id(1), 1, 0)).toBe(2);
  });

  it('takes any int64 but 0 for an id, once', () => {
    const lessor = make();
    const ids = [1n, -1n, 2n ** 53n + 1n, 2n ** 53n, 2n ** 63n - 1n, -(2n ** 63n), 1n << 32n];
    for (const [i, one] of ids.entries()) lessor.grant(id(one), 10 + i, 0);
    for (const [i, one] of ids.entries()) {
      expect(lessor.timeToLive(id(one), 0)).toMatchObject({ id: one, ttlSeconds: 10 + i });
      expect(codeOf(() => lessor.grant(id(one), 10, 0))).toBe('LEASE_EXISTS');
    }
    expect(codeOf(() => lessor.grant(id(0), 10, 0))).toBe('LEASE_NOT_FOUND');
    expect(lessor.leases()).toEqual(ids);
    expect(dueIds(lessor, 100_000)).toEqual([...ids].sort());
  });

  it('forgets what is revoked, and says so of what it does not know', () => {
    const lessor = make();
    lessor.grant(id(7), 10, 0);
    lessor.attach(id(7), key('a'));
    lessor.revoke(id(7));
    expect([lessor.count, lessor.has(id(7))]).toEqual([0, false]);
    expect(lessor.timeToLive(id(7), 0)).toBeUndefined();
    expect(lessor.remainingPersisted(id(7))).toBe(0);
    for (const act of [
      () => lessor.revoke(id(7)),
      () => lessor.keepAlive(id(7), 0),
      () => lessor.attach(id(7), key('a')),
      () => lessor.detach(id(7), key('a')),
      () => lessor.keysOf(id(7)),
      () => lessor.takeKeys(id(7), 1, []),
    ]) {
      expect(codeOf(act)).toBe('LEASE_NOT_FOUND');
    }
    // The slot serves again, without what was in it.
    lessor.grant(id(8), 20, 0);
    expect(lessor.keysOf(id(8))).toEqual([]);
    expect(dueIds(lessor, 19_999)).toEqual([]);
  });

  it('refuses options that make no sense, all at once', () => {
    expect(() => make({ revokeRate: 0, ttlSecondsMin: 0.5, checkpointSeconds: -1 })).toThrow(
      /revokeRate is 0.*ttlSecondsMin is 0.5.*checkpointSeconds is -1/,
    );
    expect(() => new Lessor({ expiry: 'wheel' as LeaseExpiry })).toThrow("expiry is 'wheel'");
  });
}

function timeContract(make: Make): void {
  it('keeps a lease alive until it is over, and not after', () => {
    const lessor = make();
    lessor.grant(id(1), 10, 1000);
    expect(lessor.keepAlive(id(1), 10_999)).toBe(10);
    expect(dueIds(lessor, 20_998)).toEqual([]);
    expect(codeOf(() => lessor.keepAlive(id(1), 20_999))).toBe('LEASE_NOT_FOUND');
    expect(dueIds(lessor, 20_999)).toEqual([1n]);
    // It waits for being revoked, and its next try lies ahead: it is over all the same.
    expect(codeOf(() => lessor.keepAlive(id(1), 21_000))).toBe('LEASE_NOT_FOUND');
    expect(lessor.count).toBe(1);
  });

  it('cuts remaining seconds off, below 0 too', () => {
    const lessor = make();
    lessor.grant(id(1), 10, 0);
    const remaining = (nowMs: number): number | undefined =>
      lessor.timeToLive(id(1), nowMs)?.remainingSeconds;
    expect([0, 1, 1000, 9999, 10_500].map(remaining)).toEqual([10, 9, 9, 0, 0]);
    dueIds(lessor, 10_500);
    expect([10_501, 12_500].map(remaining)).toEqual([0, -2]);
  });
}

function expiryContract(make: Make): void {
  it('hands out what is over, again after 3 s unless it was revoked', () => {
    const lessor = make();
    for (let i = 1; i <= 4; i++) lessor.grant(id(i), 10 * i, 0);
    expect(dueIds(lessor, 9999)).toEqual([]);
    expect(dueIds(lessor, 20_000)).toEqual([1n, 2n]);
    lessor.revoke(id(1));
    expect(dueIds(lessor, 22_999)).toEqual([]);
    expect(dueIds(lessor, 23_000)).toEqual([2n]);
    expect(dueIds(lessor, 30_000)).toEqual([2n, 3n]);
    expect(lessor.counters.handedOut).toBe(5);
  });

  it('gives the moment a lease was over, each time', () => {
    const lessor = make();
    const due = new LeaseDue();
    lessor.grant(id(1), 10, 5);
    for (const now of [10_100, 13_100, 16_100]) {
      lessor.tick(now, due);
      expect([due.length, due.idAt(0), due.expiryMsAt(0)]).toEqual([1, 1n, 10_005]);
    }
    lessor.revoke(id(1));
    lessor.grant(id(1), 10, 20_000);
    lessor.tick(20_000, due);
    expect(due.length).toBe(0);
    lessor.tick(30_400, due);
    expect(due.expiryMsAt(0)).toBe(30_000);
  });

  it('hands out no more a tick than the rate allows, and each lease once', () => {
    const lessor = make({ revokeRate: 20 });
    for (let i = 1; i <= 45; i++) lessor.grant(id(i), 10, 0);
    const seen: bigint[] = [];
    for (let tick = 0; tick < 5; tick++) {
      const ids = dueIds(lessor, 10_000 + tick * LEASE_TICK_MS);
      expect(ids.length).toBe(tick < 4 ? 10 : 5);
      seen.push(...ids);
    }
    expect(new Set(seen).size).toBe(45);
    expect(dueIds(make({ revokeRate: 1 }), 0)).toEqual([]);
  });

  it('hands out one a tick at the least', () => {
    const lessor = make({ revokeRate: 1 });
    for (let i = 1; i <= 3; i++) lessor.grant(id(i), 10, 0);
    expect(dueIds(lessor, 10_000).length).toBe(1);
    expect(dueIds(lessor, 10_500).length).toBe(1);
  });
}

function keysContract(make: Make): void {
  it('lists keys in order, each once', () => {
    const lessor = make();
    lessor.grant(id(1), 10, 0);
    lessor.grant(id(2), 10, 0);
    for (const one of ['b', 'a', 'ab', '', 'b', '\u{1f600}']) lessor.attach(id(1), key(one));
    lessor.attach(id(2), key('a'));
    expect(texts(lessor.keysOf(id(1)))).toEqual(['', 'a', 'ab', 'b', '\u{1f600}']);
    lessor.detach(id(1), key('a'));
    lessor.detach(id(1), key('not there'));
    const seen: string[] = [];
    lessor.forEachKey(id(1), (one) => seen.push(...texts([one])));
    expect(seen).toEqual(['', 'ab', 'b', '\u{1f600}']);
    expect(texts(lessor.keysOf(id(2)))).toEqual(['a']);
    expect(lessor.timeToLive(id(1), 0)?.keys).toBe(4);
  });

  it('copies what it is given, and gives copies', () => {
    const lessor = make();
    lessor.grant(id(1), 10, 0);
    const mine = key('abc');
    lessor.attach(id(1), mine);
    mine[0] = 0x7a;
    const [one] = lessor.keysOf(id(1));
    one![0] = 0x7a;
    expect(texts(lessor.keysOf(id(1)))).toEqual(['abc']);
  });

  it('refuses a key longer than a chunk and takes the longest', () => {
    const lessor = make();
    lessor.grant(id(1), 10, 0);
    const long = new Uint8Array(2 ** 21).fill(7);
    expect(codeOf(() => lessor.attach(id(1), new Uint8Array(2 ** 21 + 1)))).toBe(
      'INVALID_ARGUMENT',
    );
    lessor.attach(id(1), key('short'));
    lessor.attach(id(1), long);
    expect(lessor.keysOf(id(1)).map(({ length }) => length)).toEqual([2 ** 21, 5]);
  });

  it('takes keys in steps, while others come and go', () => {
    const lessor = make();
    lessor.grant(id(1), 10, 0);
    const name = (i: number): string => `key ${String(i).padStart(6, '0')}`;
    for (let i = 999; i >= 0; i--) lessor.attach(id(1), key(name((i * 7) % 1000)));
    const out: Uint8Array[] = [];
    const taken: string[] = [];
    let calls = 0;
    while (lessor.takeKeys(id(1), 10, out)) {
      calls++;
      expect(out.length).toBeLessThanOrEqual(10);
      taken.push(...texts(out));
      // 40 are got ready a call: some of these are by now, and some are not.
      if (calls === 3) for (const i of [500, 501, 13]) lessor.detach(id(1), key(name(i)));
      // All are ready, and some 150 taken.
      if (calls === 40) {
        lessor.detach(id(1), key(name(700)));
        lessor.attach(id(1), key('late'));
        for (const i of [5, 500]) lessor.attach(id(1), key(name(i)));
        expect(texts(lessor.keysOf(id(1)))).toContain('late');
        expect(lessor.keysOf(id(1)).length).toBe(lessor.timeToLive(id(1), 0)!.keys);
      }
    }
    taken.push(...texts(out));
    const gone = new Set([501, 13, 700].map(name));
    const expected = [...Array(1000).keys()].map(name).filter((one) => !gone.has(one));
    expect(taken.toSorted()).toEqual([...expected, name(5), 'late'].toSorted());
    const again = taken.lastIndexOf(name(5));
    expect(taken.toSpliced(again, 1)).toEqual([...expected, 'late']);
    expect(again).toBeGreaterThan(100);
    expect(calls).toBeLessThan(130);
    expect(lessor.timeToLive(id(1), 0)?.keys).toBe(0);
    lessor.revoke(id(1));
  });

  it('can be revoked in the middle of taking', () => {
    const lessor = make();
    lessor.grant(id(1), 10, 0);
    for (let i = 0; i < 100; i++) lessor.attach(id(1), key(`k${i}`));
    lessor.takeKeys(id(1), 3, []);
    lessor.takeKeys(id(1), 3, []);
    lessor.detach(id(1), key('k99'));
    lessor.revoke(id(1));
    lessor.grant(id(1), 10, 0);
    expect(lessor.keysOf(id(1))).toEqual([]);
    for (let i = 0; i < 100; i++) lessor.attach(id(1), key(`n${i}`));
    expect(new Set(texts(lessor.keysOf(id(1)))).size).toBe(100);
  });
}

function checkpointContract(make: Make): void {
  it('writes down the remaining time of leases that last longer than the interval', () => {
    const lessor = make({ checkpointSeconds: 300 });
    lessor.grant(id(1), 300, 0);
    lessor.grant(id(2), 1000, 0);
    expect(checkpointsOf(lessor, 299_999)).toEqual([]);
    expect(checkpointsOf(lessor, 300_000)).toEqual([[2n, 700]]);
    expect(lessor.remainingPersisted(id(2))).toBe(700);
    expect(checkpointsOf(lessor, 599_999)).toEqual([]);
    expect(checkpointsOf(lessor, 600_500)).toEqual([[2n, 400]]);
    // Another 300 s on it has less than the interval left: the last one was written at 400.
    expect(checkpointsOf(lessor, 900_500)).toEqual([[2n, 100]]);
    expect(checkpointsOf(lessor, 999_000)).toEqual([]);
  });

  it('starts from the whole time again after a keep-alive', () => {
    const lessor = make({ checkpointSeconds: 300 });
    lessor.grant(id(1), 1000, 0);
    checkpointsOf(lessor, 300_000);
    expect(lessor.keepAlive(id(1), 400_000)).toBe(1000);
    expect(lessor.remainingPersisted(id(1))).toBe(0);
    expect(lessor.timeToLive(id(1), 400_000)?.remainingSeconds).toBe(1000);
    expect(checkpointsOf(lessor, 699_999)).toEqual([]);
    expect(checkpointsOf(lessor, 700_000)).toEqual([[1n, 700]]);
  });

  it('skips a lease whose time is whole, and looks at it again', () => {
    const lessor = make({ checkpointSeconds: 300 });
    lessor.grant(id(1), 1000, 0);
    lessor.keepAlive(id(1), 299_900);
    expect(checkpointsOf(lessor, 300_000)).toEqual([]);
    expect(checkpointsOf(lessor, 600_000)).toEqual([[1n, 700]]);
  });

  it('gives 1000 a call, and none of leases that are over or revoked', () => {
    const lessor = make({ checkpointSeconds: 10 });
    for (let i = 1; i <= 2500; i++) lessor.grant(id(i), 11, 0);
    lessor.revoke(id(2500));
    lessor.grant(id(3000), 600, 100);
    const [one, two] = [checkpointsOf(lessor, 10_000), checkpointsOf(lessor, 10_000)];
    expect([one.length, two.length]).toEqual([1000, 1000]);
    expect(checkpointsOf(lessor, 11_100)).toEqual([[3000n, 589]]);
    expect(checkpointsOf(make(), 1e12)).toEqual([]);
  });

  it('takes up what was persisted', () => {
    const lessor = make({ checkpointSeconds: 300 });
    lessor.recover(id(1), 1000, 400, 0);
    lessor.recover(id(2), 1000, 0, 0);
    lessor.recover(id(3), 1, 0, 0);
    expect(codeOf(() => lessor.recover(id(1), 1000, 0, 0))).toBe('LEASE_EXISTS');
    lessor.checkpoint(id(2), 350, 0);
    lessor.checkpoint(id(99), 350, 0);
    const left = (one: number): number | undefined =>
      lessor.timeToLive(id(one), 0)?.remainingSeconds;
    expect([1, 2, 3].map(left)).toEqual([400, 1000, 2]);
    lessor.promote(0, 0);
    expect([1, 2, 3].map(left)).toEqual([400, 350, 2]);
    expect(checkpointsOf(lessor, 300_000)).toEqual([
      [1n, 100],
      [2n, 50],
    ]);
    expect(lessor.keepAlive(id(2), 300_000)).toBe(1000);
    lessor.promote(300_000, 0);
    expect(lessor.timeToLive(id(2), 300_000)?.remainingSeconds).toBe(1000);
  });

  it('knows remaining times without writing any down itself', () => {
    const lessor = make();
    lessor.grant(id(1), 50, 0);
    lessor.recover(id(2), 1000, 400, 0);
    lessor.grant(id(3), 50, 0);
    expect([1, 2, 3].map((one) => lessor.remainingPersisted(id(one)))).toEqual([0, 400, 0]);
    lessor.revoke(id(2));
    lessor.grant(id(4), 50, 0);
    expect(lessor.remainingPersisted(id(4))).toBe(0);
  });
}

function promoteContract(make: Make): void {
  it('gives all leases their time again, and more', () => {
    const lessor = make();
    lessor.grant(id(1), 10, 0);
    lessor.grant(id(2), 20, 0);
    expect(dueIds(lessor, 10_000)).toEqual([1n]);
    lessor.promote(15_000, 1);
    expect(lessor.timeToLive(id(1), 15_000)?.remainingSeconds).toBe(11);
    expect(lessor.timeToLive(id(2), 15_000)?.remainingSeconds).toBe(21);
    expect(lessor.keepAlive(id(1), 25_999)).toBe(10);
    expect(dueIds(lessor, 36_000)).toEqual([1n, 2n]);
  });

  it('sets leases apart that would be over at once', () => {
    const lessor = make({ revokeRate: 40 });
    for (let i = 1; i <= 400; i++) lessor.recover(id(i), 10, 0, 0);
    lessor.promote(0, 5);
    // Three quarters of the rate stay where they are; the others follow at that rate.
    const expected = Array.from({ length: 400 }, (_, i) =>
      i < 30 ? 15_000 : 15_000 + (1000 * (i + 1)) / 30,
    );
    const moments = overAtMs(lessor);
    expect(moments.length).toBe(400);
    for (const [i, moment] of moments.entries()) expect(moment).toBeCloseTo(expected[i]!, 6);
  });

  it('leaves alone what lies apart already, and few leases altogether', () => {
    const apart = make({ revokeRate: 40 });
    for (let i = 1; i <= 400; i++) apart.recover(id(i), 10 + Math.floor(i / 10), 0, 0);
    apart.promote(0, 0);
    expect(overAtMs(apart).every((moment) => moment % 1000 === 0)).toBe(true);
    const few = make({ revokeRate: 40 });
    for (let i = 1; i < 40; i++) few.grant(id(i), 10, 0);
    few.promote(0, 0);
    expect(new Set(overAtMs(few))).toEqual(new Set([10_000]));
  });

  it('sets apart by remaining time, the long and the short', () => {
    const lessor = make({ revokeRate: 4 });
    const ttls = [70_000, 5, 6_000_000_000, 5, 70_000, 5, 5, 5, 6_000_000_000];
    for (const [i, ttl] of ttls.entries()) lessor.recover(id(i + 1), ttl, 0, 0);
    lessor.recover(id(10), 1000, 5, 0);
    lessor.promote(0, 0);
    const rounded = overAtMs(lessor).map(Math.round);
    expect(rounded).toEqual([
      5000, 5000, 5000, 6333, 6667, 7000, 70_000_000, 70_000_000, 6e12, 6e12,
    ]);
  });
}

/** When each lease is over, ascending. Revokes them all. */
function overAtMs(lessor: Lessor): number[] {
  const due = new LeaseDue();
  const moments: number[] = [];
  while (lessor.count > 0) {
    lessor.tick(Number.MAX_SAFE_INTEGER, due);
    for (let i = 0; i < due.length; i++) {
      moments.push(due.expiryMsAt(i));
      lessor.revoke(due.idAt(i));
    }
  }
  return moments.sort((a, b) => a - b);
}
