// Mvcc: the writer's side of the key space: every change is a revision, kept until it is compacted.
// Changes are made between begin() and end(); end() shows them all at once, as one main revision if
// there were any. Semantics are etcd's (server/storage/mvcc). What can be refused is refused before
// anything is changed; a throw in between means memory or disk gave out, and the owner has to stop.

import { assert } from '../base/assert.ts';
import { EngineError } from '../base/errors.ts';
import { leaseId, type LeaseId } from '../base/ids.ts';
import type { Db } from '../db/db.ts';
import { Backend, type BackendOptions } from './backend.ts';
import { BackendReader, type InsideState } from './backend-reader.ts';
import { FINISHED_COMPACTION, KEY_BUCKET, META_BUCKET, SCHEDULED_COMPACTION } from './buckets.ts';
import { Compaction } from './compaction.ts';
import { createKeyIndex, KeyIndex, type KeyIndexOptions } from './key-index.ts';
import { KeyState, type KeyIndexShare } from './key-index-reader.ts';
import { KeyValueDraft, KeyValueView } from './key-value.ts';
import { MvccReader, type MvccShare, type RangeRequest, type VisitMessage } from './mvcc-reader.ts';
import { encodeRevision, REVISION_BYTES, RevisionKey } from './revision.ts';

export interface MvccOptions extends BackendOptions, KeyIndexOptions {
  /** Revisions that a step of a compaction deletes, and the pause between steps. etcd: 1000, 10 ms. */
  readonly compactionBatch: number;
  readonly compactionPauseMs: number;
}

/** Told of every change, between begin() and end(). Arrays are valid during the call only. */
export interface ChangeObserver {
  put(change: KeyValueDraft): void;
  /** `main`.`sub` deleted the key. */
  deleted(key: Uint8Array, main: number, sub: number): void;
  /** Revision `main` is visible. */
  published(main: number): void;
}

/** Whom keys belong to; implemented above, where leases are kept. */
export interface KeyOwners {
  /** Whether any key has a lease: otherwise nobody asks for the lease of a key that is replaced. */
  readonly some: boolean;
  attach(lease: LeaseId, key: Uint8Array): void;
  detach(lease: LeaseId, key: Uint8Array): void;
}

export class Mvcc {
  readonly backend: Backend;
  readonly index: KeyIndex;
  /** Reads in the writer's own thread. */
  readonly reader: MvccReader;
  readonly #options: MvccOptions;
  readonly #owners: KeyOwners;
  readonly #indexShare: KeyIndexShare;
  readonly #draft = new KeyValueDraft();
  readonly #state = new KeyState();
  readonly #view = new KeyValueView();
  readonly #observers: ChangeObserver[] = [];
  #revision = 1;
  #compacted = 0;
  #changes = 0;
  #open = false;
  #compaction: Compaction | undefined;

  /** Takes over `db`; reads every revision in it to build the index. Throws CORRUPT, NO_SPACE. */
  constructor(db: Db, options: MvccOptions, owners: KeyOwners) {
    this.#options = options;
    this.#owners = owners;
    this.backend = new Backend(db, options);
    this.#indexShare = createKeyIndex(options);
    this.index = new KeyIndex(this.#indexShare);
    this.reader = new MvccReader(new BackendReader(this.backend.share(), db.reader), this.index);
    this.#restore();
  }

  share(): MvccShare {
    return { backend: this.backend.share(), index: this.#indexShare };
  }

  /** What its parts run with: read from them, not from what was asked for. */
  settings(): MvccOptions {
    const { compactionBatch, compactionPauseMs } = this.#options;
    const { indexLock, indexBytes } = this.index;
    const backend = this.backend.settings();
    return { ...backend, indexLock, indexBytes, compactionBatch, compactionPauseMs };
  }

  observe(observer: ChangeObserver): void {
    this.#observers.push(observer);
  }

  /** Newest visible revision; 1 in an empty store. */
  get revision(): number {
    return this.#revision;
  }

  /** Oldest revision that can be read is behind it or equal; 0 before the first compaction. */
  get compacted(): number {
    return this.#compacted;
  }

  /** What a read inside the open transaction sees. */
  get inside(): InsideState {
    const revision = this.#changes === 0 ? this.#revision : this.#revision + 1;
    return { revision, bufferEnd: this.backend.bufferEnd };
  }

  /** A throw left a transaction open: what memory holds of it must be neither shown nor stored. */
  get midway(): boolean {
    return this.#open;
  }

  begin(): void {
    assert(!this.#open, 'one transaction at a time');
    this.#open = true;
    this.#changes = 0;
  }

  /** Sets key[0, keyLength) to value[start, start+length). Copies both. */
  put(
    key: Uint8Array,
    keyLength: number,
    value: { readonly u8: Uint8Array; readonly start: number; readonly length: number },
    lease: LeaseId,
  ): void {
    const main = this.#revision + 1;
    const owned = this.#owners.some ? this.#leaseOf(key, keyLength) : 0n;
    this.index.put(key, keyLength, main, this.#changes, this.#state);
    const draft = this.#draft;
    draft.key = key;
    draft.keyLength = keyLength;
    draft.value = value.u8;
    draft.valueStart = value.start;
    draft.valueLength = value.length;
    draft.createRevision = this.#state.createMain;
    draft.modRevision = main;
    draft.version = this.#state.version;
    draft.lease = lease;
    this.backend.append(main, this.#changes, false, draft);
    this.#changes++;
    if (owned !== lease) this.#changeOwner(key, keyLength, owned, lease);
    for (const observer of this.#observers) observer.put(draft);
  }

  /** Deletes the keys that live in the range; returns their number. `seen` gets each message before. */
  deleteRange(key: Uint8Array, end: Uint8Array | undefined, seen?: VisitMessage): number {
    const keys: Uint8Array[] = [];
    const leases: bigint[] = [];
    this.visitInside({ key, end }, 0, (u8, start, length) => {
      seen?.(u8, start, length);
      const view = this.#view.read(u8, start, length);
      keys.push(u8.slice(view.keyStart, view.keyStart + view.keyLength));
      leases.push(view.lease);
    });
    const main = this.#revision + 1;
    for (let i = 0; i < keys.length; i++) this.#delete(keys[i]!, main, leases[i]!);
    return keys.length;
  }

  /** Living keys in the range as the open transaction sees it. */
  countInside(key: Uint8Array, end: Uint8Array | undefined): number {
    this.visitInside({ key, end, countOnly: true }, 0, () => undefined);
    return this.reader.count;
  }

  /** As MvccReader.visit(), but sees the open transaction's own changes. */
  visitInside(request: RangeRequest, limit: number, visitor: VisitMessage): void {
    this.reader.visit(request, limit, visitor, this.inside);
  }

  /** Makes the changes visible; returns the newest revision. */
  end(): number {
    assert(this.#open, 'a transaction was begun');
    this.#open = false;
    if (this.#changes > 0) {
      this.#revision++;
      this.backend.publish(this.#revision, this.#compacted);
      for (const observer of this.#observers) observer.published(this.#revision);
    }
    return this.#revision;
  }

  /**
   * Forgets what was superseded at or before `revision`: from now on for readers, from memory and file
   * by stepCompaction(). Throws COMPACTED, FUTURE_REVISION.
   */
  compact(revision: number): void {
    if (revision <= this.#compacted) {
      throw new EngineError('COMPACTED', `revision ${revision} has been compacted before`);
    }
    if (revision > this.#revision) {
      throw new EngineError(
        'FUTURE_REVISION',
        `revision ${revision} is a future revision; the newest is ${this.#revision}`,
      );
    }
    this.#compacted = revision;
    const mark = new Uint8Array(REVISION_BYTES);
    encodeRevision(mark, revision, 0);
    this.backend.put(META_BUCKET, SCHEDULED_COMPACTION, mark);
    this.backend.publish(this.#revision, revision);
    // One that is under way goes to its end first, as in etcd: to finish it here would be a long stall, and
    // its commits would store this request half done.
    if (this.#compaction === undefined) this.#startCompaction();
  }

  /** The compaction that is under way. */
  get compaction(): Compaction | undefined {
    return this.#compaction;
  }

  /** One bounded step of a compaction, if one is due; true while there is more to do. */
  stepCompaction(now: number): boolean {
    const compaction = this.#compaction;
    if (compaction === undefined) return false;
    if (!compaction.step(now)) return true;
    const mark = new Uint8Array(REVISION_BYTES);
    encodeRevision(mark, compaction.revision, 0);
    this.backend.put(META_BUCKET, FINISHED_COMPACTION, mark);
    this.#compaction = undefined;
    if (this.#compacted === compaction.revision) return false;
    this.#startCompaction();
    return true;
  }

  /** Runs a compaction to its end without pauses, or until the disk has no room. */
  finishCompaction(): void {
    while (!this.backend.noRoom && this.stepCompaction(Number.POSITIVE_INFINITY));
  }

  close(): void {
    this.backend.close();
  }

  #delete(key: Uint8Array, main: number, lease: bigint): void {
    const draft = this.#draft;
    draft.key = key;
    draft.keyLength = key.length;
    draft.valueLength = draft.createRevision = draft.modRevision = draft.version = 0;
    draft.lease = 0n;
    const living = this.index.tombstone(key, main, this.#changes);
    assert(living, 'only living keys are deleted');
    this.backend.append(main, this.#changes, true, draft);
    if (lease !== 0n) this.#owners.detach(leaseId(lease), key);
    for (const observer of this.#observers) observer.deleted(key, main, this.#changes);
    this.#changes++;
  }

  /** Lease of the key as the open transaction sees it; 0n without one. */
  #leaseOf(key: Uint8Array, keyLength: number): bigint {
    const bytes = keyLength === key.length ? key : key.subarray(0, keyLength);
    const { inside } = this;
    if (!this.index.find(bytes, inside.revision, this.#state)) return 0n;
    const { main, sub } = this.#state;
    const { backend } = this.reader;
    backend.begin(inside);
    try {
      if (!backend.find(main, sub)) return 0n;
      return this.#view.read(backend.u8, backend.start, backend.length).lease;
    } finally {
      backend.end();
    }
  }

  #changeOwner(key: Uint8Array, keyLength: number, from: bigint, to: bigint): void {
    const bytes = key.slice(0, keyLength);
    if (from !== 0n) this.#owners.detach(leaseId(from), bytes);
    if (to !== 0n) this.#owners.attach(leaseId(to), bytes);
  }

  #startCompaction(): void {
    this.#compaction = new Compaction(this.backend, this.index, {
      revision: this.#compacted,
      batch: this.#options.compactionBatch,
      pauseNs: this.#options.compactionPauseMs * 1e6,
      stepwise: this.index.indexLock === 'optimistic',
    });
  }

  /** Builds the index from the file, as etcd does: every revision in order. */
  #restore(): void {
    const revision = new RevisionKey();
    const leased = new Map<string, bigint>();
    const { db } = this.backend;
    let scheduled = 0;
    db.read((tx) => {
      const meta = tx.bucket(META_BUCKET);
      const marks = [FINISHED_COMPACTION, SCHEDULED_COMPACTION].map((name) => {
        const mark = meta?.get(name);
        if (mark === undefined) return 0;
        revision.read(mark, 0, mark.length);
        return revision.main;
      });
      this.#compacted = marks[0]!;
      scheduled = marks[1]!;
      const cursor = tx.bucket(KEY_BUCKET)!.cursor();
      for (let there = cursor.first(); there; there = cursor.next()) {
        const { u8 } = cursor.buffer;
        revision.read(u8, cursor.keyStart, cursor.keyLength);
        const view = this.#view.read(u8, cursor.valueStart, cursor.valueLength);
        const key = u8.slice(view.keyStart, view.keyStart + view.keyLength);
        const { main, sub, tombstone } = revision;
        this.#state.main = main;
        this.#state.sub = sub;
        this.#state.createMain = view.createRevision;
        this.#state.version = tombstone ? 0 : view.version;
        this.index.restore(key, key.length, this.#state);
        this.#revision = main;
        if (view.lease !== 0n || leased.size > 0) {
          const name = Buffer.from(key.buffer, key.byteOffset, key.length).toString('latin1');
          if (view.lease === 0n) leased.delete(name);
          else leased.set(name, view.lease);
        }
      }
    });
    for (const [name, lease] of leased) {
      this.#owners.attach(leaseId(lease), Buffer.from(name, 'latin1'));
    }
    this.#revision = Math.max(this.#revision, this.#compacted, scheduled);
    const interrupted = scheduled > this.#compacted;
    this.#compacted = Math.max(this.#compacted, scheduled);
    this.backend.publish(this.#revision, this.#compacted);
    if (interrupted) this.#startCompaction();
  }
}
