// WatchHub: hands every change to those who watch its key. Semantics are etcd's (server/storage/mvcc,
// watchable_store.go): a watcher gets the events of its range from its start revision on, in order, each
// once, those of one main revision together. Owned by the writer's thread.
//
// A synced watcher gets events when their revision is published. One that starts in the past, or whose
// queue had no room when a revision was published, catches up from the backend in bounded steps (step(),
// between transactions) and is synced again when nothing is left: no revision can come in between. So a
// listener that stands still costs its queue and nothing else, and never holds the writer up.

import { compareRange, copyRange } from '../base/bytes.ts';
import { EngineError } from '../base/errors.ts';
import { leaseId } from '../base/ids.ts';
import { KeyValueView, type KeyValue, type KeyValueDraft } from './key-value.ts';
import type { ChangeObserver, Mvcc } from './mvcc.ts';
import { WatchHistory, type StoredChange } from './watch-history.ts';
import { WatchIndex, type KeyRange } from './watch-index.ts';
import {
  Watcher,
  type WatchEvent,
  type WatchListener,
  type WatchRequest,
  type WatcherOwner,
} from './watcher.ts';

export interface WatchOptions {
  /** Events and bytes that a watcher's queue holds; a single revision may exceed them. */
  readonly queueEvents: number;
  readonly queueBytes: number;
  /** Revisions that a step of catching up looks at, and events that it makes; then it ends its main. */
  readonly stepRevisions: number;
  readonly stepEvents: number;
  /** Milliseconds between rounds of progress. etcd: ten minutes. */
  readonly progressIntervalMs: number;
}

/** A step of catching up takes a few milliseconds at most. */
const WATCH_DEFAULTS: WatchOptions = {
  queueEvents: 10_000,
  queueBytes: 16 * 1024 ** 2,
  stepRevisions: 2000,
  stepEvents: 1000,
  progressIntervalMs: 600_000,
};

export interface WatchStats {
  readonly watchers: number;
  /** Of them: those that catch up, and those that wait for their listener. */
  readonly behind: number;
  readonly full: number;
  /** Events made, each once for all of its watchers, whether then or while catching up. */
  readonly events: number;
  /** How often a watcher fell behind because its queue was full. */
  readonly fellBehind: number;
}

/** The key that an empty one stands for. */
const FIRST_KEY = new Uint8Array(1);
const NOTHING = new Uint8Array(0);

export class WatchHub implements ChangeObserver, WatcherOwner {
  readonly #mvcc: Mvcc;
  readonly #options: WatchOptions;
  readonly #history: WatchHistory;
  readonly #index = new WatchIndex<Watcher>();
  readonly #watchers = new Set<Watcher>();
  readonly #progressing = new Set<Watcher>();
  readonly #progressWanted = new Set<Watcher>();
  /** Those that catch up, in the order in which they led a step last. */
  readonly #behind = new Set<Watcher>();
  readonly #view = new KeyValueView();
  /** Watchers of the change at hand; those with events set aside; those to be told. */
  #matches: Watcher[] = [];
  #staged: Watcher[] = [];
  #ready: Watcher[] = [];
  /** Those for which an event could not be made: they catch up with the next step. */
  #missed: Watcher[] = [];
  #farthestLeads = false;
  #lastProgressNs = 0;
  #events = 0;
  #fellBehind = 0;
  #open = true;

  /** Observes `mvcc` from now on. */
  constructor(mvcc: Mvcc, options: Partial<WatchOptions> = {}) {
    this.#mvcc = mvcc;
    this.#options = { ...WATCH_DEFAULTS, ...options };
    this.#history = new WatchHistory(mvcc.backend);
    mvcc.observe(this);
  }

  /** Newest visible revision. */
  get revision(): number {
    return this.#mvcc.revision;
  }

  /**
   * Watches a key or range; the listener is called from published() or step(), never from here. Copies
   * the range. A start that was compacted is told by a 'cancelled'. Throws INVALID_ARGUMENT, TX_CLOSED.
   */
  watch(request: WatchRequest, listener: WatchListener): Watcher {
    if (!this.#open) throw closed();
    const range = rangeOf(request);
    const start = request.startRevision ?? 0;
    if (!Number.isSafeInteger(start) || start < 0) {
      throw new EngineError('INVALID_ARGUMENT', `start revision ${start} is no revision`);
    }
    const { queueEvents, queueBytes } = this.#options;
    const limits = { eventsMax: queueEvents, bytesMax: queueBytes };
    const watcher = new Watcher(this, limits, { range, request }, listener);
    const next = this.revision + 1;
    watcher.next = start === 0 ? next : start;
    if (watcher.next < next) {
      watcher.state = 'behind';
      this.#behind.add(watcher);
    }
    this.#watchers.add(watcher);
    this.#index.add(range, watcher);
    if (request.progress === true) this.#progressing.add(watcher);
    return watcher;
  }

  put(change: KeyValueDraft): void {
    if (this.#index.size === 0) return;
    this.#index.match(change.key, 0, change.keyLength, this.#matches);
    if (this.#matches.length === 0) return;
    this.#keepWanting(change.modRevision, false);
    if (this.#matches.length > 0) this.#stage('put', copyOfDraft(change));
  }

  deleted(key: Uint8Array, main: number): void {
    if (this.#index.size === 0) return;
    this.#index.match(key, 0, key.length, this.#matches);
    if (this.#matches.length === 0) return;
    this.#keepWanting(main, true);
    if (this.#matches.length > 0) this.#stage('delete', tombstoneOf(key, 0, key.length, main));
  }

  published(main: number): void {
    if (this.#staged.length > 0) this.#settle(main);
    this.#tell();
  }

  /**
   * One bounded step of what is due: catching up, progress. Only between transactions. Returns whether
   * there is more to do at once. Throws CORRUPT, IO.
   */
  step(now: number): boolean {
    for (const watcher of this.#missed) if (watcher.state === 'full') this.resume(watcher);
    this.#missed = [];
    this.#dueProgress(now);
    if (this.#behind.size > 0) this.#catchUp();
    this.#tell();
    return this.#behind.size > 0;
  }

  stats(): WatchStats {
    let full = 0;
    for (const { state } of this.#watchers) if (state === 'full') full++;
    return {
      watchers: this.#watchers.size,
      behind: this.#behind.size,
      full,
      events: this.#events,
      fellBehind: this.#fellBehind,
    };
  }

  /** Ends every watch; what was queued can still be taken. */
  close(): void {
    this.#open = false;
    for (const watcher of this.#watchers) {
      this.cancel(watcher);
      watcher.finish(closed(), 0);
      this.#announce(watcher);
    }
    this.#tell();
  }

  resume(watcher: Watcher): void {
    watcher.state = 'behind';
    this.#behind.add(watcher);
  }

  cancel(watcher: Watcher): void {
    watcher.state = 'ended';
    this.#index.delete(watcher.range, watcher);
    this.#watchers.delete(watcher);
    this.#behind.delete(watcher);
    this.#progressing.delete(watcher);
    this.#progressWanted.delete(watcher);
  }

  requestProgress(watcher: Watcher): void {
    this.#progressWanted.add(watcher);
  }

  /**
   * Of the matches keeps those that want this change now: synced ones, or, in a step that catches up
   * from revision `from`, those behind that have come so far.
   */
  #keepWanting(main: number, tombstone: boolean, from?: number): void {
    const matches = this.#matches;
    let kept = 0;
    for (const watcher of matches) {
      const { request, state, next } = watcher;
      const takesPart =
        from === undefined ? state === 'synced' : state === 'behind' && next >= from;
      if (!takesPart || next > main) continue;
      if ((tombstone ? request.noDelete : request.noPut) === true) continue;
      matches[kept++] = watcher;
    }
    matches.length = kept;
  }

  /** Makes the event, once, and sets it aside for each match until its revision is complete. */
  #stage(type: 'put' | 'delete', kv: KeyValue): void {
    const matches = this.#matches;
    const plain: WatchEvent = { type, kv, prevKv: undefined };
    let withPrevious: WatchEvent | undefined;
    this.#events++;
    for (const watcher of matches) {
      let event = plain;
      if (watcher.request.prevKv === true) {
        withPrevious ??= this.#withPrevious(plain);
        // Without a slot to read in, it gets the revision by catching up.
        if (withPrevious === undefined) watcher.missed = true;
        else event = withPrevious;
      }
      if (watcher.stage(event)) this.#staged.push(watcher);
    }
    matches.length = 0;
  }

  /** The event with what the key held before; undefined when all readers' slots are taken. */
  #withPrevious(event: WatchEvent): WatchEvent | undefined {
    const { type, kv } = event;
    if (type === 'put' && kv.createRevision === kv.modRevision) return event;
    const revision = kv.modRevision - 1;
    if (revision < Math.max(1, this.#mvcc.compacted)) return event;
    try {
      const { kvs } = this.#mvcc.reader.range({ key: kv.key, revision });
      return { type, kv, prevKv: kvs[0] };
    } catch (error) {
      if (isReadersFull(error)) return undefined;
      throw error;
    }
  }

  /** Main revision `main` is complete: queues its events; who has no room has to catch up. */
  #settle(main: number): void {
    for (const watcher of this.#staged) {
      if (watcher.state === 'ended') continue;
      const { missed } = watcher;
      if (watcher.settle()) {
        this.#announce(watcher);
        continue;
      }
      watcher.next = main;
      // Nothing more in this step: what comes later in it must not overtake this revision.
      watcher.state = 'full';
      this.#behind.delete(watcher);
      if (missed) this.#missed.push(watcher);
      else this.#fellBehind++;
    }
    this.#staged = [];
  }

  /** One step for one that is behind, and for those on its way. */
  #catchUp(): void {
    const leader = this.#leader();
    if (leader === undefined) return;
    const { revision } = this.#mvcc;
    const { stepRevisions, stepEvents } = this.#options;
    const from = leader.next;
    const eventsMax = this.#events + stepEvents;
    let looked = 0;
    let main = 0;
    let complete: boolean;
    try {
      complete = this.#history.visit(from, (change) => {
        if (change.main !== main) {
          if (main !== 0) this.#settle(main);
          const enough = looked >= stepRevisions || this.#events >= eventsMax;
          if (enough || leader.state !== 'behind') return false;
          main = change.main;
        }
        looked++;
        this.#stageStored(change, from);
        return true;
      });
    } catch (error) {
      // Tried again with the next step. Nothing was visited.
      if (isReadersFull(error)) return;
      throw error;
    }
    if (complete && main !== 0) this.#settle(main);
    this.#advance(from, complete ? revision : main);
    if (!this.#behind.delete(leader)) return;
    this.#behind.add(leader);
  }

  /**
   * Who leads the next step; ends those whose next revision is gone. In turn the one farthest behind, so
   * that it reaches the others and they go on together, and the one that has waited longest, so that
   * ever new ones from the past keep nobody waiting. Looks at all that are behind, as the end of a step
   * does: some nanoseconds each.
   */
  #leader(): Watcher | undefined {
    const { compacted } = this.#mvcc;
    let first: Watcher | undefined;
    let farthest: Watcher | undefined;
    for (const watcher of this.#behind) {
      if (watcher.next >= compacted) {
        first ??= watcher;
        if (farthest === undefined || watcher.next < farthest.next) farthest = watcher;
        continue;
      }
      const message = `revision ${watcher.next} has been compacted; the oldest that can be watched is ${compacted}`;
      this.cancel(watcher);
      watcher.finish(new EngineError('COMPACTED', message), compacted);
      this.#announce(watcher);
    }
    this.#farthestLeads = !this.#farthestLeads;
    return this.#farthestLeads ? farthest : first;
  }

  #stageStored(change: StoredChange, from: number): void {
    const { main, tombstone, source, start, length } = change;
    const view = this.#view.read(source, start, length);
    this.#index.match(source, view.keyStart, view.keyLength, this.#matches);
    if (this.#matches.length === 0) return;
    this.#keepWanting(main, tombstone, from);
    if (this.#matches.length === 0) return;
    if (!tombstone) this.#stage('put', view.copy());
    else {
      this.#stage('delete', tombstoneOf(source, view.keyStart, view.keyLength, main));
    }
  }

  /** Those who took part have everything up to `main`. */
  #advance(from: number, main: number): void {
    const { revision } = this.#mvcc;
    for (const watcher of this.#behind) {
      if (watcher.next < from || watcher.next > main) continue;
      watcher.next = main + 1;
      if (main < revision) continue;
      watcher.state = 'synced';
      this.#behind.delete(watcher);
      if (watcher.progressDue) this.#announce(watcher);
    }
  }

  #dueProgress(now: number): void {
    if (this.#lastProgressNs === 0) this.#lastProgressNs = now;
    if (now - this.#lastProgressNs >= this.#options.progressIntervalMs * 1e6) {
      this.#lastProgressNs = now;
      for (const watcher of this.#progressing) {
        if (!watcher.busy) this.#progressWanted.add(watcher);
        watcher.busy = false;
      }
    }
    for (const watcher of this.#progressWanted) {
      // Later, when it is synced and its start has come.
      if (watcher.state !== 'synced' || watcher.next > this.revision + 1) continue;
      this.#progressWanted.delete(watcher);
      watcher.progressDue = true;
      this.#announce(watcher);
    }
  }

  /** The watcher has something to take. */
  #announce(watcher: Watcher): void {
    if (watcher.signalled) return;
    watcher.signalled = true;
    this.#ready.push(watcher);
  }

  /** Calls listeners, who may watch and cancel. */
  #tell(): void {
    if (this.#ready.length === 0) return;
    const ready = this.#ready;
    this.#ready = [];
    for (const watcher of ready) watcher.signal();
  }
}

/** A copy of the range in the form the index takes. */
function rangeOf({ key, end }: WatchRequest): KeyRange {
  const first = key.length === 0 ? FIRST_KEY : copyOf(key, 0, key.length);
  if (end === undefined || end.length === 0) return { key: first, end: undefined };
  const unbounded = end.length === 1 && end[0] === 0;
  if (!unbounded && compareRange(first, 0, first.length, end, 0, end.length) >= 0) {
    throw new EngineError('INVALID_ARGUMENT', 'the range to watch is empty');
  }
  return { key: first, end: copyOf(end, 0, end.length) };
}

function copyOfDraft(draft: KeyValueDraft): KeyValue {
  return {
    key: copyOf(draft.key, 0, draft.keyLength),
    value: copyOf(draft.value, draft.valueStart, draft.valueLength),
    createRevision: draft.createRevision,
    modRevision: draft.modRevision,
    version: draft.version,
    lease: leaseId(draft.lease),
  };
}

function tombstoneOf(source: Uint8Array, start: number, length: number, main: number): KeyValue {
  return {
    key: copyOf(source, start, length),
    value: NOTHING,
    createRevision: 0,
    modRevision: main,
    version: 0,
    lease: leaseId(0n),
  };
}

function copyOf(source: Uint8Array, start: number, length: number): Uint8Array {
  const copy = new Uint8Array(length);
  copyRange(source, start, length, copy, 0);
  return copy;
}

function isReadersFull(error: unknown): boolean {
  return error instanceof EngineError && error.code === 'READERS_FULL';
}

function closed(): EngineError {
  return new EngineError('TX_CLOSED', 'the store is closed');
}
