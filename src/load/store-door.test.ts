// The door on a store in the same thread, whose turns the test takes: each kind of operation does what it
// says, and a store that has failed ends the load.

import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createBell, createChannel, ChannelServer } from '../../engine/store/channel.ts';
import {
  attachStoreReader,
  ChannelClient,
  FaultVfs,
  leaseId,
  MemoryVfs,
  Store,
  type MvccReader,
} from '../../engine/index.ts';
import { Operation, type OperationKind } from '../../workloads/index.ts';
import { COMPARE_FAILED, StoreDoor } from './store-door.ts';

let store: Store;
let vfs: FaultVfs;
let server: ChannelServer;
let reader: MvccReader;
let door: StoreDoor;

beforeEach(() => {
  vfs = new FaultVfs(new MemoryVfs());
  const sizes = { cacheBytes: 1024 ** 2, indexBytes: 16 * 1024 ** 2, bufferEntries: 4096 };
  const more = { bufferBytes: 16 * 1024 ** 2, segmentBytes: 1024 ** 2, batchLimit: 10 };
  store = Store.open('store', { ...sizes, ...more }, vfs);
  const channel = createChannel(createBell(), 65_536, 64);
  server = new ChannelServer(channel);
  reader = attachStoreReader(store.share(), vfs);
  door = new StoreDoor({ channel: new ChannelClient(channel), reader, clients: 3, slots: 8 });
});

afterEach(() => {
  reader.detach();
  store.close();
});

/** Lets the store take its turn. */
function turn(): void {
  server.drain(store, 100);
  store.flush();
  store.tick();
}

function operation(kind: OperationKind, name: string, value = ''): Operation {
  const one = new Operation();
  one.kind = kind;
  one.keyLength = Buffer.from(one.key.buffer).write(name, 'latin1');
  one.valueLength = Buffer.from(one.value.buffer).write(value, 'latin1');
  return one;
}

/** Starts it for client 1 and has it answered; its error. */
function done(one: Operation): string | undefined {
  const started = door.start(1, one);
  if (started === 'ended') return door.error;
  expect(started).toBe('under way');
  expect(door.ready).toBe(false);
  expect(door.take()).toBe(-1);
  turn();
  expect(door.ready).toBe(true);
  expect(door.take()).toBe(1);
  return door.error;
}

function valueOf(key: string): string | undefined {
  const [kv] = store.range({ key: Buffer.from(key) }).kvs;
  return kv === undefined ? undefined : Buffer.from(kv.value).toString('latin1');
}

describe('reads', () => {
  beforeEach(() => {
    for (const key of ['a', 'b', 'c', 'd']) done(operation('put', key, key.repeat(100)));
  });

  it('end at once and say what they saw', () => {
    expect(done(operation('get', 'b'))).toBeUndefined();
    expect([door.entriesRead, door.bytesRead]).toEqual([1, 100]);
    done(operation('get', 'none'));
    expect([door.entriesRead, door.bytesRead]).toEqual([0, 0]);
  });

  it('look at every line of every value, at keys alone, or only count', () => {
    const range = operation('range', 'a');
    range.endLength = Buffer.from(range.end.buffer).write('d', 'latin1');
    const before = door.checksum;
    done(range);
    expect([door.entriesRead, door.bytesRead]).toEqual([3, 300]);
    // Last byte of each key, and bytes 0 and 64 of each value.
    expect(door.checksum - before).toBe(3 * (97 + 98 + 99));
    range.limit = 2;
    done(range);
    expect([door.entriesRead, door.bytesRead]).toEqual([2, 200]);
    range.limit = 0;
    range.keysOnly = true;
    done(range);
    expect([door.entriesRead, door.bytesRead]).toEqual([3, 0]);
    range.countOnly = true;
    done(range);
    expect([door.entriesRead, door.bytesRead]).toEqual([3, 0]);
  });
});

describe('writes', () => {
  it('put and delete', () => {
    expect(done(operation('put', 'k', 'one'))).toBeUndefined();
    expect(valueOf('k')).toBe('one');
    expect(done(operation('delete', 'k'))).toBeUndefined();
    expect(valueOf('k')).toBeUndefined();
  });

  it('guard a put by the revision seen last, which they read where there is none', () => {
    store.submit(
      {
        ...{ kind: 'put', key: Buffer.from('k'), value: Buffer.from('loaded'), lease: leaseId(0n) },
        ...{ prevKv: false, ignoreValue: false, ignoreLease: false },
      },
      () => undefined,
    );
    store.flush();
    const txn = operation('txn', 'k', 'first');
    txn.slot = 3;
    expect(done(txn)).toBeUndefined();
    expect(door.entriesRead).toBe(1);
    expect(done(operationAt('txn', 'k', 'second', 3))).toBeUndefined();
    // Known by now: not read again.
    expect(door.entriesRead).toBe(0);
    expect(valueOf('k')).toBe('second');
    // Somebody else's write: the guard fails once, then the revision is read again.
    store.submitPut(Buffer.from('k'), 1, Buffer.from('x'), 1, leaseId(0n), () => undefined);
    store.flush();
    expect(done(operationAt('txn', 'k', 'third', 3))).toBe(COMPARE_FAILED);
    expect(valueOf('k')).toBe('x');
    expect(done(operationAt('txn', 'k', 'third', 3))).toBeUndefined();
    expect(valueOf('k')).toBe('third');
  });

  it('create only what is absent, also after a delete', () => {
    const create = operationAt('txn', 'new', 'one', 2);
    create.creates = true;
    expect(done(create)).toBeUndefined();
    expect(done(create)).toBe(COMPARE_FAILED);
    const remove = operation('delete', 'new');
    remove.slot = 2;
    done(remove);
    expect(done(create)).toBeUndefined();
    expect(done(operationAt('txn', 'new', 'two', 2))).toBeUndefined();
    expect(valueOf('new')).toBe('two');
    // What was known of a deleted key is forgotten: the next write looks again.
    done(remove);
    store.submitPut(Buffer.from('new'), 3, Buffer.from('x'), 1, leaseId(0n), () => undefined);
    store.flush();
    expect(done(operationAt('txn', 'new', 'three', 2))).toBeUndefined();
    expect(valueOf('new')).toBe('three');
  });

  it('grant, renew and revoke leases', () => {
    const grant = operation('leaseGrant', '');
    grant.lease = 5;
    grant.ttlSeconds = 60;
    expect(done(grant)).toBeUndefined();
    expect(done(grant)).toBe('LEASE_EXISTS');
    const put = operation('put', 'leased', 'x');
    put.lease = 5;
    expect(done(put)).toBeUndefined();
    expect(store.keysOfLease(leaseId(5n))).toHaveLength(1);
    const renew = operation('leaseKeepAlive', '');
    renew.lease = 5;
    expect(done(renew)).toBeUndefined();
    const revoke = operation('leaseRevoke', '');
    revoke.lease = 5;
    expect(done(revoke)).toBeUndefined();
    expect(valueOf('leased')).toBeUndefined();
    expect(done(renew)).toBe('LEASE_NOT_FOUND');
    expect(done(put)).toBe('LEASE_NOT_FOUND');
  });

  it('compact up to a number of revisions, and not twice', () => {
    for (let i = 0; i < 10; i++) done(operation('put', 'k', `${i}`));
    const compact = operation('compact', '');
    compact.retainRevisions = 3;
    expect(door.start(1, compact)).toBe('under way');
    turn();
    expect(door.take()).toBe(1);
    expect(store.stats().compacted).toBe(store.revision - 3);
    expect(door.start(1, compact)).toBe('ended');
    expect(door.error).toBeUndefined();
  });

  it('say when there is no room, and lose nothing', () => {
    const put = operation('put', 'k', 'v');
    let started = 0;
    while (door.start(started % 3, put) === 'under way') started++;
    expect(started).toBe(64);
    turn();
    for (let i = 0; i < started; i++) expect(door.take()).toBe(i % 3);
    expect(door.start(0, put)).toBe('under way');
  });
});

describe('a store that has failed', () => {
  it.each(['ENOSPC', 'EIO'] as const)('ends the load: %s', (fault) => {
    const put = operation('put', 'a', 'x');
    done(put);
    // The log's block; the disk has no room for more, or fails.
    const failing = fault === 'ENOSPC' ? 'write' : 'sync';
    vfs.failAt({ operation: failing, nth: 1, fault, sticky: true });
    door.start(1, put);
    turn();
    const code = fault === 'ENOSPC' ? 'NO_SPACE' : 'POISONED';
    expect(() => door.take()).toThrow(expect.objectContaining({ code }) as Error);
    vfs.clearFaults();
  });
});

function operationAt(kind: OperationKind, name: string, value: string, slot: number): Operation {
  const one = operation(kind, name, value);
  one.slot = slot;
  return one;
}
