// Watcher: one watch of a key or a range: what was asked for, how far it has come, and a bounded queue of
// events that its listener has yet to take. Events of one main revision enter the queue together and
// leave it together. Where events come from and when, is the hub's (watch-hub.ts).

import type { EngineError } from '../base/errors.ts';
import type { KeyValue } from './key-value.ts';
import type { KeyRange } from './watch-index.ts';

export interface WatchRequest {
  /** Empty: the first key there can be, as in etcd. */
  readonly key: Uint8Array;
  /** First key behind the range; undefined: `key` alone; END_OF_KEYS: no bound. */
  readonly end?: Uint8Array | undefined;
  /** First revision wanted, past or future; 0 or undefined: what changes from now on. */
  readonly startRevision?: number;
  /** Whether events bring the key-value before the change. Costs a read for each. */
  readonly prevKv?: boolean;
  readonly noPut?: boolean;
  readonly noDelete?: boolean;
  /** Whether to say regularly how far it has come when nothing happens. */
  readonly progress?: boolean;
}

/** A change. Shared by all watchers of the key: not to be written to. */
export interface WatchEvent {
  readonly type: 'put' | 'delete';
  /** Of a deletion: the key, and its revision as modRevision. */
  readonly kv: KeyValue;
  /** Only where asked for, absent for a key that was made, and when it has been compacted. */
  readonly prevKv: KeyValue | undefined;
}

/** `revision`: every event up to it has come, so a watch can be taken up again with the next one. */
export type WatchResponse =
  | {
      readonly kind: 'events';
      readonly revision: number;
      readonly events: readonly WatchEvent[];
    }
  | { readonly kind: 'progress'; readonly revision: number }
  /** The last one: COMPACTED with the oldest revision that can be watched, or TX_CLOSED with 0. */
  | {
      readonly kind: 'cancelled';
      readonly error: EngineError;
      readonly compactRevision: number;
    };

/**
 * Called when there is something to take, and again only after take() has returned undefined. Must not
 * throw or change the store; may take, cancel and watch.
 */
export type WatchListener = (watcher: Watcher) => void;

/**
 * 'synced': gets events as they are published. 'behind': catches up from the backend. 'full': behind, and
 * waits for its listener. 'ended': gets nothing more.
 */
export type WatcherState = 'synced' | 'behind' | 'full' | 'ended';

/** What a watcher needs of its hub. */
export interface WatcherOwner {
  /** Newest visible revision. */
  readonly revision: number;
  /** The watcher, which was full, has room again. */
  resume(watcher: Watcher): void;
  cancel(watcher: Watcher): void;
  requestProgress(watcher: Watcher): void;
}

export interface QueueLimits {
  readonly eventsMax: number;
  readonly bytesMax: number;
}

/** Memory of an event beside its bytes, roughly. */
const EVENT_BYTES = 300;
/** Events taken that stay in the array before it is cut. */
const TAKEN_MAX = 1024;

export class Watcher {
  readonly range: KeyRange;
  readonly request: WatchRequest;
  state: WatcherState = 'synced';
  /** First main revision that the watcher has yet to get; of a synced one: that it may get. */
  next = 0;
  /** For the hub: the listener was called and has not come to the end yet. */
  signalled = false;
  /** For the hub: events were queued since the last round of progress. */
  busy = false;
  /** For the hub: what is to be told when the queue is empty. */
  progressDue = false;
  /** For the hub: an event of the revision being made could not be built. */
  missed = false;
  readonly #owner: WatcherOwner;
  readonly #limits: QueueLimits;
  readonly #listener: WatchListener;
  #queue: WatchEvent[] = [];
  #head = 0;
  #bytes = 0;
  #staged: WatchEvent[] = [];
  #stagedBytes = 0;
  #end: Extract<WatchResponse, { kind: 'cancelled' }> | undefined;
  #cancelled = false;

  constructor(
    owner: WatcherOwner,
    limits: QueueLimits,
    watched: { readonly range: KeyRange; readonly request: WatchRequest },
    listener: WatchListener,
  ) {
    this.#owner = owner;
    this.#limits = limits;
    this.range = watched.range;
    this.request = watched.request;
    this.#listener = listener;
  }

  /** Events that wait to be taken, and the memory they are counted with. */
  get queuedEvents(): number {
    return this.#queue.length - this.#head;
  }

  get queuedBytes(): number {
    return this.#bytes;
  }

  /**
   * Takes what comes next: up to `eventsMax` events, or more where one revision has more; undefined:
   * nothing for now, and the listener will be called when there is something.
   */
  take(eventsMax: number = Number.POSITIVE_INFINITY): WatchResponse | undefined {
    if (this.queuedEvents > 0) return this.#takeEvents(eventsMax);
    if (this.#end !== undefined) {
      const end = this.#end;
      this.#end = undefined;
      return end;
    }
    if (this.progressDue && this.state === 'synced') {
      this.progressDue = false;
      return { kind: 'progress', revision: this.#owner.revision };
    }
    this.signalled = false;
    return undefined;
  }

  /** Asks for a 'progress' as soon as all events so far have been taken. */
  requestProgress(): void {
    if (this.state !== 'ended') this.#owner.requestProgress(this);
  }

  /** Ends the watch at once; what is queued is dropped, and nothing more is told. */
  cancel(): void {
    if (this.state !== 'ended') this.#owner.cancel(this);
    this.#cancelled = true;
    this.#queue = [];
    this.#head = this.#bytes = 0;
    this.#end = undefined;
  }

  /** For the hub: calls the listener, unless another one cancelled the watch meanwhile. */
  signal(): void {
    if (!this.#cancelled) this.#listener(this);
  }

  /** For the hub: sets an event of the revision being made aside; true for the first one. */
  stage(event: WatchEvent): boolean {
    this.#stagedBytes += bytesOfEvent(event);
    return this.#staged.push(event) === 1;
  }

  /** For the hub: queues what was set aside; false, with it dropped, when there is no room. */
  settle(): boolean {
    const bytes = this.#bytes + this.#stagedBytes;
    const { length } = this.#staged;
    const fits =
      !this.missed &&
      (this.queuedEvents === 0 ||
        (this.queuedEvents + length <= this.#limits.eventsMax && bytes <= this.#limits.bytesMax));
    if (fits) {
      // An empty queue takes any revision: else one of more events than it holds would never come.
      if (this.#queue.length === 0) {
        this.#queue = this.#staged;
        this.#staged = [];
      } else for (const event of this.#staged) this.#queue.push(event);
      this.#bytes = bytes;
      this.busy = true;
    }
    if (this.#staged.length > 0) this.#staged = [];
    this.#stagedBytes = 0;
    this.missed = false;
    return fits;
  }

  /** For the hub: nothing comes behind what is queued but this. */
  finish(error: EngineError, compactRevision: number): void {
    this.state = 'ended';
    this.#end = { kind: 'cancelled', error, compactRevision };
  }

  #takeEvents(eventsMax: number): WatchResponse {
    const queue = this.#queue;
    let end = Math.min(queue.length, this.#head + Math.max(1, eventsMax));
    while (end < queue.length && mainOf(queue[end]!) === mainOf(queue[end - 1]!)) end++;
    const events = this.#head === 0 && end === queue.length ? queue : queue.slice(this.#head, end);
    if (end === queue.length) {
      this.#queue = [];
      this.#head = this.#bytes = 0;
    } else {
      this.#head = end;
      for (const event of events) this.#bytes -= bytesOfEvent(event);
      if (this.#head >= TAKEN_MAX && this.#head * 2 >= queue.length) {
        this.#queue = queue.slice(this.#head);
        this.#head = 0;
      }
    }
    if (this.state === 'full' && this.#halfEmpty) this.#owner.resume(this);
    return { kind: 'events', revision: mainOf(events.at(-1)!), events };
  }

  /** Room enough that catching up is worth a step. */
  get #halfEmpty(): boolean {
    const { eventsMax, bytesMax } = this.#limits;
    return this.queuedEvents * 2 <= eventsMax && this.#bytes * 2 <= bytesMax;
  }
}

function mainOf(event: WatchEvent): number {
  return event.kv.modRevision;
}

function bytesOfEvent({ kv, prevKv }: WatchEvent): number {
  const bytes = EVENT_BYTES + kv.key.length + kv.value.length;
  return prevKv === undefined
    ? bytes
    : bytes + EVENT_BYTES + prevKv.key.length + prevKv.value.length;
}
