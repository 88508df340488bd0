import { describe, expect, it } from 'vitest';
import { EngineError } from '../base/errors.ts';
import { leaseId } from '../base/ids.ts';
import { Random } from '../base/random.ts';
import { END_OF_KEYS, type RangeResponse } from '../mvcc/mvcc-reader.ts';
import { bytesOf } from '../testing/model.ts';
import { MemoryVfs } from '../vfs/memory-vfs.ts';
import type { StoreOptions } from './options.ts';
import type { PutRequest, TxnOperation } from './requests.ts';
import { Store } from './store.ts';

const SMALL: Partial<StoreOptions> = {
  cacheBytes: 1024 ** 2,
  indexBytes: 16 * 1024 ** 2,
  bufferEntries: 4096,
  bufferBytes: 16 * 1024 ** 2,
  segmentBytes: 1024 ** 2,
};
const NO_LEASE = leaseId(0n);

function open(vfs: MemoryVfs, options: Partial<StoreOptions> = {}): Store {
  return Store.open('store', { ...SMALL, ...options }, vfs);
}

function put(key: string, value: string, more: Partial<PutRequest> = {}): PutRequest {
  return {
    kind: 'put',
    key: bytesOf(key),
    value: bytesOf(value),
    lease: NO_LEASE,
    prevKv: false,
    ignoreValue: false,
    ignoreLease: false,
    ...more,
  };
}

function all(store: Store, revision = 0): RangeResponse {
  return store.range({ key: bytesOf('\0'), end: END_OF_KEYS, revision });
}

function texts(response: RangeResponse): string[] {
  return response.kvs.map((kv) => `${text(kv.key)}=${text(kv.value)}`);
}

function text(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('latin1');
}

async function codeOf(work: Promise<unknown>): Promise<string> {
  try {
    await work;
  } catch (error) {
    expect(error).toBeInstanceOf(EngineError);
    return (error as EngineError).code;
  }
  return 'none';
}

function codeOfSync(work: () => unknown): string {
  try {
    work();
  } catch (error) {
    expect(error).toBeInstanceOf(EngineError);
    return (error as EngineError).code;
  }
  return 'none';
}

describe('revisions', () => {
  it('numbers changes and answers at any revision, as etcd does', async () => {
    const store = open(new MemoryVfs());
    expect(store.revision).toBe(1);
    expect((await store.request(put('a', '1'))).revision).toBe(2);
    await store.request(put('b', '1'));
    await store.request(put('a', '2'));
    const deleted = await store.request({
      kind: 'deleteRange',
      key: bytesOf('b'),
      end: undefined,
      prevKv: true,
    });
    expect(deleted).toMatchObject({ kind: 'deleteRange', revision: 5, deleted: 1 });
    expect(deleted.kind === 'deleteRange' && text(deleted.prevKvs[0]!.value)).toBe('1');
    await store.request(put('b', '3'));
    expect(texts(all(store))).toEqual(['a=2', 'b=3']);
    expect(texts(all(store, 3))).toEqual(['a=1', 'b=1']);
    expect(texts(all(store, 5))).toEqual(['a=2']);
    const [a, b] = all(store).kvs;
    expect(a).toMatchObject({ createRevision: 2, modRevision: 4, version: 2 });
    expect(b).toMatchObject({ createRevision: 6, modRevision: 6, version: 1 });
    expect(codeOfSync(() => all(store, 7))).toBe('FUTURE_REVISION');
    // A deletion of nothing is no change.
    const none = await store.request({
      kind: 'deleteRange',
      key: bytesOf('zz'),
      end: undefined,
      prevKv: false,
    });
    expect(none.revision).toBe(6);
    store.close();
  });

  it('survives a close, from the log and from the file', async () => {
    const vfs = new MemoryVfs();
    let store = open(vfs);
    for (let i = 0; i < 50; i++) await store.request(put(`key-${i % 7}`, `${i}`));
    const before = texts(all(store));
    const image = vfs.crashImage(new Random(1), 0);
    store.close();
    store = open(vfs);
    expect(store.revision).toBe(51);
    expect(texts(all(store))).toEqual(before);
    expect(texts(all(store, 20))).toHaveLength(7);
    store.close();
    // Nothing was committed when the power went: all of it comes from the log.
    const crashed = open(image);
    expect(crashed.revision).toBe(51);
    expect(texts(all(crashed))).toEqual(before);
    crashed.close();
  });
});

describe('ranges', () => {
  it('limits, counts, sorts and filters as etcd does', async () => {
    const store = open(new MemoryVfs());
    for (const key of ['c', 'a', 'd', 'b']) await store.request(put(key, key));
    await store.request(put('a', 'z'));
    const range = { key: bytesOf('a'), end: bytesOf('d') };
    expect(store.range({ ...range, limit: 2 })).toMatchObject({ count: 3, more: true });
    expect(texts(store.range({ ...range, limit: 2 }))).toEqual(['a=z', 'b=b']);
    expect(store.range({ ...range, limit: 3 })).toMatchObject({ count: 3, more: false });
    expect(store.range({ ...range, countOnly: true })).toMatchObject({ count: 3, kvs: [] });
    expect(texts(store.range({ ...range, keysOnly: true }))).toEqual(['a=', 'b=', 'c=']);
    const newest = store.range({ ...range, sort: { target: 'mod', descending: true }, limit: 1 });
    expect(texts(newest)).toEqual(['a=z']);
    expect(newest).toMatchObject({ count: 3, more: true });
    expect(texts(store.range({ ...range, modRevisionMin: 5 }))).toEqual(['a=z', 'b=b']);
    expect(texts(store.range({ ...range, createRevisionMax: 2 }))).toEqual(['c=c']);
    expect(codeOfSync(() => store.range({ key: bytesOf('') }))).toBe('EMPTY_KEY');
    store.close();
  });
});

describe('transactions', () => {
  const compare = (key: string, version: number) => ({
    result: 'equal' as const,
    target: 'version' as const,
    key: bytesOf(key),
    end: undefined,
    number: version,
    lease: NO_LEASE,
    value: bytesOf(''),
  });
  const get = (key: string): TxnOperation => ({ kind: 'range', range: { key: bytesOf(key) } });

  it('take the branch that the compares choose, as one revision, and see their own changes', async () => {
    const store = open(new MemoryVfs());
    const txn = {
      kind: 'txn' as const,
      compares: [compare('a', 0)],
      success: [put('a', '1'), get('a'), put('b', '1')],
      failure: [get('a')],
    };
    const first = await store.request(txn);
    expect(first).toMatchObject({ kind: 'txn', succeeded: true, revision: 2 });
    const [, seen] = first.kind === 'txn' ? first.responses : [];
    expect(seen?.kind === 'range' && texts(seen)).toEqual(['a=1']);
    const second = await store.request(txn);
    expect(second).toMatchObject({ succeeded: false, revision: 2 });
    expect(all(store).kvs.map((kv) => kv.modRevision)).toEqual([2, 2]);
    store.close();
  });

  it('refuse a key that is put twice, too many operations, and change nothing', async () => {
    const store = open(new MemoryVfs(), { txnOperationsMax: 3 });
    const txn = (success: TxnOperation[]) =>
      store.request({ kind: 'txn', compares: [], success, failure: [] });
    expect(await codeOf(txn([put('a', '1'), put('a', '2')]))).toBe('DUPLICATE_KEY');
    const remove: TxnOperation = {
      kind: 'deleteRange',
      key: bytesOf('a'),
      end: bytesOf('c'),
      prevKv: false,
    };
    expect(await codeOf(txn([put('b', '1'), remove]))).toBe('DUPLICATE_KEY');
    expect(await codeOf(txn([1, 2, 3, 4].map((i) => put(`k${i}`, ''))))).toBe(
      'TOO_MANY_OPERATIONS',
    );
    const unknown = put('b', '1', { lease: leaseId(5n) });
    expect(await codeOf(txn([put('a', '1'), unknown]))).toBe('LEASE_NOT_FOUND');
    const future: TxnOperation = { kind: 'range', range: { key: bytesOf('a'), revision: 99 } };
    expect(await codeOf(txn([put('a', '1'), future]))).toBe('FUTURE_REVISION');
    expect(store.revision).toBe(1);
    store.close();
  });
});

describe('compaction', () => {
  it('forgets what was superseded, in memory and in the file, and says so to readers', async () => {
    const vfs = new MemoryVfs();
    let store = open(vfs, { compactionBatch: 10, compactionPauseMs: 0 });
    for (let i = 0; i < 60; i++) await store.request(put(`key-${i % 3}`, `${i}`));
    await store.request(put('gone', ''));
    await store.request({
      kind: 'deleteRange',
      key: bytesOf('gone'),
      end: undefined,
      prevKv: false,
    });
    await store.request({ kind: 'compact', revision: 40 });
    expect(codeOfSync(() => all(store, 39))).toBe('COMPACTED');
    expect(texts(all(store, 40))).toHaveLength(3);
    expect(await codeOf(store.request({ kind: 'compact', revision: 40 }))).toBe('COMPACTED');
    expect(await codeOf(store.request({ kind: 'compact', revision: 99 }))).toBe('FUTURE_REVISION');
    while (store.tick());
    await store.request({ kind: 'compact', revision: 63 });
    while (store.tick());
    store.commit();
    const stats = store.stats();
    expect(stats).toMatchObject({ keys: 3, compacted: 63 });
    expect(texts(all(store))).toEqual(['key-0=57', 'key-1=58', 'key-2=59']);
    store.close();
    store = open(vfs);
    expect(store.stats()).toMatchObject({ keys: 3, compacted: 63, revision: 63 });
    expect(codeOfSync(() => all(store, 62))).toBe('COMPACTED');
    store.close();
  });
});

describe('leases', () => {
  it('take their keys with them, in steps that can be gone on with', async () => {
    const vfs = new MemoryVfs();
    let store = open(vfs, { leaseRevokeKeys: 10 });
    const id = leaseId(7_587_869_000_000_000_001n);
    await store.request({ kind: 'leaseGrant', id, ttlSeconds: 100 });
    for (let i = 0; i < 25; i++) await store.request(put(`k${i}`, '', { lease: id }));
    await store.request(put('k3', 'without'));
    expect(store.timeToLive(id)).toMatchObject({ ttlSeconds: 100, keys: 24 });
    expect(store.keepAlive(id)).toBe(100);
    store.close();
    store = open(vfs, { leaseRevokeKeys: 10 });
    expect(store.timeToLive(id)).toMatchObject({ keys: 24 });
    const revoked = store.request({ kind: 'leaseRevoke', id, keysMax: 0 });
    store.flush();
    expect(store.range({ key: bytesOf('k'), end: bytesOf('l') }).count).toBe(15);
    expect(codeOfSync(() => store.keepAlive(id))).toBe('LEASE_NOT_FOUND');
    const late = store.request(put('late', '', { lease: id }));
    store.flush();
    expect(await codeOf(late)).toBe('LEASE_NOT_FOUND');
    while (store.tick());
    await revoked;
    expect(texts(all(store))).toEqual(['k3=without']);
    expect(store.timeToLive(id)).toBeUndefined();
    expect(await codeOf(store.request({ kind: 'leaseRevoke', id, keysMax: 0 }))).toBe(
      'LEASE_NOT_FOUND',
    );
    store.close();
  });
});

describe('refusals', () => {
  it('names what cannot be, and changes nothing', async () => {
    const store = open(new MemoryVfs(), { requestBytesMax: 2048 });
    expect(await codeOf(store.request(put('', 'x')))).toBe('EMPTY_KEY');
    expect(await codeOf(store.request(put('a', 'x'.repeat(3000))))).toBe('REQUEST_TOO_LARGE');
    expect(await codeOf(store.request(put('a', 'x', { lease: leaseId(9n) })))).toBe(
      'LEASE_NOT_FOUND',
    );
    expect(await codeOf(store.request(put('a', '', { ignoreValue: true })))).toBe('KEY_NOT_FOUND');
    expect(store.revision).toBe(1);
    store.close();
    expect(await codeOf(store.request(put('a', 'x')))).toBe('TX_CLOSED');
  });

  it('refuses growth over the quota, and nothing else', async () => {
    const store = open(new MemoryVfs(), { quotaBytes: 100_000, batchIntervalMs: 1 });
    let code = 'none';
    for (let i = 0; i < 500 && code === 'none'; i++) {
      code = await codeOf(store.request(put(`k${i}`, 'x'.repeat(1000))));
      store.commit();
    }
    expect(code).toBe('QUOTA_EXCEEDED');
    expect(await codeOf(store.request({ kind: 'alarm', alarm: 'noSpace', active: false }))).toBe(
      'none',
    );
    expect(await codeOf(store.request(put('more', 'x')))).toBe('QUOTA_EXCEEDED');
    const all = { kind: 'deleteRange' as const, key: bytesOf('k'), end: bytesOf('l') };
    expect(await codeOf(store.request({ ...all, prevKv: false }))).toBe('none');
    store.close();
  });
});
