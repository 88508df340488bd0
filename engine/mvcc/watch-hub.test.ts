import { afterEach, describe, expect, it } from 'vitest';
import { leaseId } from '../base/ids.ts';
import type { Request, TxnOperation } from '../store/requests.ts';
import { Store } from '../store/store.ts';
import { bytesOf } from '../testing/model.ts';
import { MemoryVfs } from '../vfs/memory-vfs.ts';
import { END_OF_KEYS } from './mvcc-reader.ts';
import { WatchHub, type WatchOptions } from './watch-hub.ts';
import type { Watcher, WatchRequest, WatchResponse } from './watcher.ts';

const SMALL = {
  cacheBytes: 1024 ** 2,
  indexBytes: 16 * 1024 ** 2,
  bufferEntries: 4096,
  bufferBytes: 16 * 1024 ** 2,
  segmentBytes: 1024 ** 2,
};
const SECOND = 1e9;

function putOf(key: string, value: string): Extract<TxnOperation, { kind: 'put' }> {
  return {
    kind: 'put',
    key: bytesOf(key),
    value: bytesOf(value),
    lease: leaseId(0n),
    prevKv: false,
    ignoreValue: false,
    ignoreLease: false,
  };
}

function deletionOf(key: string, end?: string): Extract<TxnOperation, { kind: 'deleteRange' }> {
  return {
    kind: 'deleteRange',
    key: bytesOf(key),
    end: end === undefined ? undefined : bytesOf(end),
    prevKv: false,
  };
}

/** A response in one line of text. */
function told(response: WatchResponse | undefined): string {
  if (response === undefined) return 'nothing';
  if (response.kind === 'progress') return `progress ${response.revision}`;
  if (response.kind === 'cancelled') return `${response.error.code} ${response.compactRevision}`;
  const events = response.events.map(({ type, kv, prevKv }) => {
    const before = prevKv === undefined ? '' : ` was ${text(prevKv.value)}@${prevKv.modRevision}`;
    return type === 'put'
      ? `${text(kv.key)}=${text(kv.value)}@${kv.modRevision}.v${kv.version}${before}`
      : `-${text(kv.key)}@${kv.modRevision}${before}`;
  });
  return `${events.join(', ')} to ${response.revision}`;
}

function text(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('latin1');
}

const opened: Store[] = [];
afterEach(() => {
  for (const store of opened.splice(0)) store.close();
});

/** A store, with a hub of its own options beside the store's. */
class Watched {
  readonly vfs = new MemoryVfs();
  store: Store;
  hub: WatchHub;
  readonly calls: Watcher[] = [];

  constructor(options: Partial<WatchOptions> = {}) {
    this.store = Store.open('store', SMALL, this.vfs);
    opened.push(this.store);
    this.hub = new WatchHub(this.store.mvcc, options);
  }

  do(request: Request): void {
    let failed: Error | undefined;
    this.store.submit(request, (error) => (failed = error));
    this.store.flush();
    if (failed !== undefined) throw failed;
  }

  put(key: string, value: string): void {
    this.do(putOf(key, value));
  }

  watch(key: string, request: Partial<WatchRequest> = {}): Watcher {
    return this.hub.watch({ key: bytesOf(key), ...request }, (watcher) => this.calls.push(watcher));
  }

  steps(): number {
    let steps = 1;
    while (this.hub.step(0)) steps++;
    return steps;
  }
}

describe('a synced watcher', () => {
  it('gets what changes from now on, once, with its listener called once until it has taken all', () => {
    const watched = new Watched();
    watched.put('a', '1');
    const watcher = watched.watch('a');
    expect(watcher.state).toBe('synced');
    watched.put('b', '1');
    expect(watched.calls).toEqual([]);
    watched.put('a', '2');
    watched.put('a', '3');
    expect(watched.calls).toEqual([watcher]);
    expect(told(watcher.take())).toBe('a=2@4.v2, a=3@5.v3 to 5');
    expect(told(watcher.take())).toBe('nothing');
    watched.do(deletionOf('a'));
    expect(watched.calls).toEqual([watcher, watcher]);
    expect(told(watcher.take())).toBe('-a@6 to 6');
    expect(told(watcher.take())).toBe('nothing');
    // One event each for a=2, a=3 and the deletion; none for b.
    expect(watched.hub.stats().events).toBe(3);
  });

  it('gets the changes of a transaction together and in order, also where its taker wants fewer', () => {
    const watched = new Watched();
    watched.put('k9', 'old');
    const all = watched.watch('', { end: END_OF_KEYS });
    const operations = [putOf('k2', 'x'), deletionOf('k9'), putOf('k1', 'y')];
    watched.do({ kind: 'txn', compares: [], success: operations, failure: [] });
    watched.put('k3', 'z');
    expect(told(all.take(1))).toBe('k2=x@3.v1, -k9@3, k1=y@3.v1 to 3');
    expect(told(all.take(1))).toBe('k3=z@4.v1 to 4');
  });

  it('brings the key-value before where asked, and only there; filters puts or deletions', () => {
    const watched = new Watched();
    const plain = watched.watch('a');
    const before = watched.watch('a', { prevKv: true });
    const puts = watched.watch('a', { noDelete: true });
    const deletions = watched.watch('a', { noPut: true, prevKv: true });
    watched.put('a', '1');
    watched.put('a', '2');
    watched.do(deletionOf('a'));
    watched.put('a', '3');
    expect(told(plain.take())).toBe('a=1@2.v1, a=2@3.v2, -a@4, a=3@5.v1 to 5');
    expect(told(before.take())).toBe('a=1@2.v1, a=2@3.v2 was 1@2, -a@4 was 2@3, a=3@5.v1 to 5');
    expect(told(puts.take())).toBe('a=1@2.v1, a=2@3.v2, a=3@5.v1 to 5');
    expect(told(deletions.take())).toBe('-a@4 was 2@3 to 4');
    expect(watched.hub.stats().events).toBe(4);
  });

  it('waits for a start in the future', () => {
    const watched = new Watched();
    const watcher = watched.watch('a', { startRevision: 4 });
    for (const value of ['2', '3', '4', '5']) watched.put('a', value);
    expect(told(watcher.take())).toBe('a=4@4.v3, a=5@5.v4 to 5');
  });

  it('gets nothing more once cancelled, by itself or by another listener', () => {
    const watched = new Watched();
    let calls = 0;
    const first = watched.hub.watch({ key: bytesOf('a') }, () => second.cancel());
    const second: Watcher = watched.hub.watch({ key: bytesOf('a') }, () => calls++);
    watched.put('a', '1');
    expect(calls).toBe(0);
    expect(told(second.take())).toBe('nothing');
    expect(told(first.take())).toBe('a=1@2.v1 to 2');
    first.cancel();
    watched.put('a', '2');
    expect(told(first.take())).toBe('nothing');
    expect(watched.hub.stats()).toMatchObject({ watchers: 0, events: 1 });
  });
});

describe('a watcher from the past', () => {
  it('catches up in bounded steps from file and buffer, then is synced without gap', () => {
    const watched = new Watched({ stepRevisions: 10 });
    for (let i = 2; i <= 60; i++) watched.put(i % 2 === 0 ? 'a' : 'b', `${i}`);
    watched.store.commit();
    for (let i = 61; i <= 100; i++) watched.put(i % 2 === 0 ? 'a' : 'b', `${i}`);
    const watcher = watched.watch('a', { startRevision: 21 });
    expect(watcher.state).toBe('behind');
    expect(watched.hub.step(0)).toBe(true);
    watched.put('a', '101');
    expect(watched.steps()).toBe(8);
    expect(watcher.state).toBe('synced');
    watched.put('a', '102');
    const response = watcher.take();
    const mains =
      response?.kind === 'events' ? response.events.map(({ kv }) => kv.modRevision) : [];
    const expected = Array.from({ length: 40 }, (_, i) => 22 + 2 * i);
    expect(mains).toEqual([...expected, 101, 102]);
    expect(watched.calls).toEqual([watcher]);
  });

  it('shares the way with others, and each event with all of them', () => {
    const watched = new Watched({ stepRevisions: 20 });
    for (let i = 2; i <= 100; i++) watched.put('a', `${i}`);
    const watchers = [2, 40, 90].map((startRevision) => watched.watch('a', { startRevision }));
    expect(watched.steps()).toBeLessThanOrEqual(7);
    const counts = watchers.map((watcher) => {
      const response = watcher.take();
      return response?.kind === 'events' ? response.events.length : 0;
    });
    expect(counts).toEqual([99, 61, 11]);
    expect(watched.hub.stats().events).toBeLessThan(99 + 61 + 11);
  });

  it('brings the key-value before, unless that has been compacted', () => {
    const watched = new Watched();
    for (let i = 2; i <= 6; i++) watched.put('a', `${i}`);
    watched.do({ kind: 'compact', revision: 4 });
    watched.store.mvcc.finishCompaction();
    const watcher = watched.watch('a', { startRevision: 4, prevKv: true });
    watched.steps();
    expect(told(watcher.take())).toBe('a=4@4.v3, a=5@5.v4 was 4@4, a=6@6.v5 was 5@5 to 6');
  });

  it('is cancelled when its start has been compacted, and not at the compacted revision', () => {
    const watched = new Watched();
    for (let i = 2; i <= 9; i++) watched.put('a', `${i}`);
    watched.do({ kind: 'compact', revision: 5 });
    const gone = watched.watch('a', { startRevision: 4 });
    const kept = watched.watch('a', { startRevision: 5 });
    watched.steps();
    expect(told(gone.take())).toBe('COMPACTED 5');
    expect(told(gone.take())).toBe('nothing');
    expect(gone.state).toBe('ended');
    expect(told(kept.take())).toMatch(/^a=5@5.* to 9$/);
    expect(watched.hub.stats().watchers).toBe(1);
  });

  it('starts below the first revision there can be', () => {
    const watched = new Watched();
    watched.put('a', '1');
    const watcher = watched.watch('a', { startRevision: 1 });
    watched.steps();
    expect(told(watcher.take())).toBe('a=1@2.v1 to 2');
  });
});

describe('a slow listener', () => {
  it('costs its queue and no more, and catches up when it takes again', () => {
    const watched = new Watched({ queueEvents: 10 });
    const watcher = watched.watch('a', { prevKv: true });
    for (let i = 2; i <= 31; i++) watched.put('a', `${i}`);
    expect(watcher.state).toBe('full');
    expect(watcher.queuedEvents).toBe(10);
    // What nobody has room for is not made.
    expect(watched.hub.stats()).toMatchObject({ events: 11, full: 1, fellBehind: 1 });
    expect(watched.hub.step(0)).toBe(false);
    const values: string[] = [];
    for (let round = 0; round < 100 && watcher.state !== 'synced'; round++) {
      const response = watcher.take(3);
      if (response?.kind === 'events')
        values.push(...response.events.map(({ kv }) => text(kv.value)));
      else watched.hub.step(0);
      expect(watcher.queuedEvents).toBeLessThanOrEqual(10);
    }
    for (let rest = watcher.take(); rest?.kind === 'events'; rest = watcher.take()) {
      values.push(...rest.events.map(({ kv }) => text(kv.value)));
    }
    expect(values).toEqual(Array.from({ length: 30 }, (_, i) => `${2 + i}`));
  });

  it('is bounded in bytes as well, but gets a revision that is larger than its queue', () => {
    const watched = new Watched({ queueBytes: 2000, queueEvents: 4 });
    const watcher = watched.watch('', { end: END_OF_KEYS });
    watched.put('a', 'x'.repeat(5000));
    watched.put('b', '');
    expect(watcher.state).toBe('full');
    const keys = Array.from({ length: 9 }, (_, i) => putOf(`k${i}`, ''));
    watched.do({ kind: 'txn', compares: [], success: keys, failure: [] });
    expect(told(watcher.take())).toContain('to 2');
    watched.steps();
    expect(told(watcher.take())).toBe('b=@3.v1 to 3');
    watched.steps();
    const response = watcher.take();
    expect(response?.kind === 'events' && response.events).toHaveLength(9);
  });

  it('is cancelled when what it lacks is compacted, after what it has queued', () => {
    const watched = new Watched({ queueEvents: 2 });
    const watcher = watched.watch('a');
    for (let i = 2; i <= 9; i++) watched.put('a', `${i}`);
    watched.do({ kind: 'compact', revision: 8 });
    expect(told(watcher.take(1))).toBe('a=2@2.v1 to 2');
    watched.steps();
    expect(told(watcher.take())).toBe('a=3@3.v2 to 3');
    expect(told(watcher.take())).toBe('COMPACTED 8');
  });
});

it('catches up a watcher whose key-value before could not be read: all readers were taken', () => {
  const watched = new Watched();
  watched.put('a', '1');
  const watcher = watched.watch('a', { prevKv: true });
  const plain = watched.watch('a');
  const { db } = watched.store.mvcc.backend;
  const taken: { end: () => void }[] = [];
  expect(() => {
    for (;;) taken.push(db.beginRead());
  }).toThrow(expect.objectContaining({ code: 'READERS_FULL' }));
  watched.put('a', '2');
  expect([watcher.state, plain.state]).toEqual(['full', 'synced']);
  expect(watched.hub.step(0)).toBe(true);
  expect(told(watcher.take())).toBe('nothing');
  for (const read of taken) read.end();
  watched.put('a', '3');
  watched.steps();
  expect(told(watcher.take())).toBe('a=2@3.v2 was 1@2, a=3@4.v3 was 2@3 to 4');
  expect(told(plain.take())).toBe('a=2@3.v2, a=3@4.v3 to 4');
});

describe('progress', () => {
  it('comes on request once all before it was taken, and only to a synced watcher', () => {
    const watched = new Watched({ stepRevisions: 2 });
    for (let i = 2; i <= 9; i++) watched.put('a', `${i}`);
    const watcher = watched.watch('a', { startRevision: 2 });
    const later = watched.watch('a', { startRevision: 20 });
    watcher.requestProgress();
    later.requestProgress();
    watched.hub.step(0);
    expect(told(watcher.take())).toMatch(/ to 3$/);
    expect(told(watcher.take())).toBe('nothing');
    watched.steps();
    watched.hub.step(0);
    expect(told(watcher.take())).toMatch(/^a=4@4.* to 9$/);
    expect(told(watcher.take())).toBe('progress 9');
    expect(told(watcher.take())).toBe('nothing');
    expect(watched.calls).not.toContain(later);
  });

  it('comes at an interval to those who asked for it and had no events meanwhile', () => {
    const watched = new Watched({ progressIntervalMs: 1000 });
    const idle = watched.watch('b', { progress: true });
    const busy = watched.watch('a', { progress: true });
    const silent = watched.watch('b');
    watched.hub.step(SECOND);
    watched.put('a', '1');
    watched.hub.step(1.5 * SECOND);
    expect(watched.calls).toEqual([busy]);
    watched.hub.step(2 * SECOND);
    expect(told(idle.take())).toBe('progress 2');
    expect(told(busy.take())).toBe('a=1@2.v1 to 2');
    expect(told(busy.take())).toBe('nothing');
    watched.hub.step(3 * SECOND);
    expect(told(busy.take())).toBe('progress 2');
    expect(told(silent.take())).toBe('nothing');
  });
});

describe('the store', () => {
  it('catches watchers up with its ticks, after a reopen as well, and ends them when it closes', () => {
    const watched = new Watched();
    for (let i = 2; i <= 20; i++) watched.put('a', `${i}`);
    watched.store.close();
    const store = Store.open('store', SMALL, watched.vfs);
    const watcher = store.watch({ key: bytesOf('a'), startRevision: 19 }, () => undefined);
    store.tick();
    expect(told(watcher.take())).toBe('a=19@19.v18, a=20@20.v19 to 20');
    store.submit(putOf('a', '21'), () => undefined);
    store.flush();
    expect(store.stats().watches).toMatchObject({ watchers: 1, behind: 0, full: 0 });
    store.close();
    expect(told(watcher.take())).toBe('a=21@21.v20 to 21');
    expect(told(watcher.take())).toBe('TX_CLOSED 0');
    expect(() => store.watch({ key: bytesOf('a') }, () => undefined)).toThrow(
      expect.objectContaining({ code: 'TX_CLOSED' }),
    );
  });

  it('refuses an empty range and a start that is no revision', () => {
    const watched = new Watched();
    const refused: unknown = expect.objectContaining({ code: 'INVALID_ARGUMENT' });
    expect(() => watched.watch('b', { end: bytesOf('a') })).toThrow(refused);
    expect(() => watched.watch('b', { end: bytesOf('b') })).toThrow(refused);
    expect(() => watched.watch('b', { startRevision: -1 })).toThrow(refused);
    expect(() => watched.watch('b', { startRevision: 1.5 })).toThrow(refused);
    expect(watched.hub.stats().watchers).toBe(0);
  });
});
