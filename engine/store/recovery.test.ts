// What a crash or a new start leaves of a store, one named test for each fault that was found, most of them
// by the histories of simulation/store-cuts.ts; and what a file is worth without its log.

import { describe, expect, it } from 'vitest';
import { leaseId } from '../base/ids.ts';
import { Random } from '../base/random.ts';
import { bytesOf } from '../../scripts/simulation/model.ts';
import { FaultVfs } from '../vfs/fault-vfs.ts';
import { MemoryVfs } from '../vfs/memory-vfs.ts';
import type { Vfs } from '../vfs/vfs.ts';
import { readLeases } from './lease-records.ts';
import { runSteps, snapshotSteps } from './maintenance.ts';
import type { StoreOptions } from './options.ts';
import type { PutRequest, Request } from './requests.ts';
import { Store } from './store.ts';

const HOUR_MS = 3_600_000;
/** Commits when it is told to, and with a full batch. */
const OPTIONS: Partial<StoreOptions> = {
  cacheBytes: 1024 ** 2,
  indexBytes: 16 * 1024 ** 2,
  bufferEntries: 4096,
  bufferBytes: 16 * 1024 ** 2,
  batchIntervalMs: HOUR_MS,
};
const NO_LEASE = leaseId(0n);
const LEASE = leaseId(7n);

function open(vfs: Vfs, options: Partial<StoreOptions> = {}): Store {
  return Store.open('/store', { ...OPTIONS, ...options }, vfs);
}

/** What a power cut leaves when nothing survives that was not synced. */
function cut(vfs: MemoryVfs): MemoryVfs {
  return vfs.crashImage(new Random(1), 0);
}

function put(key: string, value = key, lease = NO_LEASE): PutRequest {
  return {
    ...{ kind: 'put', key: bytesOf(key), value: bytesOf(value), lease },
    ...{ prevKv: false, ignoreValue: false, ignoreLease: false },
  };
}

/** Carries out one request; returns its error's code, or its revision. */
function ask(store: Store, request: Request): string | number | undefined {
  let told: string | number | undefined;
  store.submit(request, (error, response) => {
    told = error?.code ?? response?.revision;
  });
  store.flush();
  return told;
}

function grant(): Request {
  return { kind: 'leaseGrant', id: LEASE, ttlSeconds: 1e6 };
}

describe('after a power cut', () => {
  it('a compaction asked for under another one is not forgotten', () => {
    const vfs = new MemoryVfs();
    const store = open(vfs, { compactionBatch: 1 });
    for (let i = 0; i < 10; i++) ask(store, put('key', `${i}`));
    ask(store, { kind: 'compact', revision: 5 });
    ask(store, { kind: 'compact', revision: 8 });
    const crashed = open(cut(vfs));
    expect(crashed.stats().compacted).toBe(8);
    crashed.close();
    // The second one follows when the first one is over.
    while (store.tick());
    expect([store.mvcc.compaction, store.stats().compacted]).toEqual([undefined, 8]);
    store.close();
    const again = open(vfs);
    expect(again.mvcc.compaction).toBeUndefined();
    again.close();
  });

  it('a lease that was granted anew is there, though its revocation filled a batch', () => {
    const vfs = new MemoryVfs();
    const store = open(vfs, { batchLimit: 4 });
    ask(store, grant());
    ask(store, put('leased', 'one', LEASE));
    ask(store, { kind: 'leaseRevoke', id: LEASE, keysMax: 100 });
    expect(ask(store, grant())).toBe(3);
    ask(store, put('leased', 'two', LEASE));
    const crashed = open(cut(vfs));
    while (crashed.tick());
    expect(crashed.leases()).toEqual([LEASE]);
    expect(crashed.keysOfLease(LEASE)).toHaveLength(1);
    crashed.close();
    store.close();
  });

  it('a lease goes on being revoked, though it was checkpointed meanwhile', () => {
    const vfs = new MemoryVfs();
    const store = open(vfs, { leaseRevokeKeys: 2 });
    ask(store, grant());
    for (let i = 0; i < 5; i++) ask(store, put(`k${i}`, '', LEASE));
    ask(store, { kind: 'leaseRevoke', id: LEASE, keysMax: 1 });
    ask(store, { kind: 'leaseCheckpoint', id: LEASE, remainingSeconds: 500 });
    store.commit();
    const crashed = open(cut(vfs), { leaseRevokeKeys: 2 });
    expect(readLeases(crashed.mvcc.backend.db)).toEqual([
      { id: LEASE, ttlSeconds: 1e6, remainingSeconds: 500, revoking: true },
    ]);
    while (crashed.tick());
    expect(crashed.leases()).toEqual([]);
    crashed.close();
    store.close();
  });
});

describe('alarms', () => {
  it('outlive a new start, until they are disarmed', () => {
    const vfs = new MemoryVfs();
    const raise = (active: boolean): Request => ({ kind: 'alarm', alarm: 'noSpace', active });
    let store = open(vfs);
    ask(store, raise(true));
    store.close();
    store = open(vfs);
    expect(ask(store, put('a'))).toBe('QUOTA_EXCEEDED');
    ask(store, raise(false));
    store.close();
    store = open(vfs);
    expect(ask(store, put('a'))).toBe(2);
    store.close();
  });
});

describe('the log', () => {
  it('is released when batches that are full commit faster than the interval', () => {
    const store = open(new MemoryVfs(), { batchLimit: 50, segmentBytes: 2 * 1024 ** 2 });
    const value = 'x'.repeat(100_000);
    for (let i = 0; i < 400; i++) ask(store, put('key', value));
    expect(store.stats().wal.segments).toBeLessThan(6);
    store.close();
  });

  it('is asked for no request that is larger than a segment', () => {
    const store = open(new MemoryVfs(), { requestBytesMax: 1024 ** 2, segmentBytes: 64 * 1024 });
    expect(ask(store, put('a', 'x'.repeat(64 * 1024)))).toBe('REQUEST_TOO_LARGE');
    expect(ask(store, put('a', 'x'.repeat(60_000)))).toBe(2);
    store.close();
  });

  it('of durability none goes on behind a full disk, with nothing missing in between', () => {
    const memory = new MemoryVfs();
    const vfs = new FaultVfs(memory);
    const store = open(vfs, { durability: 'none' });
    expect(ask(store, put('before'))).toBe(2);
    vfs.failAt({ operation: 'any', nth: 1, fault: 'ENOSPC', sticky: true });
    expect(ask(store, put('meanwhile'))).toBe(3);
    expect(ask(store, put('too much'))).toBe('NO_SPACE');
    vfs.clearFaults();
    expect(ask(store, put('after'))).toBe(4);
    store.commit();
    const crashed = open(cut(memory));
    expect(
      crashed.range({ key: bytesOf('a'), end: bytesOf('z') }).kvs.map(({ key }) => key),
    ).toEqual(['after', 'before', 'meanwhile'].map(bytesOf));
    crashed.close();
    store.close();
  });
});

describe('a store that is poisoned', () => {
  it('stores no index of requests that the log may not have', () => {
    const memory = new MemoryVfs();
    const vfs = new FaultVfs(memory);
    const store = open(vfs);
    expect(ask(store, put('a'))).toBe(2);
    vfs.failAt({ operation: 'sync', nth: 1, fault: 'EIO' });
    expect(ask(store, put('b'))).toBe('POISONED');
    expect(() => {
      store.commit();
    }).toThrow(/injected EIO/);
    const crashed = open(cut(memory));
    expect(crashed.revision).toBe(2);
    crashed.close();
    store.close();
  });

  it('answers everybody when even taking entries back from the log fails', () => {
    const memory = new MemoryVfs();
    const vfs = new FaultVfs(memory);
    const store = open(vfs);
    expect(ask(store, put('a'))).toBe(2);
    for (const operation of ['writes', 'truncate'] as const) {
      vfs.failAt({ operation, nth: 1, fault: 'ENOSPC', sticky: true });
    }
    expect(ask(store, put('b'))).toBe('POISONED');
    expect(ask(store, put('c'))).toBe('POISONED');
    expect(store.range({ key: bytesOf('a') }).count).toBe(1);
    const crashed = open(cut(memory));
    expect(crashed.revision).toBe(2);
    crashed.close();
    store.close();
  });
});

describe('a file without its log', () => {
  function dropLog(vfs: MemoryVfs): void {
    for (const name of vfs.list('/store/wal')) vfs.remove(`/store/wal/${name}`);
  }

  it('is refused where the log may hold more', () => {
    const vfs = new MemoryVfs();
    const store = open(vfs);
    ask(store, put('a'));
    const crashed = cut(vfs);
    dropLog(crashed);
    const refused: unknown = expect.objectContaining({
      code: 'CORRUPT',
      message: expect.stringMatching(/log of \/store\/db is missing/) as unknown,
    });
    expect(() => open(crashed)).toThrow(refused);
    // Nothing was made in its place.
    expect(() => open(crashed)).toThrow(refused);
    store.close();
  });

  it('opens where the store was closed', () => {
    const vfs = new MemoryVfs();
    let store = open(vfs);
    ask(store, put('a'));
    store.close();
    dropLog(vfs);
    store = open(vfs);
    expect(ask(store, put('b'))).toBe(3);
    store.close();
    store = open(vfs);
    expect(store.revision).toBe(3);
    store.close();
  });

  it('opens where it is a snapshot, and becomes a store of its own', () => {
    const vfs = new MemoryVfs();
    const store = open(vfs);
    ask(store, put('a'));
    vfs.makeFolder('/copy');
    runSteps(snapshotSteps(store, '/copy/db', vfs));
    ask(store, put('only in the first'));
    const copy = Store.open('/copy', OPTIONS, vfs);
    expect([copy.revision, ask(copy, put('only in the copy'))]).toEqual([2, 3]);
    copy.close();
    store.close();
    // The first one needs its log as before, and takes no other's.
    dropLog(vfs);
    for (const name of vfs.list('/copy/wal')) {
      const from = vfs.open(`/copy/wal/${name}`, { mode: 'read' });
      const bytes = new Uint8Array(from.size());
      from.read(bytes, 0, bytes.length, 0);
      vfs.open(`/store/wal/${name}`, { mode: 'create' }).write(bytes, 0, bytes.length, 0);
    }
    expect(() => open(vfs)).toThrow(/belongs to another store/);
  });
});
