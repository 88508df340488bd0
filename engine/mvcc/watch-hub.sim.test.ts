// Watchers against a plain history: random changes and compactions, watchers of random ranges from random
// revisions, past, present and future, with listeners that take when they please, out of queues of a few
// events. What a watcher got in the end is the history restricted to it, in order and without repetition;
// or it was cancelled because a revision that it lacked was compacted, and has everything before that.
//
// One exception, which etcd had as well until 3.4.36 and 3.5.20: compaction drops the tombstones of the
// very revision it compacts at, so who catches up from there may not see them.

import { expect, it } from 'vitest';
import { leaseId } from '../base/ids.ts';
import { Random } from '../base/random.ts';
import type { Request, TxnOperation } from '../store/requests.ts';
import { Store } from '../store/store.ts';
import { bytesOf } from '../testing/model.ts';
import { MemoryVfs } from '../vfs/memory-vfs.ts';
import { END_OF_KEYS } from './mvcc-reader.ts';
import type { ReadLock } from './options.ts';
import { WatchHub } from './watch-hub.ts';
import type { Watcher, WatchEvent, WatchRequest } from './watcher.ts';

const LONG = process.env['KVTUNE_LONG_TESTS'] === '1';
/** Fewer in every run; all of them under KVTUNE_LONG_TESTS=1. */
const SEEDS = LONG ? 30 : 9;
const STEPS = 1500;
const KEYS = 12;

interface Change {
  readonly main: number;
  readonly key: string;
  /** undefined: deleted. */
  readonly value: string | undefined;
  readonly version: number;
  readonly created: number;
  readonly previous: string | undefined;
}

interface Life {
  readonly value: string;
  readonly version: number;
  readonly created: number;
}

/** A watcher with what it got so far. */
class Follower {
  readonly got: WatchEvent[] = [];
  readonly start: number;
  readonly request: WatchRequest;
  readonly watcher: Watcher;
  /** Probability that it takes when it could, by a hundred. */
  readonly eagerness: number;
  compacted = 0;
  lastProgress = 0;

  constructor(hub: WatchHub, request: WatchRequest, eagerness: number) {
    this.request = request;
    this.eagerness = eagerness;
    const { startRevision = 0 } = request;
    this.start = startRevision === 0 ? hub.revision + 1 : startRevision;
    this.watcher = hub.watch(request, () => {
      if (eagerness === 100) this.drain();
    });
  }

  drain(eventsMax?: number): void {
    for (let next = this.watcher.take(eventsMax); next !== undefined; next = this.watcher.take()) {
      if (next.kind === 'events') this.got.push(...next.events);
      else if (next.kind === 'progress') this.lastProgress = next.revision;
      else {
        expect(next.error.code).toBe('COMPACTED');
        this.compacted = next.compactRevision;
      }
      if (eventsMax !== undefined) return;
    }
  }

  wants({ main, key, value }: Change): boolean {
    const { end, noPut, noDelete } = this.request;
    const first = Buffer.from(this.request.key).toString('latin1');
    const last = end === undefined ? undefined : Buffer.from(end).toString('latin1');
    const within =
      last === undefined ? key === first : key >= first && (last === '\0' || key < last);
    return main >= this.start && within && (value === undefined ? noDelete : noPut) !== true;
  }
}

class Simulation {
  readonly #random: Random;
  readonly #vfs = new MemoryVfs();
  readonly #readLock: ReadLock;
  #store: Store;
  #hub: WatchHub;
  readonly #living = new Map<string, Life>();
  readonly #history: Change[] = [];
  readonly #compactedAt = new Set<number>();
  #followers: Follower[] = [];
  #now = 1;
  cancelled = 0;
  caughtUp = 0;
  fellBehind = 0;
  events = 0;

  constructor(seed: number) {
    this.#random = new Random(seed);
    this.#readLock = (['concurrent', 'copy', 'global'] as const)[seed % 3]!;
    this.#store = this.#open();
    this.#hub = this.#watch();
  }

  run(): void {
    for (let step = 0; step < STEPS; step++) {
      const kind = this.#random.below(100);
      if (kind < 55) this.#change();
      else if (kind < 64) this.#follow();
      else if (kind < 80) this.#takeSome();
      else if (kind < 97) this.#hub.step(this.#later());
      else if (kind < 98) this.#compact();
      else if (kind < 99) this.#cancel();
      else this.#tickStore();
      if (step % 500 === 499) this.#reopen();
    }
    this.#finish();
    this.#store.close();
  }

  #open(): Store {
    return Store.open(
      'store',
      {
        readLock: this.#readLock,
        cacheBytes: 1024 ** 2,
        indexBytes: 16 * 1024 ** 2,
        bufferEntries: 1024,
        bufferBytes: 8 * 1024 ** 2,
        segmentBytes: 1024 ** 2,
        batchLimit: 60,
        compactionBatch: 20,
        compactionPauseMs: 0,
      },
      this.#vfs,
    );
  }

  #watch(): WatchHub {
    const random = this.#random;
    return new WatchHub(this.#store.mvcc, {
      queueEvents: random.between(1, 20),
      queueBytes: random.between(500, 20_000),
      stepRevisions: random.between(1, 30),
      stepEvents: random.between(1, 30),
      progressIntervalMs: 50,
    });
  }

  #later(): number {
    return (this.#now += this.#random.below(20) * 1e6);
  }

  #key(): string {
    return `k${String.fromCharCode(97 + this.#random.below(KEYS))}`;
  }

  #change(): void {
    const keys = Array.from({ length: this.#random.between(1, 4) }, () => this.#key());
    const main = this.#store.revision + 1;
    const operations: TxnOperation[] = [];
    const changes: Change[] = [];
    if (this.#random.below(8) === 0) {
      const [key, end] = [this.#key(), this.#key()].sort();
      operations.push({
        kind: 'deleteRange',
        key: bytesOf(key!),
        end: bytesOf(end!),
        prevKv: false,
      });
      const gone = [...this.#living.keys()].filter((other) => other >= key! && other < end!).sort();
      changes.push(...gone.map((other) => this.#deletion(other, main)));
      if (key === end) return;
    } else {
      for (const key of new Set(keys)) {
        if (this.#random.below(4) > 0) {
          const value = `${main} `.repeat(this.#random.below(20));
          operations.push(putOf(key, value));
          changes.push(this.#put(key, value, main));
        } else {
          operations.push({
            kind: 'deleteRange',
            key: bytesOf(key),
            end: undefined,
            prevKv: false,
          });
          if (this.#living.has(key)) changes.push(this.#deletion(key, main));
        }
      }
    }
    this.#do({ kind: 'txn', compares: [], success: operations, failure: [] });
    this.#history.push(...changes);
    expect(this.#store.revision).toBe(changes.length > 0 ? main : main - 1);
  }

  #put(key: string, value: string, main: number): Change {
    const before = this.#living.get(key);
    const version = (before?.version ?? 0) + 1;
    const created = before?.created ?? main;
    this.#living.set(key, { value, version, created });
    return { main, key, value, version, created, previous: before?.value };
  }

  #deletion(key: string, main: number): Change {
    const previous = this.#living.get(key)!.value;
    this.#living.delete(key);
    return { main, key, value: undefined, version: 0, created: 0, previous };
  }

  #do(request: Request): void {
    let failed: Error | undefined;
    this.#store.submit(request, (error) => (failed = error));
    this.#store.flush();
    if (failed !== undefined) throw failed;
  }

  #follow(): void {
    const random = this.#random;
    const { revision } = this.#store;
    const key = this.#key();
    const end = random.below(2) === 0 ? undefined : this.#key();
    const ends = end === undefined || end <= key ? [undefined, END_OF_KEYS] : [bytesOf(end)];
    const starts = [0, random.between(1, revision), Math.max(1, revision - random.below(40))];
    const request = {
      key: bytesOf(key),
      end: ends[random.below(ends.length)],
      startRevision: [...starts, revision + random.below(30)][random.below(4)]!,
      prevKv: random.below(2) === 0,
      noPut: random.below(5) === 0,
      noDelete: random.below(5) === 0,
      progress: random.below(3) === 0,
    };
    const eagerness = [100, 60, 10, 1][random.below(4)]!;
    this.#followers.push(new Follower(this.#hub, request, eagerness));
  }

  #takeSome(): void {
    for (const follower of this.#followers) {
      if (this.#random.below(100) >= follower.eagerness) continue;
      if (this.#random.below(3) === 0) follower.watcher.requestProgress();
      follower.drain(this.#random.below(2) === 0 ? undefined : this.#random.between(1, 8));
    }
  }

  #compact(): void {
    const { compacted, revision } = this.#store.mvcc;
    if (revision <= compacted + 1) return;
    const at = this.#random.between(compacted + 1, revision);
    this.#compactedAt.add(at);
    this.#do({ kind: 'compact', revision: at });
  }

  #cancel(): void {
    if (this.#followers.length === 0) return;
    const at = this.#random.below(this.#followers.length);
    const [follower] = this.#followers.splice(at, 1);
    follower!.watcher.cancel();
    expect(follower!.watcher.take()).toBeUndefined();
    // Up to wherever it has come.
    this.#check(follower!, follower!.got.at(-1)?.kv.modRevision ?? 0);
  }

  #tickStore(): void {
    this.#store.tick();
  }

  #reopen(): void {
    this.#finish();
    this.#store.close();
    this.#store = this.#open();
    this.#hub = this.#watch();
  }

  /** Lets everybody catch up, checks what each got, and lets go of them. */
  #finish(): void {
    const waits = (): boolean => this.#hub.stats().behind + this.#hub.stats().full > 0;
    for (let round = 0; round < 10_000 && (round === 0 || waits()); round++) {
      for (const follower of this.#followers) follower.drain();
      this.#hub.step(this.#later());
    }
    for (const follower of this.#followers) follower.drain();
    const { watchers, behind, full, events, fellBehind } = this.#hub.stats();
    const alive = this.#followers.filter(({ watcher }) => watcher.state !== 'ended');
    expect([behind, full, watchers]).toEqual([0, 0, alive.length]);
    for (const follower of this.#followers) this.#checkEnd(follower);
    this.#followers = [];
    this.fellBehind += fellBehind;
    this.events += events;
  }

  #checkEnd(follower: Follower): void {
    const { watcher, compacted } = follower;
    if (watcher.state === 'ended') {
      this.cancelled++;
      expect(compacted).toBeGreaterThan(watcher.next);
      expect(this.#compactedAt).toContain(compacted);
      this.#check(follower, watcher.next - 1);
      return;
    }
    this.caughtUp++;
    expect(compacted).toBe(0);
    this.#check(follower, this.#store.revision);
    watcher.requestProgress();
    this.#hub.step(this.#later());
    follower.drain();
    const started = follower.start <= this.#store.revision + 1;
    if (started) expect(follower.lastProgress).toBe(this.#store.revision);
    else expect(follower.lastProgress).toBe(0);
  }

  /** What it got is the history up to revision `to` restricted to it. */
  #check(follower: Follower, to: number): void {
    const wanted = this.#history.filter((change) => change.main <= to && follower.wants(change));
    let at = 0;
    for (const change of wanted) {
      const event = follower.got[at];
      if (event?.kv.modRevision === change.main && textOf(event.kv.key) === change.key) {
        this.#compare(event, change, follower.request.prevKv === true);
        at++;
        continue;
      }
      const mayLack = change.value === undefined && this.#compactedAt.has(change.main);
      if (!mayLack) expect.fail(`revision ${change.main} of ${change.key} is missing`);
    }
    expect(follower.got).toHaveLength(at);
  }

  #compare({ type, kv, prevKv }: WatchEvent, change: Change, withPrevious: boolean): void {
    expect(type).toBe(change.value === undefined ? 'delete' : 'put');
    expect(textOf(kv.value)).toBe(change.value ?? '');
    expect([kv.version, kv.createRevision]).toEqual([change.version, change.created]);
    if (!withPrevious || change.previous === undefined) expect(prevKv).toBeUndefined();
    else if (prevKv !== undefined) expect(textOf(prevKv.value)).toBe(change.previous);
    else expect(change.main - 1).toBeLessThan(this.#store.mvcc.compacted);
  }
}

function putOf(key: string, value: string): TxnOperation {
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

function textOf(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('latin1');
}

it.each(Array.from({ length: SEEDS }, (_, i) => 1 + i))(
  'gives each its history, seed %i',
  (seed) => {
    const simulation = new Simulation(seed);
    simulation.run();
    const { cancelled, caughtUp, fellBehind, events } = simulation;
    // Else the seed shows nothing.
    expect(Math.min(cancelled, caughtUp, fellBehind)).toBeGreaterThan(3);
    expect(events).toBeGreaterThan(500);
  },
);
