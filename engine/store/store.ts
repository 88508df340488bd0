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
// and tries again. Any other failure of the disk poisons the store until it is opened again, and so does a
// key index that is full in the middle of a request (store-health.ts).
//
// Left to others: what a request does (applier.ts), its form (requests.ts), what leases bring on by
// themselves (lease-upkeep.ts), and where file and log meet (consistent-index.ts).

import { dirname, join } from 'node:path';
import { nowNs } from '../base/clock.ts';
import { EngineError } from '../base/errors.ts';
import type { LeaseId } from '../base/ids.ts';
import { Db } from '../db/db.ts';
import { Lessor, type LeaseView } from '../lease/lessor.ts';
import { Mvcc } from '../mvcc/mvcc.ts';
import type { RangeRequest, RangeResponse } from '../mvcc/mvcc-reader.ts';
import { WatchHub } from '../mvcc/watch-hub.ts';
import type { Watcher, WatchListener, WatchRequest } from '../mvcc/watcher.ts';
import { nodeVfs } from '../vfs/node-vfs.ts';
import type { Vfs } from '../vfs/vfs.ts';
import { Wal } from '../wal/wal.ts';
import { Admission } from './admission.ts';
import type { Alarms } from './alarms.ts';
import { Applier } from './applier.ts';
import { ConsistentIndex } from './consistent-index.ts';
import { GroupLog } from './group-log.ts';
import { LeaseOwners } from './lease-owners.ts';
import { recoverLeases } from './lease-records.ts';
import { LeaseUpkeep } from './lease-upkeep.ts';
import { resolveStoreOptions, type StoreOptions } from './options.ts';
import { PutDraft, writePutHead } from './put-draft.ts';
import { RequestGroup, type Done } from './request-group.ts';
import { decodeRequest, encodeRequest, KIND_BYTES, KINDS, type Request } from './requests.ts';
import type { Response } from './responses.ts';
import { readSettings } from './settings.ts';
import { closed, StoreHealth } from './store-health.ts';
import { releaseStoreThread, type StoreShare } from './store-reader.ts';
import { takeStats, type StoreStats } from './store-stats.ts';

/** A group that has grown to this is written before more is queued. */
const GROUP_BYTES_MAX = 4 * 1024 ** 2;

export class Store {
  readonly folder: string;
  readonly warnings: readonly string[];
  readonly #db: Db;
  readonly #wal: Wal;
  readonly #log: GroupLog;
  readonly #mvcc: Mvcc;
  readonly #watches: WatchHub;
  readonly #lessor: Lessor;
  readonly #applier: Applier;
  readonly #admission: Admission;
  readonly #leases: LeaseUpkeep;
  readonly #index: ConsistentIndex;
  readonly #health = new StoreHealth();
  readonly #group = new RequestGroup();
  readonly #put = new PutDraft();
  #scheduled = false;
  #flushing = false;

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
    this.#db = db;
    this.warnings = db.warnings;
    const logFolder = join(folder, 'wal');
    this.#index = new ConsistentIndex(db, Wal.exists(logFolder, vfs));
    this.#lessor = new Lessor({
      expiry: options.leaseExpiry,
      revokeRate: options.leaseRevokeRate,
      ttlSecondsMin: options.leaseTtlMin,
      checkpointSeconds: options.leaseCheckpointSeconds,
    });
    const queue = {
      accepts: (kind: Request['kind'], done: Done) => this.#accepts(kind, done),
      queue: (request: Request, done: Done) => this.#enqueue(request, done),
    };
    this.#leases = new LeaseUpkeep(this.#lessor, queue, options.leaseRevokeKeys);
    const revoking = recoverLeases(db, this.#lessor, nowMs());
    this.#mvcc = new Mvcc(db, options, new LeaseOwners(this.#lessor));
    this.#watches = new WatchHub(this.#mvcc);
    const { backend } = this.#mvcc;
    const { durability, txnOperationsMax, quotaBytes, requestBytesMax } = options;
    const { segmentBytes } = options;
    const [mvcc, lessor, group] = [this.#mvcc, this.#lessor, this.#group];
    this.#applier = new Applier({ mvcc, lessor, revoking, txnOperationsMax });
    this.#wal = this.#index.openLog(backend, { folder: logFolder, segmentBytes }, vfs);
    this.#log = new GroupLog({ wal: this.#wal, group, health: this.#health, durability });
    this.#admission = new Admission({
      ...{ db, index: mvcc.index, group, alarms: this.#applier.alarms },
      ...{ quotaBytes, requestBytesMax, segmentBytes: this.#wal.segmentBytes },
      raise: (done) => {
        this.submit({ kind: 'alarm', alarm: 'noSpace', active: true }, done);
        this.flush();
      },
    });
    try {
      backend.onCommit(() => {
        // A commit must not hold what the log could lose.
        if (this.#log.durability === 'none') this.#wal.sync();
        this.#index.store(backend);
      });
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
    return this.#group.count;
  }

  /** Queues a request; its answer comes with the flush() after, or before this returns if it is refused. */
  submit(request: Request, done: Done): void {
    if (request.kind === 'leaseRevoke') {
      this.#leases.revoke(request.id, done);
      return;
    }
    if (this.#accepts(request.kind, done)) this.#enqueue(request, done);
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
    writePutHead(this.#group.begin(), { key, keyLength, value, valueLength, lease });
    this.#add(done);
  }

  /** As submit() of a request in the form it has in the log; copies it. Revocations go through steps. */
  submitEncoded(source: Uint8Array, start: number, length: number, done: Done): void {
    const kind = length === 0 ? undefined : KINDS[source[start]!];
    if (kind === undefined) {
      done(new EngineError('INVALID_ARGUMENT', 'a request of an unknown kind'), undefined);
      return;
    }
    if (kind === 'leaseRevoke') this.#revokeEncoded(source.subarray(start, start + length), done);
    else if (this.#accepts(kind, done)) {
      this.#group.begin().raw(source, start, length);
      this.#add(done);
    }
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
    this.#health.assertOpen();
    return this.#mvcc.reader.range(request);
  }

  /** Watches keys; see WatchHub.watch(). What lies in the past comes with tick(). */
  watch(request: WatchRequest, listener: WatchListener): Watcher {
    this.#health.assertOpen();
    return this.#watches.watch(request, listener);
  }

  /** Logs, syncs, carries out and answers all that is queued; returns how many requests. */
  flush(): number {
    const { count } = this.#group;
    // An answer may queue more and ask for a flush: that is the next group's.
    if (count === 0 || this.#flushing) return 0;
    this.#flushing = true;
    if (this.#log.durability === 'each') for (let i = 0; i < count; i++) this.#settle(i, i + 1);
    else this.#settle(0, count);
    this.#group.shift(count);
    this.#flushing = false;
    return count;
  }

  /**
   * Does what is due: a commit of the backend, leases that are over, a step of a compaction or of a
   * revocation. Call it at least every 10 ms. Returns whether more could be done at once.
   */
  tick(now: number = nowNs()): boolean {
    const health = this.#health;
    if (!health.open || health.poisoned) return false;
    this.#commitIfDue(now);
    // A backend without room takes no more: what it holds in memory has no bound then.
    if (!health.full) this.#leases.tick(now / 1e6);
    let more = this.#leases.revocations > 0 && !health.full;
    if (this.#mvcc.compaction !== undefined) {
      more = health.guard(() => this.#mvcc.stepCompaction(now)) === true || more;
    }
    if (this.#group.count > 0) this.flush();
    return health.guard(() => this.#watches.step(now)) === true || more;
  }

  /** Starts the lease's time again; returns its seconds. Throws LEASE_NOT_FOUND. Not logged, as in etcd. */
  keepAlive(id: LeaseId): number {
    this.#health.assertOpen();
    if (this.#applier.revoking.has(id)) {
      throw new EngineError('LEASE_NOT_FOUND', `requested lease not found: ${id}`);
    }
    this.#leases.keptAlive(id);
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

  /**
   * Brings everything into `db` and releases what the log no longer needs to hold. `whole`: until the next
   * commit the file says that it has all; for one that copies it, and commits again.
   */
  commit(whole = false): void {
    this.#health.assertOpen();
    this.#health.assertSound();
    this.#index.log = whole ? 'whole' : 'used';
    try {
      this.#commitBy(this.#commitBackend);
    } finally {
      this.#index.log = 'used';
    }
    this.#health.assertUsable();
  }

  /** What the open store runs with: read from its parts, whatever was asked for. */
  settings(): Record<string, string | number | boolean> {
    const [db, mvcc, lessor, leases] = [this.#db, this.#mvcc, this.#lessor, this.#leases];
    const [log, wal, admission, applier] = [this.#log, this.#wal, this.#admission, this.#applier];
    return { ...readSettings({ db, mvcc, lessor, leases, log, wal, admission, applier }) };
  }

  stats(): StoreStats {
    return takeStats({
      mvcc: this.#mvcc,
      lessor: this.#lessor,
      group: this.#group,
      wal: this.#wal,
      watches: this.#watches,
    });
  }

  get mvcc(): Mvcc {
    return this.#mvcc;
  }

  get lessor(): Lessor {
    return this.#lessor;
  }

  get alarms(): Pick<Alarms, 'has'> {
    return this.#applier.alarms;
  }

  /** Answers what is queued, commits and closes. What cannot be committed stays in the log. */
  close(): void {
    if (!this.#health.open) return;
    try {
      if (!this.#health.poisoned) {
        this.flush();
        this.#index.log = 'whole';
        this.#health.guard(this.#commitBackend);
      }
    } finally {
      this.#health.close();
      this.#leases.close(closed());
      this.#watches.close();
      this.#wal.close();
      this.#mvcc.close();
    }
  }

  /** Says no to what cannot be taken now; true where the request may be queued. */
  #accepts(kind: Request['kind'], done: Done): boolean {
    const refusal = this.#health.refusal ?? this.#admission.refusalOf(kind);
    if (refusal === undefined) return true;
    done(refusal, undefined);
    return false;
  }

  #revokeEncoded(source: Uint8Array, done: Done): void {
    let request: Request;
    try {
      request = decodeRequest(source, 0, source.length);
    } catch (error) {
      if (!(error instanceof EngineError)) throw error;
      done(error, undefined);
      return;
    }
    this.submit(request, done);
  }

  #enqueue(request: Request, done: Done): void {
    encodeRequest(request, this.#group.begin());
    this.#add(done);
  }

  /** What was written to the group is a request of it, unless it is too large. */
  #add(done: Done): void {
    const refusal = this.#admission.refusalOfSize(this.#group.written);
    if (refusal !== undefined) {
      done(refusal, undefined);
      return;
    }
    this.#group.add(done);
    if (this.#group.bytes >= GROUP_BYTES_MAX) this.flush();
  }

  /** Logs requests [from, to) of the group, then carries them out and answers. */
  #settle(from: number, to: number): void {
    const logged = this.#log.append(from, to);
    for (let i = from; i < to; i++) {
      const done = this.#group.doneOf(i);
      if (i < from + logged) this.#carryOut(i, done);
      else done(this.#health.lost, undefined);
    }
  }

  #carryOut(i: number, done: Done): void {
    const { u8 } = this.#group;
    const start = this.#group.startOf(i);
    const length = this.#group.endOf(i) - start;
    if (this.#health.poisoned) {
      done(this.#health.lost, undefined);
      return;
    }
    this.#index.value++;
    let response: Response | undefined;
    let fault: EngineError | undefined;
    try {
      response = this.#apply(u8, start, length);
    } catch (error) {
      if (!(error instanceof EngineError)) throw error;
      fault = error;
      this.#health.judge(error, this.#mvcc.midway);
    }
    // Without room the request is carried out all the same, and its answer says so.
    if (this.#mvcc.backend.batchFull) this.#commitBatch();
    done(fault, response);
  }

  #apply(source: Uint8Array, start: number, length: number): Response {
    if (source[start] === KIND_BYTES.put && this.#put.read(source, start + 1, length - 1)) {
      const { key, keyLength, value, lease } = this.#put;
      return this.#applier.applyPut(key, keyLength, value, lease);
    }
    return this.#applier.apply(decodeRequest(source, start, length), nowMs());
  }

  #scheduleFlush(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      if (this.#health.open) this.flush();
    });
  }

  #commitIfDue(now: number): void {
    if (!this.#health.mayCommit(now)) return;
    const { backend } = this.#mvcc;
    this.#commitBy(() => {
      if (this.#health.full) backend.commit();
      else backend.commitIfDue(now);
    });
  }

  readonly #commitBackend = (): void => {
    this.#mvcc.backend.commit();
  };

  /** Behind a request, so that none is stored by half. Without room, the next due time tries again. */
  #commitBatch(): void {
    if (this.#health.poisoned || this.#health.full) return;
    this.#mvcc.backend.stats.commitsByLimit++;
    this.#commitBy(this.#commitBackend);
  }

  /** Where `work` has committed, releases what the log no longer needs to hold. */
  #commitBy(work: () => void): void {
    const { stats } = this.#mvcc.backend;
    const { commits } = stats;
    this.#health.guard(work);
    if (stats.commits === commits) return;
    this.#health.committed();
    this.#health.guard(() => {
      this.#wal.release(this.#index.value);
    });
  }

  /** Brings back what the log holds and the backend does not. */
  #recover(): void {
    const { backend } = this.#mvcc;
    this.#wal.replay(this.#index.value, (index, payload) => {
      this.#index.value = index;
      try {
        this.#apply(payload, 0, payload.length);
      } catch (error) {
        if (!(error instanceof EngineError)) throw error;
        // What was refused then is refused again.
        if (!this.#health.judge(error, this.#mvcc.midway)) throw error;
      }
      if (this.#health.full) return;
      this.#health.guard(() => {
        if (backend.batchFull) backend.commit();
        else backend.commitIfDue(nowNs());
      });
      this.#health.assertSound();
    });
    for (const id of this.#applier.revoking) this.#leases.resume(id);
    this.#lessor.promote(nowMs(), 0);
  }
}

/** The lessor's time: whatever clock, as long as it goes on. */
function nowMs(): number {
  return nowNs() / 1e6;
}
