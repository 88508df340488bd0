// MvccReader: reads of the key space at a revision, from any thread: which revisions of which keys live
// then is the key index's answer, their messages are the backend's. Semantics and errors are etcd's
// (server/etcdserver/txn and storage/mvcc): `end` undefined is the single key, END_OF_KEYS all keys from
// `key` on; revision 0 is the newest; count is that of all keys in the range, whatever the limit.

import { copyRange } from '../base/bytes.ts';
import { EngineError } from '../base/errors.ts';
import type { Vfs } from '../vfs/vfs.ts';
import { BackendReader, type InsideState } from './backend-reader.ts';
import type { BackendShare } from './backend.ts';
import { KeyIndexReader, KeyState, RevisionList, type KeyIndexShare } from './key-index-reader.ts';
import { KeyValueView, type KeyValue } from './key-value.ts';

/** As range end: every key from the first on. etcd's "\0". */
export const END_OF_KEYS: Uint8Array = new Uint8Array(1);

export const SORT_TARGETS = ['key', 'version', 'create', 'mod', 'value'] as const;
export type SortTarget = (typeof SORT_TARGETS)[number];

export interface RangeRequest {
  readonly key: Uint8Array;
  /** First key behind the range; undefined: `key` alone; END_OF_KEYS: no bound. */
  readonly end?: Uint8Array | undefined;
  /** 0 or undefined: the newest. */
  readonly revision?: number;
  /** 0 or undefined: no limit. */
  readonly limit?: number;
  readonly keysOnly?: boolean;
  readonly countOnly?: boolean;
  readonly sort?: { readonly target: SortTarget; readonly descending: boolean } | undefined;
  readonly modRevisionMin?: number;
  readonly modRevisionMax?: number;
  readonly createRevisionMin?: number;
  readonly createRevisionMax?: number;
}

export interface RangeResponse {
  /** Newest revision of the store at the time of the read. */
  readonly revision: number;
  readonly count: number;
  readonly more: boolean;
  readonly kvs: readonly KeyValue[];
}

/** Called for each message of a range, which is valid during the call only. */
export type VisitMessage = (u8: Uint8Array, start: number, length: number) => void;

export interface MvccShare {
  readonly backend: BackendShare;
  readonly index: KeyIndexShare;
}

/** Reads that start over because their revision, the newest a moment ago, was compacted meanwhile. */
const RETRIES_MAX = 8;

export class MvccReader {
  readonly index: KeyIndexReader;
  readonly backend: BackendReader;
  readonly #state = new KeyState();
  readonly #revisions = new RevisionList();
  readonly #view = new KeyValueView();
  /** Of the last read: the store's newest revision then. */
  revision = 0;
  /** Of the last range: living keys in it. */
  count = 0;

  static attach(share: MvccShare, vfs: Vfs): MvccReader {
    return new MvccReader(
      BackendReader.attach(share.backend, vfs),
      new KeyIndexReader(share.index),
    );
  }

  constructor(backend: BackendReader, index: KeyIndexReader) {
    this.backend = backend;
    this.index = index;
  }

  /**
   * Copies the newest value of a key to the start of `target` as far as it fits; returns the value's
   * length, -1 when the key is absent. Allocates nothing but the transaction. Throws READ_TOO_OLD.
   */
  get(key: Uint8Array, target: Uint8Array): number {
    const { backend } = this;
    backend.begin();
    try {
      this.revision = backend.revision;
      if (!this.index.find(key, backend.revision, this.#state)) {
        // Absent, unless what lived at this revision was compacted away since the snapshot.
        return backend.compacted() > backend.revision ? this.#getAgain(key, target) : -1;
      }
      if (!backend.find(this.#state.main, this.#state.sub)) throw this.#missing(this.#state);
      const view = this.#read();
      const length = view.valueLength;
      copyRange(view.source, view.valueStart, Math.min(length, target.length), target, 0);
      backend.assertKept();
      return length;
    } finally {
      backend.end();
    }
  }

  /** Answers a range as etcd does. Throws COMPACTED, FUTURE_REVISION, EMPTY_KEY, READ_TOO_OLD. */
  range(request: RangeRequest, inside?: InsideState): RangeResponse {
    const filtered = isFiltered(request);
    const limit = request.limit ?? 0;
    const kvs: KeyValue[] = [];
    // One more than asked for tells whether there is more; what sorts or filters has to see all.
    const fetched = filtered || limit === 0 ? 0 : limit + 1;
    const collect: VisitMessage = (u8, start, length) => {
      const kv = this.#view.read(u8, start, length).copy();
      if (accepted(kv, request)) kvs.push(kv);
    };
    this.visit(request, fetched, collect, inside);
    sortKvs(kvs, request.sort);
    const more = limit > 0 && kvs.length > limit;
    if (more) kvs.length = limit;
    const { revision, count } = this;
    // Only now: they may have been sorted by it.
    return { revision, count, more, kvs: request.keysOnly === true ? kvs.map(withoutValue) : kvs };
  }

  /**
   * Visits the messages of a range in key order, at most `limit` (0: all), without copying them. Sets
   * `revision` and `count`. A visitor must not read through this reader. `inside`: for the writer only.
   */
  visit(request: RangeRequest, limit: number, visitor: VisitMessage, inside?: InsideState): void {
    if (request.key.length === 0) throw new EngineError('EMPTY_KEY', 'key is not provided');
    for (let attempt = 0; ; attempt++) {
      this.backend.begin(inside);
      try {
        if (this.#locate(request, limit, attempt)) {
          if (request.countOnly !== true) this.#visitAll(visitor);
          return;
        }
      } finally {
        this.backend.end();
      }
    }
  }

  /** Closes this thread's file. */
  detach(): void {
    this.backend.detach();
  }

  /** Fills the revisions and the count; false when the newest revision was compacted meanwhile. */
  #locate(request: RangeRequest, limit: number, attempt: number): boolean {
    const { backend, index } = this;
    const asked = request.revision ?? 0;
    const current = backend.revision;
    const at = asked > 0 ? asked : current;
    if (at > current) {
      throw new EngineError(
        'FUTURE_REVISION',
        `required revision ${at} is a future revision; the newest is ${current}`,
      );
    }
    this.revision = current;
    this.#revisions.clear();
    const end = request.end !== undefined && isEndOfKeys(request.end) ? undefined : request.end;
    if (request.end === undefined || request.end.length === 0) {
      this.count = index.find(request.key, at, this.#state) ? 1 : 0;
      if (this.count === 1) this.#revisions.push(this.#state.main, this.#state.sub);
    } else if (request.countOnly === true) this.count = index.count(request.key, end, at);
    else {
      const found = index.range(request.key, end, at, limit, this.#revisions);
      this.count = limit > 0 && found === limit ? index.count(request.key, end, at) : found;
    }
    const compacted = backend.compacted();
    if (compacted <= at) return true;
    if (asked === 0 && attempt < RETRIES_MAX) return false;
    throw new EngineError(
      'COMPACTED',
      `required revision ${at} has been compacted; the oldest that is kept is ${compacted}`,
    );
  }

  #visitAll(visitor: VisitMessage): void {
    const { backend } = this;
    const { length, main, sub } = this.#revisions;
    for (let i = 0; i < length; i++) {
      if (!backend.find(main[i]!, sub[i]!)) throw this.#missing({ main: main[i]!, sub: sub[i]! });
      try {
        visitor(backend.u8, backend.start, backend.length);
      } catch (error) {
        // What was read may have been written over under the visitor.
        backend.assertKept();
        throw error;
      }
    }
    backend.assertKept();
  }

  #missing(revision: { main: number; sub: number }): EngineError {
    const { main, sub } = revision;
    return new EngineError(
      'CORRUPT',
      `revision ${main}.${sub} is in the index but not in the file`,
    );
  }

  #getAgain(key: Uint8Array, target: Uint8Array): number {
    this.backend.end();
    let length = -1;
    this.visit({ key }, 1, (u8, start, bytes) => {
      const view = this.#view.read(u8, start, bytes);
      length = view.valueLength;
      copyRange(view.source, view.valueStart, Math.min(length, target.length), target, 0);
    });
    return length;
  }

  #read(): KeyValueView {
    const { backend } = this;
    try {
      return this.#view.read(backend.u8, backend.start, backend.length);
    } catch (error) {
      backend.assertKept();
      throw error;
    }
  }
}

function isEndOfKeys(end: Uint8Array): boolean {
  return end.length === 1 && end[0] === 0;
}

function isFiltered(request: RangeRequest): boolean {
  return (
    request.sort !== undefined ||
    (request.modRevisionMin ?? 0) !== 0 ||
    (request.modRevisionMax ?? 0) !== 0 ||
    (request.createRevisionMin ?? 0) !== 0 ||
    (request.createRevisionMax ?? 0) !== 0
  );
}

function accepted(kv: KeyValue, request: RangeRequest): boolean {
  const { modRevisionMin, modRevisionMax, createRevisionMin, createRevisionMax } = request;
  return (
    within(kv.modRevision, modRevisionMin, modRevisionMax) &&
    within(kv.createRevision, createRevisionMin, createRevisionMax)
  );
}

/** 0 and undefined are no bound. */
function within(revision: number, min = 0, max = 0): boolean {
  return (min === 0 || revision >= min) && (max === 0 || revision <= max);
}

function withoutValue(kv: KeyValue): KeyValue {
  return { ...kv, value: new Uint8Array(0) };
}

function sortKvs(kvs: KeyValue[], sort: RangeRequest['sort']): void {
  if (sort === undefined) return;
  const by = COMPARE[sort.target];
  kvs.sort((a, b) => (sort.descending ? by(b, a) : by(a, b)));
}

const COMPARE: Readonly<Record<SortTarget, (a: KeyValue, b: KeyValue) => number>> = {
  key: (a, b) => Buffer.compare(a.key, b.key),
  version: (a, b) => a.version - b.version,
  create: (a, b) => a.createRevision - b.createRevision,
  mod: (a, b) => a.modRevision - b.modRevision,
  value: (a, b) => Buffer.compare(a.value, b.value),
};
