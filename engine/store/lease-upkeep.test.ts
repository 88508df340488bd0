import { describe, expect, it } from 'vitest';
import { nowNs } from '../base/clock.ts';
import { leaseId } from '../base/ids.ts';
import { Random } from '../base/random.ts';
import { bytesOf } from '../../scripts/simulation/model.ts';
import { MemoryVfs } from '../vfs/memory-vfs.ts';
import { Store } from './store.ts';

const SMALL = {
  cacheBytes: 1024 ** 2,
  indexBytes: 16 * 1024 ** 2,
  bufferEntries: 4096,
  bufferBytes: 16 * 1024 ** 2,
  segmentBytes: 1024 ** 2,
  leaseRevokeKeys: 10,
};
const ID = leaseId(7n);
const KEYS = { key: bytesOf('k'), end: bytesOf('l') };
const SECOND_NS = 1e9;

function open(vfs: MemoryVfs): Store {
  return Store.open('store', SMALL, vfs);
}

/** A store with one lease and keys that belong to it. */
function openLeased(vfs: MemoryVfs, keys: number, ttlSeconds: number): Store {
  const store = open(vfs);
  store.submit({ kind: 'leaseGrant', id: ID, ttlSeconds }, () => undefined);
  for (let i = 0; i < keys; i++) {
    const key = bytesOf(`k${i}`);
    store.submitPut(key, key.length, key, key.length, ID, () => undefined);
  }
  store.flush();
  expect(store.timeToLive(ID)).toMatchObject({ keys });
  return store;
}

function revoke(store: Store): { code: string } {
  const answer = { code: 'nothing' };
  store.submit({ kind: 'leaseRevoke', id: ID, keysMax: 0 }, (error) => {
    answer.code = error?.code ?? 'none';
  });
  return answer;
}

describe('a revocation', () => {
  it('logs one request a step, of a lease that is over as of one that is revoked', () => {
    for (const expires of [true, false]) {
      for (const [keys, steps] of [
        [5, 1],
        [25, 3],
      ] as const) {
        const store = openLeased(new MemoryVfs(), keys, 2);
        const before = store.stats().wal.appends;
        if (!expires) revoke(store);
        const now = nowNs() + (expires ? 10 * SECOND_NS : 0);
        while (store.tick(now));
        expect(store.leases()).toEqual([]);
        expect(store.range(KEYS).count).toBe(0);
        expect(store.stats().wal.appends - before).toBe(steps);
        store.close();
      }
    }
  });

  it('goes on after a crash, whether file or log tell of it', () => {
    for (const committed of [true, false]) {
      const vfs = new MemoryVfs();
      const store = openLeased(vfs, 25, 1_000_000);
      revoke(store);
      store.flush();
      expect(store.range(KEYS).count).toBe(15);
      if (committed) store.commit();
      const image = vfs.crashImage(new Random(1), 0);
      store.close();
      const again = open(image);
      expect(again.range(KEYS).count).toBe(15);
      while (again.tick());
      expect(again.range(KEYS).count).toBe(0);
      expect(again.leases()).toEqual([]);
      again.close();
    }
  });

  it('tells everybody who asked, once it is over or the store is closed', () => {
    const store = openLeased(new MemoryVfs(), 25, 100);
    const [first, second] = [revoke(store), revoke(store)];
    store.flush();
    expect([first.code, second.code]).toEqual(['nothing', 'nothing']);
    while (store.tick());
    expect([first.code, second.code]).toEqual(['none', 'none']);
    store.close();
    const closing = openLeased(new MemoryVfs(), 25, 100);
    const late = revoke(closing);
    closing.close();
    expect(late.code).toBe('TX_CLOSED');
  });
});
