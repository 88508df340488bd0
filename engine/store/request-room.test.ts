// Requests that together, or by what they find, take more of the write buffer than half: they are refused, the
// store goes on, and it can be opened again, since the log holds them too.

import { afterEach, expect, it } from 'vitest';
import { leaseId } from '../base/ids.ts';
import { Random } from '../base/random.ts';
import { bytesOf } from '../../scripts/simulation/model.ts';
import { MemoryVfs } from '../vfs/memory-vfs.ts';
import type { DeleteRangeRequest, PutRequest, Request, TxnOperation } from './requests.ts';
import { Store } from './store.ts';

const ENTRIES = 4096;
const OPTIONS = {
  cacheBytes: 1024 ** 2,
  indexBytes: 16 * 1024 ** 2,
  bufferEntries: ENTRIES,
  bufferBytes: 1024 ** 2,
  requestBytesMax: 128 * 1024,
  segmentBytes: 1024 ** 2,
  // No commit by itself.
  batchIntervalMs: 3_600_000,
};
const LEASE = leaseId(7n);

let vfs = new MemoryVfs();
const stores: Store[] = [];
afterEach(() => {
  for (const store of stores.splice(0)) store.close();
  vfs = new MemoryVfs();
});

function open(disk = vfs): Store {
  const store = Store.open('/store', OPTIONS, disk);
  stores.push(store);
  return store;
}

/** What the request is refused with. */
function ask(store: Store, request: Request): string {
  let code = 'none';
  store.submit(request, (error) => {
    code = error?.code ?? 'none';
  });
  store.flush();
  return code;
}

function put(key: string, value = 'v', more: Partial<PutRequest> = {}): PutRequest {
  const flags = { prevKv: false, ignoreValue: false, ignoreLease: false };
  const parts = { key: bytesOf(key), value: bytesOf(value), lease: leaseId(0n) };
  return { kind: 'put', ...parts, ...flags, ...more };
}

function remove(from: string, to: string): DeleteRangeRequest {
  return { kind: 'deleteRange', key: bytesOf(from), end: bytesOf(to), prevKv: false };
}

function txn(success: TxnOperation[]): Request {
  return { kind: 'txn', compares: [], success, failure: [] };
}

function name(i: number): string {
  return `k${String(i).padStart(5, '0')}`;
}

/** The log holds what was refused as well: opening carries it out again. */
function expectReopened(store: Store): void {
  const { revision } = store;
  expect(ask(store, put('after'))).toBe('none');
  expect(open(vfs.crashImage(new Random(1), 1)).revision).toBe(revision + 1);
}

it('refuses deletions that fit one by one', () => {
  const store = open();
  for (let i = 0; i < ENTRIES; i++) expect(ask(store, put(name(i)))).toBe('none');
  const half = ENTRIES / 2;
  const both = [remove(name(0), name(half - 10)), remove(name(half - 10), name(half + 10))];
  expect(ask(store, txn(both))).toBe('REQUEST_TOO_LARGE');
  expect(ask(store, txn([both[0]!, txn([both[1]!]) as TxnOperation]))).toBe('REQUEST_TOO_LARGE');
  expect(store.range({ key: bytesOf('k'), end: bytesOf('l'), countOnly: true }).count).toBe(
    ENTRIES,
  );
  expect(ask(store, both[0]!)).toBe('none');
  expectReopened(store);
});

it('refuses few deletions of long keys', () => {
  const store = open();
  const long = (i: number): string => name(i).padEnd(60_000, 'x');
  for (let i = 0; i < 20; i++) expect(ask(store, put(long(i)))).toBe('none');
  expect(ask(store, remove('k', 'l'))).toBe('REQUEST_TOO_LARGE');
  expect(ask(store, remove(name(0), name(5)))).toBe('none');
  // One long key does not speak for many short ones.
  for (let i = 0; i < 100; i++) ask(store, put(`s${i}`));
  expect(ask(store, remove('s', 't'))).toBe('none');
  expectReopened(store);
});

it('refuses short puts of large values that are there', () => {
  const store = open();
  const kept = Array.from({ length: 8 }, (_, i) => put(name(i), 'x'.repeat(100_000)));
  for (const request of kept) expect(ask(store, request)).toBe('none');
  const again = kept.map(({ key }) => ({ ...put('', '', { ignoreValue: true }), key }));
  expect(ask(store, txn(again))).toBe('REQUEST_TOO_LARGE');
  expect(ask(store, txn(again.slice(0, 4)))).toBe('none');
  expectReopened(store);
});

it('revokes a lease of more and longer keys than the buffer holds', () => {
  const store = open();
  expect(ask(store, { kind: 'leaseGrant', id: LEASE, ttlSeconds: 5000 })).toBe('none');
  const keys = [
    ...Array.from({ length: ENTRIES }, (_, i) => name(i)),
    ...Array.from({ length: 20 }, (_, i) => `l${i}`.padEnd(60_000, 'x')),
  ];
  for (const key of keys) expect(ask(store, put(key, '', { lease: LEASE }))).toBe('none');
  const answers: unknown[] = [];
  store.submit({ kind: 'leaseRevoke', id: LEASE, keysMax: 1_000_000 }, (error) => {
    answers.push(error);
  });
  for (let turn = 0; turn < 1000 && answers.length === 0; turn++) {
    store.flush();
    store.tick();
  }
  expect(answers).toEqual([undefined]);
  expect(store.range({ key: bytesOf('k'), end: bytesOf('m'), countOnly: true }).count).toBe(0);
  expectReopened(store);
});
