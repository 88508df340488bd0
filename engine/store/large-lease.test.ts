// A lease with a hundred thousand keys is revoked while others write: counted in steps, not in time. No turn
// of the store deletes or brings in order more keys than a step may, and whoever writes in between is
// answered in the same turn.

import { expect, it } from 'vitest';
import { leaseId } from '../base/ids.ts';
import { LeaseKeys } from '../lease/lease-keys.ts';
import { bytesOf } from '../../scripts/simulation/model.ts';
import { MemoryVfs } from '../vfs/memory-vfs.ts';
import type { Request } from './requests.ts';
import { Store } from './store.ts';

const KEYS = 100_000;
const STEP = 1000;
/** As LeaseKeys has it: keys brought in order for each that a step deletes. */
const READY_FACTOR = 4;
const LEASE = leaseId(5n);

function put(key: string, lease: bigint): Request {
  const flags = { prevKv: false, ignoreValue: false, ignoreLease: false };
  return { kind: 'put', key: bytesOf(key), value: bytesOf(''), lease: leaseId(lease), ...flags };
}

it('stalls nobody for longer than a step', { timeout: 60_000 }, () => {
  const store = Store.open(
    '/store',
    { leaseRevokeKeys: STEP, segmentBytes: 4 * 1024 ** 2, batchIntervalMs: 3_600_000 },
    new MemoryVfs(),
  );
  const ignore = (): void => undefined;
  store.submit({ kind: 'leaseGrant', id: LEASE, ttlSeconds: 5000 }, ignore);
  for (let i = 0; i < KEYS; i++) {
    // Not in key order.
    store.submit(put(`k${(i * 7919) % KEYS}`, LEASE), ignore);
    if (i % 1000 === 999) store.flush();
  }
  const living = (): number =>
    store.range({ key: bytesOf('k'), end: bytesOf('l'), countOnly: true }).count;
  expect(living()).toBe(KEYS);
  let over = 0;
  let before = store.revision;
  store.submit({ kind: 'leaseRevoke', id: LEASE, keysMax: STEP }, (error, response) => {
    expect(error).toBeUndefined();
    expect(response).toMatchObject({ kind: 'leaseRevoke', more: false });
    over++;
  });
  let turns = 0;
  let answered = 0;
  let left = KEYS;
  while (over === 0) {
    store.submit(put(`other${turns}`, 0n), (error, response) => {
      expect(error).toBeUndefined();
      // In the turn it was asked, behind one step of the revocation at most.
      expect(response!.revision - before).toBeLessThanOrEqual(2);
      answered++;
    });
    before = store.revision;
    store.flush();
    store.tick();
    turns++;
    expect(answered).toBe(turns);
    const now = store.timeToLive(LEASE)?.keys ?? 0;
    expect(left - now).toBeLessThanOrEqual(STEP);
    left = now;
  }
  expect([left, living()]).toEqual([0, 0]);
  expect(turns).toBeGreaterThanOrEqual(KEYS / STEP);
  // Getting ready takes turns as well, not one long one.
  expect(turns).toBeGreaterThanOrEqual(KEYS / STEP + KEYS / (STEP * READY_FACTOR) - 2);
  expect(turns).toBeLessThan(2 * (KEYS / STEP));
  expect(store.leases()).toEqual([]);
  store.close();
});

it('brings keys in order in bounded parts', () => {
  const keys = new LeaseKeys();
  keys.reserve(1);
  for (let i = 0; i < 100; i++) keys.attach(0, bytesOf(`k${(i * 37) % 100}`));
  let parts = 1;
  while (!keys.ready(0, 5)) parts++;
  expect(parts).toBe(100 / (5 * READY_FACTOR));
  const out: Uint8Array[] = [];
  expect(keys.take(0, 5, 1000, out)).toBe(true);
  expect(out).toEqual(['k0', 'k1', 'k10', 'k11', 'k12'].map(bytesOf));
  // The key with which they reach the bytes is the last.
  expect(keys.take(0, 5, 4, out)).toBe(true);
  expect(out).toEqual(['k13', 'k14'].map(bytesOf));
});
