// Store: an etcd-style store on one folder: `db` in bbolt's format, and the log beside it. One thread owns
// it and makes every change; readers attach from any thread (StoreReader).
//
// Path of a write, as etcd's: the request is queued; flush() logs all that is queued, syncs once for all of
// it (durability 'group'), carries each out on keys and leases, where readers see it, and answers. The
// backend commits by itself, later. A crash at any moment loses nothing that was answered: open() brings
// back from the log what the backend lacks, by the index of the last request that it holds.
//
// Refused by a full disk: a group whose log entries cannot be written is answered NO_SPACE and never
// happened; a backend that cannot commit keeps everything in memory and log, refuses writes, serves reads,
// and tries again. Any other failure of the disk poisons the store until it is opened again.

import { randomBytes } from 'node:crypto';
import { dirname, join } from 'node:path';
import { nowNs } from '../base/clock.ts';
import { EngineError } from '../base/errors.ts';
import type { LeaseId } from '../base/ids.ts';
import { Db } from '../db/db.ts';
import { LeaseCheckpoints, LeaseDue } from '../lease/lease-list.ts';
import { Lessor, type LeaseView } from '../lease/lessor.ts';
import { LEASE_TICK_MS } from '../lease/options.ts';
import { CONSISTENT_INDEX, META_BUCKET, STORE_IDENTITY, TERM } from '../mvcc/buckets.ts';
import { Mvcc, type KeyOwners } from '../mvcc/mvcc.ts';
import type { RangeRequest, RangeResponse } from '../mvcc/mvcc-reader.ts';
import { readBig, writeBig } from '../mvcc/revision.ts';
import { WatchHub, type WatchStats } from '../mvcc/watch-hub.ts';
import type { Watcher, WatchListener, WatchRequest } from '../mvcc/watcher.ts';
import { nodeVfs } from '../vfs/node-vfs.ts';
import type { Vfs } from '../vfs/vfs.ts';
import { Wal, type WalStats } from '../wal/wal.ts';
import { Applier } from './applier.ts';
import { LeaseRecords, readLeases } from './lease-records.ts';
import { MessageWriter } from './message-writer.ts';
import { resolveStoreOptions, type StoreOptions } from './options.ts';
import { PutDraft, writePutHead } from './put-draft.ts';
import { decodeRequest, encodeRequest, KIND_BYTES, KINDS, type Request } from './requests.ts';
import type { Response } from './responses.ts';
import { releaseStoreThread, type StoreShare } from './store-reader.ts';

const IDENTITY_BYTES = 16;
const INDEX_BYTES = 8;
/** A group that has grown to this is written before more is queued. */
const GROUP_BYTES_MAX = 4 * 1024 ** 2;
/** A backend that had no room is asked again after so long. */
const RETRY_NS = 1e9;

/** Told once the request was carried out and is as durable as the store's durability says. */
export type Done = (error: EngineError | undefined, response: Response | undefined) => void;

export interface StoreStats {
  readonly revision: number;
  readonly compacted: number;
  readonly keys: number;
  readonly leases: number;
  readonly indexBytes: number;
  readonly leaseBytes: number;
  readonly groups: number;
  readonly requests: number;
  /** Requests of the largest group. */
  readonly groupMax: number;
  readonly wal: WalStats;
  readonly backendCommits: number;
  readonly backendCommitNs: number;
  readonly backendCommitNsMax: number;
  /** What the writer waited for readers, over all. */
  readonly readersWaitedNs: number;
  readonly readersWaitedNsMax: number;
  /** Reads that stood still until the write buffer went round under them. */
  readonly lostReads: number;
  readonly watches: WatchStats;
}

export class Store {
  readonly folder: string;
  readonly options: StoreOptions;
  readonly warnings: readonly string[];
  readonly #db: Db;
  /** Absent only while the store is being opened. */
  readonly #wal: Wal;
  readonly #mvcc: Mvcc;
  readonly #watches: WatchHub;
  readonly #lessor: Lessor;
  readonly #applier: Applier;
  readonly #group = new MessageWriter();
  readonly #offsets: number[] = [];
  readonly #waiting: Done[] = [];
  readonly #put = new PutDraft();
  readonly #due = new LeaseDue();
  readonly #checkpoints = new LeaseCheckpoints();
  /** Leases whose keys are deleted step by step, with who waits for the end. */
  readonly #revocations = new Map<LeaseId, Done[]>();
  readonly #identity: Uint8Array;
  #consistentIndex = 0;
  /** etcd's consistent index is ours plus this: a file that etcd wrote goes on counting. */
  #indexBase = 0;
  #applied = 0;
  #groups = 0;
  #requests = 0;
  #groupMax = 0;
  #lastTickMs = Number.NEGATIVE_INFINITY;
  #scheduled = false;
  #flushing = false;
  #full = false;
  #retryNs = 0;
  #poison: EngineError | undefined;
  #open = true;

  /**
   * Opens the store in `folder`, or makes one; `folder`/db may also be a file of etcd's. Reads every
   * revision, then the log behind it. Throws as Db.open() and Wal.open() do.
   */
  static open(folder: string, options: Partial<StoreOptions> = {}, vfs: Vfs = nodeVfs): Store {
    const resolved = resolveStoreOptions(options);
    if (!vfs.exists(folder)) vfs.makeFolder(folder);
    const db = Db.open(join(folder, 'db'), resolved, vfs);
    try {
      // Also where they were there: who made them may have died before this.
      vfs.syncFolder(folder);
      vfs.syncFolder(dirname(folder));
      return new Store(folder, resolved, db, vfs);
    } catch (error) {
      db.close();
      throw error;
    }
  }

  private constructor(folder: string, options: StoreOptions, db: Db, vfs: Vfs) {
    this.folder = folder;
    this.options = options;
    this.#db = db;
    this.warnings = db.warnings;
    const stored = this.#readIdentity();
    this.#lessor = new Lessor({
      expiry: options.leaseExpiry,
      revokeRate: options.leaseRevokeRate,
      ttlSecondsMin: options.leaseTtlMin,
      checkpointSeconds: options.leaseCheckpointSeconds,
    });
    const now = nowMs();
    const leases = readLeases(db);
    for (const { id, ttlSeconds, remainingSeconds } of leases) {
      this.#lessor.recover(id, ttlSeconds, remainingSeconds, now);
    }
    this.#mvcc = new Mvcc(db, options, ownersOf(this.#lessor));
    this.#watches = new WatchHub(this.#mvcc);
    const { backend } = this.#mvcc;
    const records = new LeaseRecords(
      backend,
      (id) => this.#lessor.timeToLive(id, now)?.ttlSeconds ?? 0,
    );
    const parts = { mvcc: this.#mvcc, lessor: this.#lessor, records, options };
    this.#applier = new Applier(parts);
    for (const { id, revoking } of leases) if (revoking) this.#resumeRevocation(id);
    this.#identity = stored ?? new Uint8Array(randomBytes(IDENTITY_BYTES));
    backend.onCommit(() => {
      this.#storeIndex();
    });
    if (stored === undefined) {
      // The identity is durable before the log is made that bears it.
      backend.commit();
    }
    this.#wal = Wal.open(
      join(folder, 'wal'),
      { identity: this.#identity, segmentBytes: options.segmentBytes },
      vfs,
    );
    try {
      this.#recover();
    } catch (error) {
      this.#wal.close();
      throw error;
    }
  }

  /** What readers in other threads attach with. */
  share(): StoreShare {
    return this.#mvcc.share();
  }

  /** Frees what a reading thread held that has ended. */
  releaseThread(thread: number): void {
    releaseStoreThread(this.share(), thread);
  }

  /** Newest visible revision. */
  get revision(): number {
    return this.#mvcc.revision;
  }

  /** Requests that wait for the next flush(). */
  get queued(): number {
    return this.#waiting.length;
  }

  /** Queues a request; its answer comes with the flush() after, or before this returns if it is refused. */
  submit(request: Request, done: Done): void {
    if (request.kind === 'leaseRevoke') {
      this.#beginRevocation(request.id, done);
      return;
    }
    if (!this.#accepts(request.kind, done)) return;
    const start = this.#group.length;
    encodeRequest(request, this.#group);
    this.#queue(start, done);
  }

  /** As submit() of a put of key[0, keyLength) and value[0, valueLength), without objects. */
  submitPut(
    key: Uint8Array,
    keyLength: number,
    value: Uint8Array,
    valueLength: number,
    lease: LeaseId,
    done: Done,
  ): void {
    if (!this.#accepts('put', done)) return;
    const start = this.#group.length;
    writePutHead(this.#group, { key, keyLength, value, valueLength, lease });
    this.#queue(start, done);
  }

  /** As submit() of a request in the form it has in the log; copies it. Revocations go through steps. */
  submitEncoded(source: Uint8Array, start: number, length: number, done: Done): void {
    const kind = KINDS[source[start]!];
    if (kind === undefined) {
      done(new EngineError('INVALID_ARGUMENT', 'a request of an unknown kind'), undefined);
      return;
    }
    if (kind === 'leaseRevoke') {
      const request = decodeRequest(source, start, length);
      if (request.kind === 'leaseRevoke') this.#beginRevocation(request.id, done);
      return;
    }
    if (!this.#accepts(kind, done)) return;
    const at = this.#group.length;
    this.#group.raw(source, start, length);
    this.#queue(at, done);
  }

  /** As submit(), with a promise; flushes by itself with all that other callers queue meanwhile. */
  request(request: Request): Promise<Response> {
    return new Promise((resolve, reject) => {
      this.submit(request, (error, response) => {
        if (error === undefined) resolve(response!);
        else reject(error);
      });
      this.#scheduleFlush();
    });
  }

  /** Reads in the store's own thread; see MvccReader.range(). */
  range(request: RangeRequest): RangeResponse {
    this.#assertOpen();
    return this.#mvcc.reader.range(request);
  }

  /** Watches keys; see WatchHub.watch(). What lies in the past comes with tick(). */
  watch(request: WatchRequest, listener: WatchListener): Watcher {
    this.#assertOpen();
    return this.#watches.watch(request, listener);
  }

  /** Logs, syncs, carries out and answers all that is queued; returns how many requests. */
  flush(): number {
    const count = this.#waiting.length;
    // An answer may queue more and ask for a flush: that is the next group's.
    if (count === 0 || this.#flushing) return 0;
    this.#flushing = true;
    this.#groups++;
    this.#requests += count;
    if (count > this.#groupMax) this.#groupMax = count;
    if (this.options.durability === 'each') for (let i = 0; i < count; i++) this.#settle(i, i + 1);
    else this.#settle(0, count);
    this.#keepBehind(count);
    this.#flushing = false;
    return count;
  }

  /**
   * Does what is due: a commit of the backend, leases that are over, a step of a compaction or of a
   * revocation. Call it at least every 10 ms. Returns whether more could be done at once.
   */
  tick(now: number = nowNs()): boolean {
    if (!this.#open || this.#poison !== undefined) return false;
    this.#commitIfDue(now);
    const milliseconds = now / 1e6;
    if (milliseconds - this.#lastTickMs >= LEASE_TICK_MS) {
      this.#lastTickMs = milliseconds;
      this.#expireLeases(milliseconds);
    }
    for (const id of this.#revocations.keys()) this.#stepRevocation(id);
    let more = this.#revocations.size > 0;
    if (this.#mvcc.compaction !== undefined) {
      more = this.#guard(() => this.#mvcc.stepCompaction(now)) === true || more;
    }
    if (this.#waiting.length > 0) this.flush();
    return this.#guard(() => this.#watches.step(now)) === true || more;
  }

  /** Starts the lease's time again; returns its seconds. Throws LEASE_NOT_FOUND. Not logged, as in etcd. */
  keepAlive(id: LeaseId): number {
    this.#assertOpen();
    if (this.#applier.revoking.has(id)) {
      throw new EngineError('LEASE_NOT_FOUND', `requested lease not found: ${id}`);
    }
    if (this.#lessor.remainingPersisted(id) > 0) {
      this.submit({ kind: 'leaseCheckpoint', id, remainingSeconds: 0 }, () => undefined);
    }
    return this.#lessor.keepAlive(id, nowMs());
  }

  timeToLive(id: LeaseId): LeaseView | undefined {
    return this.#lessor.timeToLive(id, nowMs());
  }

  /** Copies of the lease's keys, in key order. Throws LEASE_NOT_FOUND. */
  keysOfLease(id: LeaseId): Uint8Array[] {
    return this.#lessor.keysOf(id);
  }

  leases(): LeaseId[] {
    return this.#lessor.leases();
  }

  /** Brings everything into `db` and releases what the log no longer needs to hold. */
  commit(): void {
    this.#assertOpen();
    this.#guard(() => {
      this.#mvcc.backend.commit();
    });
    if (this.#poison !== undefined) throw this.#poison;
    if (this.#full) throw noRoom();
    this.#wal.release(this.#consistentIndex);
  }

  /** What the open store runs with, for results: read back, not what was asked for. */
  settings(): Record<string, string | number | boolean> {
    const { pageSize, cacheBytes } = this.#db.options;
    return { ...this.options, freelist: this.#db.freelistKind, pageSize, cacheBytes };
  }

  stats(): StoreStats {
    const { backend, index } = this.#mvcc;
    return {
      revision: this.#mvcc.revision,
      compacted: this.#mvcc.compacted,
      keys: index.keys,
      leases: this.#lessor.count,
      indexBytes: index.bytesUsed,
      leaseBytes: this.#lessor.memoryBytes,
      groups: this.#groups,
      requests: this.#requests,
      groupMax: this.#groupMax,
      wal: this.#wal.stats(),
      backendCommits: backend.stats.commits,
      backendCommitNs: backend.stats.commitNs,
      backendCommitNsMax: backend.stats.commitNsMax,
      readersWaitedNs: backend.lockWaits.nanoseconds,
      readersWaitedNsMax: backend.lockWaits.nanosecondsMax,
      lostReads: backend.lostReads,
      watches: this.#watches.stats(),
    };
  }

  get mvcc(): Mvcc {
    return this.#mvcc;
  }

  get lessor(): Lessor {
    return this.#lessor;
  }

  /** Answers what is queued, commits and closes. What cannot be committed stays in the log. */
  close(): void {
    if (!this.#open) return;
    try {
      if (this.#poison === undefined) {
        this.flush();
        this.#guard(() => {
          this.#mvcc.backend.commit();
        });
      }
    } finally {
      this.#open = false;
      this.#watches.close();
      this.#wal.close();
      this.#mvcc.close();
    }
  }

  /** Says no to what cannot be taken now; true where the request may be queued. */
  #accepts(kind: Request['kind'], done: Done): boolean {
    const refusal = this.#refusalOf(kind);
    if (refusal === undefined) return true;
    done(refusal, undefined);
    return false;
  }

  #refusalOf(kind: Request['kind']): EngineError | undefined {
    if (!this.#open) return new EngineError('TX_CLOSED', 'the store is closed');
    if (this.#poison !== undefined) return poisoned(this.#poison);
    if (this.#full) return noRoom();
    const grows = kind === 'put' || kind === 'txn' || kind === 'leaseGrant';
    if (!grows) return undefined;
    const { quotaBytes } = this.options;
    if (this.#db.fileBytes > quotaBytes && !this.#applier.alarms.has('noSpace')) {
      this.submit({ kind: 'alarm', alarm: 'noSpace', active: true }, () => undefined);
      this.flush();
    }
    if (!this.#applier.alarms.has('noSpace')) return undefined;
    return new EngineError(
      'QUOTA_EXCEEDED',
      `database space exceeded: over ${quotaBytes} bytes; compact, defragment, disarm the alarm`,
    );
  }

  /** What was encoded from `start` on is a request of the group, unless it is too large. */
  #queue(start: number, done: Done): void {
    const bytes = this.#group.length - start;
    if (bytes > this.options.requestBytesMax) {
      this.#group.length = start;
      const message = `request is too large: ${bytes} bytes, at most ${this.options.requestBytesMax}`;
      done(new EngineError('REQUEST_TOO_LARGE', message), undefined);
      return;
    }
    this.#offsets.push(start);
    this.#waiting.push(done);
    if (this.#group.length >= GROUP_BYTES_MAX) this.flush();
  }

  /** Logs requests [from, to) of the group, then carries them out and answers. */
  #settle(from: number, to: number): void {
    const logged = this.#log(from, to);
    for (let i = from; i < to; i++) {
      const done = this.#waiting[i]!;
      if (i < from + logged) this.#carryOut(i, done);
      else done(this.#poison === undefined ? noRoom() : poisoned(this.#poison), undefined);
    }
  }

  /** Returns how many of the requests are in the log for good. */
  #log(from: number, to: number): number {
    const before = this.#wal.lastIndex;
    try {
      for (let i = from; i < to; i++) {
        const start = this.#offsets[i]!;
        const end = this.#offsets[i + 1] ?? this.#group.length;
        this.#wal.append(this.#group.u8.subarray(start, end));
      }
      if (this.options.durability === 'none') this.#wal.flush();
      else this.#wal.sync();
      return to - from;
    } catch (error) {
      if (!(error instanceof EngineError)) throw error;
      if (error.code !== 'NO_SPACE') {
        this.#poison = error;
        return 0;
      }
      return this.#wal.discard() - before;
    }
  }

  #carryOut(i: number, done: Done): void {
    const start = this.#offsets[i]!;
    const end = this.#offsets[i + 1] ?? this.#group.length;
    this.#consistentIndex++;
    if (this.#poison !== undefined) {
      done(poisoned(this.#poison), undefined);
      return;
    }
    let response: Response | undefined;
    let refusal: EngineError | undefined;
    try {
      response = this.#apply(this.#group.u8, start, end - start);
    } catch (error) {
      if (!(error instanceof EngineError)) throw error;
      refusal = error;
      if (this.#isFatal(error)) this.#poison = error;
    }
    done(refusal, response);
  }

  /** Errors of memory and disk, which may have left a request half done. */
  #isFatal(error: EngineError): boolean {
    if (error.code === 'NO_SPACE' && !this.#full) {
      // The backend's commit found no room: everything stays in memory and log.
      this.#full = true;
      this.#retryNs = nowNs() + RETRY_NS;
      return false;
    }
    return error.code === 'IO' || error.code === 'POISONED' || error.code === 'CORRUPT';
  }

  #apply(source: Uint8Array, start: number, length: number): Response {
    this.#applied++;
    if (source[start] === KIND_BYTES.put && this.#put.read(source, start + 1, length - 1)) {
      const { key, keyLength, value, lease } = this.#put;
      return this.#applier.applyPut(key, keyLength, value, lease);
    }
    return this.#applier.apply(decodeRequest(source, start, length), nowMs());
  }

  #keepBehind(count: number): void {
    const from = this.#offsets[count] ?? this.#group.length;
    this.#offsets.splice(0, count);
    this.#waiting.splice(0, count);
    for (let i = 0; i < this.#offsets.length; i++) this.#offsets[i]! -= from;
    if (from < this.#group.length) this.#group.u8.copyWithin(0, from, this.#group.length);
    this.#group.length -= from;
  }

  #scheduleFlush(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      if (this.#open) this.flush();
    });
  }

  #commitIfDue(now: number): void {
    if (this.#full && now < this.#retryNs) return;
    const { backend } = this.#mvcc;
    const { commits } = backend.stats;
    this.#guard(() => {
      if (this.#full) backend.commit();
      else backend.commitIfDue(now);
    });
    if (backend.stats.commits === commits) return;
    this.#full = false;
    this.#wal.release(this.#consistentIndex);
  }

  /** Runs work of the backend: a full disk is remembered, anything else of the disk poisons. */
  #guard<T>(work: () => T): T | undefined {
    try {
      return work();
    } catch (error) {
      if (!(error instanceof EngineError)) throw error;
      if (error.code === 'NO_SPACE') {
        this.#full = true;
        this.#retryNs = nowNs() + RETRY_NS;
      } else this.#poison = error;
      return undefined;
    }
  }

  #expireLeases(milliseconds: number): void {
    if (this.#lessor.count === 0) return;
    this.#lessor.tick(milliseconds, this.#due);
    for (let i = 0; i < this.#due.length; i++) {
      this.#beginRevocation(this.#due.idAt(i), () => undefined);
    }
    if (this.options.leaseCheckpointSeconds === 0) return;
    this.#lessor.checkpoints(milliseconds, this.#checkpoints);
    for (let i = 0; i < this.#checkpoints.length; i++) {
      const id = this.#checkpoints.idAt(i);
      const remainingSeconds = this.#checkpoints.remainingSecondsAt(i);
      this.submit({ kind: 'leaseCheckpoint', id, remainingSeconds }, () => undefined);
    }
  }

  /** A revocation is as many logged requests as its keys take steps; who asked hears of the last. */
  #beginRevocation(id: LeaseId, done: Done): void {
    const waiting = this.#revocations.get(id);
    if (waiting !== undefined) {
      waiting.push(done);
      return;
    }
    if (!this.#accepts('leaseRevoke', done)) return;
    this.#revocations.set(id, [done]);
    this.#stepRevocation(id);
  }

  #stepRevocation(id: LeaseId): void {
    const start = this.#group.length;
    encodeRequest({ kind: 'leaseRevoke', id, keysMax: this.options.leaseRevokeKeys }, this.#group);
    this.#queue(start, (error, response) => {
      const more = error === undefined && response?.kind === 'leaseRevoke' && response.more;
      if (more) return;
      const waiting = this.#revocations.get(id) ?? [];
      this.#revocations.delete(id);
      for (const done of waiting) done(error, response);
    });
  }

  #resumeRevocation(id: LeaseId): void {
    this.#applier.revoking.add(id);
    this.#revocations.set(id, []);
  }

  /** Brings back what the log holds and the backend does not. */
  #recover(): void {
    const { backend } = this.#mvcc;
    this.#wal.replay(this.#consistentIndex, (index, payload) => {
      this.#consistentIndex = index;
      try {
        this.#apply(payload, 0, payload.length);
      } catch (error) {
        // What was refused then is refused again.
        if (!(error instanceof EngineError) || this.#isFatal(error)) throw error;
      }
      backend.commitIfDue(nowNs());
    });
    this.#lessor.promote(nowMs(), 0);
  }

  #readIdentity(): Uint8Array | undefined {
    return this.#db.read((tx) => {
      const meta = tx.bucket(META_BUCKET);
      const index = meta?.get(CONSISTENT_INDEX);
      const etcdIndex = index?.length === INDEX_BYTES ? readBig(index, 0) : 0;
      const own = meta?.get(STORE_IDENTITY);
      if (own === undefined) {
        this.#indexBase = etcdIndex;
        return undefined;
      }
      if (own.length !== IDENTITY_BYTES + INDEX_BYTES) {
        throw new EngineError('CORRUPT', `the store's identity has ${own.length} bytes`);
      }
      this.#consistentIndex = readBig(own, IDENTITY_BYTES);
      this.#indexBase = etcdIndex - this.#consistentIndex;
      return own.slice(0, IDENTITY_BYTES);
    });
  }

  /** Before each commit of the backend, which must not hold what the log could lose. */
  #storeIndex(): void {
    if (this.options.durability === 'none') this.#wal?.sync();
    const { backend } = this.#mvcc;
    const own = new Uint8Array(IDENTITY_BYTES + INDEX_BYTES);
    own.set(this.#identity);
    writeBig(own, IDENTITY_BYTES, this.#consistentIndex);
    backend.put(META_BUCKET, STORE_IDENTITY, own);
    const index = new Uint8Array(INDEX_BYTES);
    writeBig(index, 0, Math.max(0, this.#indexBase) + this.#consistentIndex);
    backend.put(META_BUCKET, CONSISTENT_INDEX, index);
    const term = new Uint8Array(INDEX_BYTES);
    writeBig(term, 0, 1);
    backend.put(META_BUCKET, TERM, term);
  }

  #assertOpen(): void {
    if (!this.#open) throw new EngineError('TX_CLOSED', 'the store is closed');
  }
}

function ownersOf(lessor: Lessor): KeyOwners {
  let attached = false;
  return {
    get some() {
      return attached;
    },
    attach: (lease, key) => {
      attached = true;
      // Of a file: a key whose lease is gone stays, as in etcd.
      if (lessor.has(lease)) lessor.attach(lease, key);
    },
    detach: (lease, key) => {
      if (lessor.has(lease)) lessor.detach(lease, key);
    },
  };
}

/** The lessor's time: whatever clock, as long as it goes on. */
function nowMs(): number {
  return nowNs() / 1e6;
}

function poisoned(cause: EngineError): EngineError {
  return new EngineError('POISONED', `the store has to be opened again: ${cause.message}`, {
    cause,
  });
}

function noRoom(): EngineError {
  return new EngineError('NO_SPACE', 'no room on the disk; writes are refused until there is');
}
