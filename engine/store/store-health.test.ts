import { describe, expect, it } from 'vitest';
import type { EngineError } from '../base/errors.ts';
import { leaseId } from '../base/ids.ts';
import { Random } from '../base/random.ts';
import { bytesOf } from '../../scripts/simulation/model.ts';
import { FaultVfs } from '../vfs/fault-vfs.ts';
import { MemoryVfs } from '../vfs/memory-vfs.ts';
import type { Vfs } from '../vfs/vfs.ts';
import { MessageWriter } from './message-writer.ts';
import type { StoreOptions } from './options.ts';
import { encodeRequest, KIND_BYTES, type PutRequest, type Request } from './requests.ts';
import { Store } from './store.ts';

const SMALL: Partial<StoreOptions> = {
  cacheBytes: 1024 ** 2,
  indexBytes: 16 * 1024 ** 2,
  bufferEntries: 4096,
  bufferBytes: 16 * 1024 ** 2,
  segmentBytes: 1024 ** 2,
};

function open(vfs: Vfs, options: Partial<StoreOptions> = {}): Store {
  return Store.open('store', { ...SMALL, ...options }, vfs);
}

function put(key: string, value: string): PutRequest {
  const asked = { prevKv: false, ignoreValue: false, ignoreLease: false };
  return { kind: 'put', key: bytesOf(key), value: bytesOf(value), lease: leaseId(0n), ...asked };
}

/** Code of the answer after a flush; 'none' for a response, 'nothing' without an answer. */
function answerTo(store: Store, submit: (done: (error?: EngineError) => void) => void): string {
  let code = 'nothing';
  submit((error) => {
    code = error?.code ?? 'none';
  });
  store.flush();
  return code;
}

function ask(store: Store, request: Request): string {
  return answerTo(store, (done) => store.submit(request, done));
}

/** The bytes lie in a ring, among those of other requests. */
function askEncoded(store: Store, bytes: Uint8Array): string {
  const ring = new Uint8Array(bytes.length + 16).fill(KIND_BYTES.put);
  ring.set(bytes, 8);
  return answerTo(store, (done) => store.submitEncoded(ring, 8, bytes.length, done));
}

describe('requests that cannot be read', () => {
  const txn = (...operation: number[]): Uint8Array =>
    Uint8Array.of(KIND_BYTES.txn, 0x12, operation.length, ...operation);
  const malformed: [string, Uint8Array][] = [
    ['nothing at all', new Uint8Array(0)],
    ['no known kind', Uint8Array.of(99, 1, 2)],
    ['a put that is cut short', Uint8Array.of(KIND_BYTES.put, 0x0a, 200, 1)],
    ['a put with a field 0', Uint8Array.of(KIND_BYTES.put, 0x00, 1)],
    ['a deletion that is cut short', Uint8Array.of(KIND_BYTES.deleteRange, 0x0a, 9)],
    ['a revocation that is cut short', Uint8Array.of(KIND_BYTES.leaseRevoke, 0x08, 0x80)],
    ['a transaction with an empty operation', txn()],
    ['a range sorted by what is not known', txn(0x0a, 5, 0x0a, 1, 97, 0x30, 77)],
    ['an alarm that is not known', Uint8Array.of(KIND_BYTES.alarm, 0x18, 9)],
  ];

  it.each(malformed)('are refused and do no harm: %s', (_, bytes) => {
    const vfs = new MemoryVfs();
    let store = open(vfs);
    expect(ask(store, put('a', '1'))).toBe('none');
    expect(askEncoded(store, bytes)).toBe('INVALID_ARGUMENT');
    expect(ask(store, put('b', '2'))).toBe('none');
    // Nothing was committed: all of it comes from the log.
    const image = vfs.crashImage(new Random(1), 0);
    store.close();
    store = open(image);
    expect(store.revision).toBe(3);
    expect(ask(store, put('c', '3'))).toBe('none');
    store.close();
  });

  it('takes negative numbers as etcd does', () => {
    const store = open(new MemoryVfs());
    expect(ask(store, { kind: 'compact', revision: -1 })).toBe('COMPACTED');
    const id = leaseId(7n);
    expect(ask(store, { kind: 'leaseGrant', id, ttlSeconds: -5 })).toBe('none');
    expect(store.timeToLive(id)).toMatchObject({ ttlSeconds: store.settings()['leaseTtlMin'] });
    store.close();
  });

  it('writes nothing of a request that could not be encoded before the next one', () => {
    const store = open(new MemoryVfs());
    const bad = { ...put('c', '1'), lease: 1 } as unknown as PutRequest;
    let code = 'nothing';
    store.submit(put('a', '1'), (error) => {
      code = error?.code ?? 'none';
    });
    expect(() => store.submit(bad, () => undefined)).toThrow(TypeError);
    expect(ask(store, put('b', '2'))).toBe('none');
    expect(code).toBe('none');
    expect(store.range({ key: bytesOf('a'), end: bytesOf('z') }).count).toBe(2);
    store.close();
  });
});

describe('a key index that is full', () => {
  const small = { indexBytes: 1024 ** 2 };
  const keyOf = (i: number): string => `key-${i}`.padEnd(200, '.');

  it('refuses puts before they are logged; the rest goes on', () => {
    const vfs = new MemoryVfs();
    let store = open(vfs, small);
    let puts = 0;
    while (ask(store, put(keyOf(puts), '')) === 'none') puts++;
    expect(puts).toBeGreaterThan(1000);
    expect(store.revision).toBe(puts + 1);
    expect(ask(store, put('a', '1'))).toBe('NO_SPACE');
    const gone = { key: bytesOf(keyOf(0)), end: undefined, prevKv: false };
    expect(ask(store, { kind: 'deleteRange', ...gone })).toBe('none');
    expect(store.range({ key: bytesOf(keyOf(1)) }).kvs).toHaveLength(1);
    store.close();
    store = open(vfs);
    expect(store.revision).toBe(puts + 2);
    expect(ask(store, put('a', '1'))).toBe('none');
    store.close();
  });

  it('poisons the store when a request is half done; more memory takes it up again', () => {
    const vfs = new MemoryVfs();
    let store = open(vfs, small);
    const success = Array.from({ length: 100 }, (_, i) => put(`key-${i}`.padEnd(10_000, '.'), ''));
    const large = { kind: 'txn', compares: [], success, failure: [] } as const;
    expect(ask(store, put('b', '1'))).toBe('none');
    expect(ask(store, large)).toBe('NO_SPACE');
    expect(ask(store, put('a', '1'))).toBe('POISONED');
    expect(store.range({ key: bytesOf('key'), end: bytesOf('kez') }).kvs).toHaveLength(0);
    store.close();
    expect(() => open(vfs, small)).toThrow(expect.objectContaining({ code: 'NO_SPACE' }));
    store = open(vfs);
    // The request was logged, and is carried out now.
    expect(store.range({ key: bytesOf('key'), end: bytesOf('kez') }).kvs).toHaveLength(100);
    expect(ask(store, put('a', '1'))).toBe('none');
    store.close();
  });
});

describe('a backend without room', () => {
  it('refuses writes until a commit finds room, by hand or by itself', () => {
    const vfs = new FaultVfs(new MemoryVfs());
    const store = open(vfs);
    for (const byHand of [true, false]) {
      expect(ask(store, put('a', '1'))).toBe('none');
      for (const operation of ['write', 'writev', 'truncate', 'sync'] as const) {
        vfs.failAt({ operation, nth: 1, fault: 'ENOSPC', sticky: true });
      }
      const full: unknown = expect.objectContaining({ code: 'NO_SPACE' });
      expect(() => store.commit()).toThrow(full);
      expect(ask(store, put('a', '2'))).toBe('NO_SPACE');
      expect(store.range({ key: bytesOf('a') }).kvs).toHaveLength(1);
      vfs.clearFaults();
      if (byHand) store.commit();
      else store.tick(Number.MAX_SAFE_INTEGER);
      expect(ask(store, put('a', '3'))).toBe('none');
    }
    store.close();
  });
});

describe('a batch that is full while the disk has no room', () => {
  /** The log has room. */
  function fill(vfs: FaultVfs): void {
    for (const operation of ['write', 'writev', 'truncate'] as const) {
      vfs.failAt({ operation, path: 'store/db', nth: 1, fault: 'ENOSPC', sticky: true });
    }
  }

  it('answers requests that were carried out as what they are, and refuses the next', () => {
    const vfs = new FaultVfs(new MemoryVfs());
    const store = open(vfs, { batchLimit: 2 });
    expect(ask(store, put('a', '1'))).toBe('none');
    fill(vfs);
    expect(ask(store, put('a', '2'))).toBe('none');
    expect(store.revision).toBe(3);
    expect(ask(store, put('a', '3'))).toBe('NO_SPACE');
    vfs.clearFaults();
    store.tick(Number.MAX_SAFE_INTEGER);
    expect(ask(store, put('a', '4'))).toBe('none');
    expect(store.revision).toBe(4);
    store.close();
  });

  it('takes a compaction up again once there is room', () => {
    const vfs = new FaultVfs(new MemoryVfs());
    const store = open(vfs, { batchLimit: 3, compactionPauseMs: 0 });
    for (let i = 0; i < 8; i++) expect(ask(store, put('a', String(i)))).toBe('none');
    store.commit();
    fill(vfs);
    expect(ask(store, { kind: 'compact', revision: 5 })).toBe('none');
    for (let i = 0; i < 20; i++) store.tick(Number.MAX_SAFE_INTEGER);
    expect(store.mvcc.compaction).toBeDefined();
    vfs.clearFaults();
    for (let i = 0; i < 20; i++) store.tick(Number.MAX_SAFE_INTEGER);
    expect(store.mvcc.compaction).toBeUndefined();
    expect(ask(store, { kind: 'compact', revision: 7 })).toBe('none');
    expect(store.stats().compacted).toBe(7);
    store.close();
  });
});

it('a request in the log is the request that was submitted', () => {
  const store = open(new MemoryVfs());
  const writer = new MessageWriter();
  encodeRequest(put('a', '1'), writer);
  expect(askEncoded(store, writer.u8.slice(0, writer.length))).toBe('none');
  expect(store.range({ key: bytesOf('a') }).kvs[0]).toMatchObject({ value: bytesOf('1') });
  store.close();
});
