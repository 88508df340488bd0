// Backend: the Db with etcd's batching in front: changes go into the write buffer, where readers see them
// at once, and into the Db when batchLimit changes or batchInterval have passed. Owned by the writer
// thread; readers attach with backend-reader.ts. Everything not committed stays in the buffer until a
// commit has succeeded, so a full disk loses nothing: the commit is tried again when there is room.
//
// readLock says what a reader and the writer keep each other from (calibrated against etcd's backend):
// - 'global', etcd 3.3's: readers share a lock for as long as they read; the writer needs it alone to
//   publish a change and to commit. One long read stops the next write, and that every later read.
// - 'copy', etcd 3.4's ConcurrentReadTx: readers share the lock only while they copy the buffer's entries;
//   the writer takes it as above, the syncs of a commit included.
// - 'concurrent': no lock. Readers take a snapshot of the buffer in constant time, and the writer never waits.

import { assert } from '../base/assert.ts';
import { nowNs } from '../base/clock.ts';
import { EngineError } from '../base/errors.ts';
import type { Db } from '../db/db.ts';
import type { DbShare } from '../db/reader.ts';
import type { WriteTx } from '../db/write-tx.ts';
import { Published, publishedBytes } from '../shared/published.ts';
import { RwLock, type WriteWaits } from '../shared/rw-lock.ts';
import { BUCKETS, KEY_BUCKET } from './buckets.ts';
import type { KeyValueDraft } from './key-value.ts';
import type { ReadLock } from './options.ts';
import { encodeRevision, TOMBSTONE_BYTES } from './revision.ts';
import { createWriteBuffer, WriteBuffer, type WriteBufferShare } from './write-buffer.ts';

/** Fields of what is published with each change. */
export const REVISION_FIELD = 0;
export const COMPACTED_FIELD = 1;
export const BUFFER_END_FIELD = 2;
export const PUBLISHED_FIELDS = 3;

export interface BackendOptions {
  readonly readLock: ReadLock;
  /** Changes after which the batch is committed. */
  readonly batchLimit: number;
  readonly batchIntervalMs: number;
  readonly bufferEntries: number;
  readonly bufferBytes: number;
}

/** What a thread needs to attach; survives postMessage. */
export interface BackendShare {
  readonly db: DbShare;
  readonly buffer: WriteBufferShare;
  readonly state: SharedArrayBuffer;
  readonly lock: SharedArrayBuffer;
  readonly readLock: ReadLock;
}

export interface BackendStats {
  commits: number;
  /** Commits that the limit brought on; the others the interval. */
  commitsByLimit: number;
  /** Time the writer was held up by commits, their syncs included. */
  commitNs: number;
  commitNsMax: number;
}

export class Backend {
  readonly db: Db;
  readonly stats: BackendStats = {
    commits: 0,
    commitsByLimit: 0,
    commitNs: 0,
    commitNsMax: 0,
  };
  readonly #options: BackendOptions;
  readonly #bufferShare: WriteBufferShare;
  readonly #buffer: WriteBuffer;
  readonly #stateMemory = new SharedArrayBuffer(publishedBytes(PUBLISHED_FIELDS));
  readonly #state: Published;
  readonly #lockMemory = new SharedArrayBuffer(4 * RwLock.words);
  readonly #lock: RwLock;
  readonly #published = new Float64Array(PUBLISHED_FIELDS);
  readonly #key = new Uint8Array(TOMBSTONE_BYTES);
  readonly #revisionKey = this.#key.subarray(0, TOMBSTONE_BYTES - 1);
  /** Revision keys to delete with the next commit. */
  #removed: Uint8Array[] = [];
  /** Changes of other buckets by bucket and key, Latin-1; undefined deletes. Cleared by a commit. */
  readonly #others = new Map<Uint8Array, Map<string, Uint8Array | undefined>>();
  /** Changes since the last commit, as etcd counts them. */
  #pending = 0;
  #lastCommitNs = nowNs();
  /** The last commit found no room on the disk. */
  #noRoom = false;
  /** Called at the start of each commit: the layer above adds what must be stored with it. */
  #beforeCommit: () => void = () => undefined;

  /** Takes over `db`, which must be writable, and makes etcd's buckets in it. */
  constructor(db: Db, options: BackendOptions) {
    this.db = db;
    this.#options = options;
    this.#bufferShare = createWriteBuffer(options.bufferEntries, options.bufferBytes);
    this.#buffer = new WriteBuffer(this.#bufferShare);
    this.#state = new Published(this.#stateMemory, 0, PUBLISHED_FIELDS);
    this.#lock = new RwLock(new Int32Array(this.#lockMemory), 0);
    db.write((tx) => {
      for (const name of BUCKETS) tx.ensureBucket(name);
    });
  }

  share(): BackendShare {
    return {
      db: this.db.share(),
      buffer: this.#bufferShare,
      state: this.#stateMemory,
      lock: this.#lockMemory,
      readLock: this.#options.readLock,
    };
  }

  onCommit(before: () => void): void {
    this.#beforeCommit = before;
  }

  /** Changes that are not in a committed state of the Db. */
  get pending(): number {
    return this.#pending;
  }

  /** Reads that stood still so long that the buffer went round under them. */
  get lostReads(): number {
    return this.#buffer.lostReads;
  }

  /** What the writer waited for readers to leave the lock. */
  get lockWaits(): WriteWaits {
    return this.#lock.stats;
  }

  /**
   * The last commit found no room on the disk. Batches that grow full are not committed by themselves
   * then: the owner asks again, by commit(), and takes no more changes meanwhile than it must.
   */
  get noRoom(): boolean {
    return this.#noRoom;
  }

  /** Number behind the newest entry of the buffer, published or not. */
  get bufferEnd(): number {
    return this.#buffer.end;
  }

  /** What it runs with, the buffer's sizes as its memory has them. */
  settings(): BackendOptions {
    const { readLock, batchLimit, batchIntervalMs } = this.#options;
    const { entriesMax: bufferEntries, u8 } = this.#buffer.memory;
    return { readLock, batchLimit, batchIntervalMs, bufferEntries, bufferBytes: u8.length };
  }

  /** Room for changes of one request: entries, and bytes of their messages. */
  fits(entries: number, bytes: number): boolean {
    const { entriesMax, u8 } = this.#buffer.memory;
    return entries <= entriesMax / 2 && bytes <= u8.length / 2;
  }

  /** Takes the message in for readers, which publish() lets see it, and for the next commit. */
  append(main: number, sub: number, tombstone: boolean, draft: KeyValueDraft): void {
    const bytes = draft.bytes;
    if (!this.#buffer.fits(bytes)) this.#makeRoom(bytes);
    this.#buffer.append(main, sub, tombstone, draft);
    this.#pending++;
  }

  /** Deletes a revision that was compacted away. Takes `key` over. Readers of older states still see it. */
  remove(key: Uint8Array): void {
    this.#removed.push(key);
    this.#pending++;
  }

  /** Sets or, with undefined, deletes a key of another bucket than `key`. Takes `value` over. */
  put(bucket: Uint8Array, key: Uint8Array, value: Uint8Array | undefined): void {
    let changes = this.#others.get(bucket);
    if (changes === undefined) {
      changes = new Map<string, Uint8Array | undefined>();
      this.#others.set(bucket, changes);
    }
    changes.set(Buffer.from(key.buffer, key.byteOffset, key.length).toString('latin1'), value);
    this.#pending++;
  }

  /** Shows readers all changes so far. Never commits: what the request does besides may not be told yet. */
  publish(revision: number, compacted: number): void {
    const { readLock } = this.#options;
    this.#published[REVISION_FIELD] = revision;
    this.#published[COMPACTED_FIELD] = compacted;
    this.#published[BUFFER_END_FIELD] = this.#buffer.end;
    if (readLock !== 'concurrent') this.#lock.lockExclusive();
    this.#state.publish(this.#published);
    if (readLock !== 'concurrent') this.#lock.unlockExclusive();
  }

  /**
   * Whether a commit is due by what has piled up; to be asked behind every request, since half of the
   * buffer has to be free for the next one. Amid a request a commit would store half of it.
   */
  get batchFull(): boolean {
    return this.#pending >= this.#options.batchLimit || this.#buffer.halfFull;
  }

  /** As commit(), but false, and noRoom, in place of NO_SPACE. */
  tryCommit(): boolean {
    try {
      this.commit();
      return true;
    } catch (error) {
      if (error instanceof EngineError && error.code === 'NO_SPACE') return false;
      throw error;
    }
  }

  /** Commits if the interval has passed since the last commit and there is something to commit. */
  commitIfDue(now: number): void {
    if (now - this.#lastCommitNs < this.#options.batchIntervalMs * 1e6) return;
    if (this.#pending > 0) this.commit();
    else this.#lastCommitNs = now;
  }

  /** When commitIfDue() has something to do next, in nanoseconds of the clock. */
  get dueNs(): number {
    return this.#lastCommitNs + this.#options.batchIntervalMs * 1e6;
  }

  /**
   * Brings all changes into the Db. Throws NO_SPACE, with nothing lost and to be tried again, and IO
   * or POISONED, after which only a new open helps.
   */
  commit(): void {
    const locked = this.#options.readLock !== 'concurrent';
    if (locked) this.#lock.lockExclusive();
    const started = nowNs();
    try {
      this.#beforeCommit();
      this.db.write((tx) => {
        this.#apply(tx);
      });
      this.#noRoom = false;
    } catch (error) {
      this.#noRoom = error instanceof EngineError && error.code === 'NO_SPACE';
      throw error;
    } finally {
      if (locked) this.#lock.unlockExclusive();
      this.#lastCommitNs = nowNs();
    }
    this.#removed = [];
    this.#others.clear();
    this.#pending = 0;
    this.#buffer.committed(this.db.epoch);
    this.#buffer.reclaim(this.db.oldestEpoch());
    const took = this.#lastCommitNs - started;
    this.stats.commits++;
    this.stats.commitNs += took;
    if (took > this.stats.commitNsMax) this.stats.commitNsMax = took;
  }

  /** Closes the Db. What was not committed is for the log to bring back. */
  close(): void {
    this.db.close();
  }

  /** Revision keys ascend, so that puts append to one leaf, which they fill as far as the Db says. */
  #apply(tx: WriteTx): void {
    const keys = tx.ensureBucket(KEY_BUCKET);
    const { memory } = this.#buffer;
    for (let entry = this.#buffer.base; entry < this.#buffer.end; entry++) {
      const at = entry % memory.entriesMax;
      const tombstone = memory.isTombstone(at);
      encodeRevision(this.#key, memory.mains[at]!, memory.subs[at]!, tombstone);
      const offset = memory.offsets[at]!;
      const message = memory.u8.subarray(offset, offset + memory.messageLength(at));
      keys.put(tombstone ? this.#key : this.#revisionKey, message);
    }
    for (const key of this.#removed) keys.delete(key);
    for (const [name, changes] of this.#others) {
      const bucket = tx.ensureBucket(name);
      for (const [id, value] of changes) {
        const key = Buffer.from(id, 'latin1');
        if (value === undefined) bucket.delete(key);
        else bucket.put(key, value);
      }
    }
    tx.note = this.#buffer.end;
  }

  /**
   * The buffer is full: takes what no reader needs, then what readers stand on. Never commits: that
   * would store half a request. publish() keeps half of the buffer free for the next one.
   */
  #makeRoom(bytes: number): void {
    this.#buffer.reclaim(this.db.oldestEpoch());
    if (this.#buffer.fits(bytes)) return;
    this.#buffer.dropCommitted();
    if (this.#buffer.fits(bytes)) return;
    // Requests are checked by fits() before they change anything: only a disk without room lets several
    // add up here, those that were in the log already when it was found.
    assert(this.#noRoom, 'half of the buffer is free for a request');
    throw new EngineError(
      'NO_SPACE',
      'neither the disk nor the write buffer has room for what the log holds; open the store again',
    );
  }
}

/** Frees what a thread held of the backend's lock that has ended; from any thread. */
export function releaseBackendThread(share: BackendShare, thread: number): void {
  new RwLock(new Int32Array(share.lock), 0).releaseThread(thread);
}
