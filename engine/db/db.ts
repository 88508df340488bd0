// Db: one open database file. The thread that opened it is its writer and owns all mutation; readers
// attach from any thread (reader.ts) through share().
//
// Durability, in this order and no other: dirty pages are written, ascending, neighbours joined; the
// file is synced; the meta page that makes them reachable is written; the file is synced again; only
// then are readers shown the new state. A crash at any point leaves one of the two metas whole, and
// all that it reaches. After a failed write or sync nobody knows what is on disk: the Db is poisoned,
// readers go on with the last committed state, and writing needs a reopen. The one exception: a disk that
// was full before the first sync.
//
// Pages freed by transaction t are reused only when no reader is older than t.

import type { Worker } from 'node:worker_threads';
import { assert, verifying } from '../base/assert.ts';
import { nowNs } from '../base/clock.ts';
import { EngineError } from '../base/errors.ts';
import { pgid, txid, type Txid } from '../base/ids.ts';
import { BufferPool } from '../btree/buffer-pool.ts';
import type { Node } from '../btree/node.ts';
import type { TreeContext } from '../btree/tree.ts';
import { createFreelist } from '../freelist/create.ts';
import type { Freelist } from '../freelist/freelist.ts';
import type { SpanList } from '../base/span-list.ts';
import { freelistBytes, writeFreelist } from '../page/freelist-page.ts';
import { encodeMeta, type Meta } from '../page/meta-page.ts';
import { createPageCache, PageCache, type PageCacheShare } from '../page/page-cache.ts';
import { corrupt, PageReader } from '../page/page-reader.ts';
import { Control, createControl, type ControlShare } from '../shared/control.ts';
import type { Vfs, VfsFile } from '../vfs/vfs.ts';
import { nodeVfs } from '../vfs/node-vfs.ts';
import { initializeFile, loadFreelist, readMeta } from './open-file.ts';
import { resolveOptions, type EngineOptions } from './options.ts';
import { closedError, Reader, type DbShare, type ReadTx } from './reader.ts';
import { newCommitStats, type CommitStats, type DbStats } from './stats.ts';
import { verifyFreePages } from './verify.ts';
import { WriteTx, type WriteTxHost } from './write-tx.ts';

const NODE_POOL_BYTES = 64 * 1024 * 1024;

export class Db implements WriteTxHost {
  readonly path: string;
  readonly options: EngineOptions;
  /** Doubts about this open, such as a lock that other programs cannot see. */
  readonly warnings: readonly string[];
  readonly #file: VfsFile;
  readonly #freelist: Freelist;
  readonly #cacheShare: PageCacheShare;
  readonly #controlShare: ControlShare;
  readonly #cache: PageCache;
  readonly #control: Control;
  readonly #reader: Reader;
  readonly #pages: PageReader;
  readonly #pool: BufferPool;
  readonly #baseTxid: number;
  readonly #stats: CommitStats = newCommitStats();
  readonly #metaPage: Uint8Array;
  #meta: Meta;
  /** Pages the stored freelist takes; 0 when none is stored. */
  #freelistPages: number;
  #highWater: number;
  #fileBytes: number;
  #writing: WriteTx | undefined;
  #poison: unknown;
  /** Stays true after a sync that failed. */
  #syncing = false;
  /** Threads that had ended when the pins they may have left in the cache were forgotten. */
  #departed = 0;
  #open = true;

  /**
   * Opens the database at `path`, creating it when it is absent or empty. Takes bbolt's own lock.
   * Without a stored freelist this reads every node's header once. Throws LOCKED, NOT_A_DATABASE,
   * VERSION_MISMATCH, CORRUPT, IO, NO_SPACE, INVALID_ARGUMENT.
   */
  static open(path: string, options: Partial<EngineOptions> = {}, vfs: Vfs = nodeVfs): Db {
    const resolved = resolveOptions(options);
    const file = vfs.open(path, { mode: resolved.readOnly ? 'read' : 'create' });
    try {
      const warning = vfs.lock(file, path, resolved.readOnly ? 'shared' : 'exclusive');
      if (!resolved.readOnly && file.size() === 0) initializeFile(file, resolved.pageSize);
      return new Db(path, resolved, file, warning === undefined ? [] : [warning]);
    } catch (error) {
      file.close();
      throw error;
    }
  }

  private constructor(path: string, options: EngineOptions, file: VfsFile, warnings: string[]) {
    this.path = path;
    this.warnings = warnings;
    this.#file = file;
    this.#meta = readMeta(file, path);
    const { pageSize, highWater } = this.#meta;
    this.options = { ...options, pageSize };
    this.#fileBytes = file.size();
    this.#highWater = highWater;
    this.#freelist = createFreelist(options.freelist);
    this.#freelistPages = options.readOnly ? 0 : loadFreelist(file, this.#meta, this.#freelist);
    this.#cacheShare = createPageCache({
      pageSize,
      cacheBytes: options.cacheBytes,
      filePages: highWater,
    });
    this.#controlShare = createControl(options.readersMax);
    this.#cache = new PageCache(this.#cacheShare, false);
    this.#control = new Control(this.#controlShare);
    this.#baseTxid = this.#meta.txid;
    this.#control.initialize({ ...this.#meta, note: 0 });
    this.#reader = new Reader(this.#control, this.#cache, file);
    this.#pages = new PageReader(this.#cache, file);
    this.#pool = new BufferPool(pageSize, NODE_POOL_BYTES);
    this.#metaPage = new Uint8Array(pageSize);
  }

  /** What another thread passes to Reader.attach(). */
  share(): DbShare {
    this.#cache.share();
    return { path: this.path, cache: this.#cacheShare, control: this.#controlShare };
  }

  /** Frees what the worker's thread holds once it has ended, however it ended. Needs no detach(). */
  releaseOnExit(worker: Worker): void {
    // An ended worker no longer knows its number.
    const { threadId } = worker;
    worker.once('exit', () => {
      this.releaseThread(threadId);
    });
  }

  /**
   * Frees what a reading thread held. Call it only once the thread is gone: releaseOnExit() does; in
   * another thread than the Db's, releaseReaders(). Its pages can be reused from the next transaction
   * on; frames of the cache it had pinned are free again at the next one that begins while nobody reads.
   */
  releaseThread(threadId: number): void {
    this.#control.releaseThread(threadId);
  }

  /** Reads in the Db's own thread. Ends with the Db: not to be detached. */
  get reader(): Reader {
    return this.#reader;
  }

  /** Begins a read transaction in this thread. */
  beginRead(): ReadTx {
    return this.#reader.begin();
  }

  read<T>(work: (tx: ReadTx) => T): T {
    return this.#reader.read(work);
  }

  /** Begins the write transaction. Throws POISONED, TX_CLOSED, INVALID_ARGUMENT (one at a time). */
  beginWrite(): WriteTx {
    this.#assertWritable();
    if (this.#control.departed !== this.#departed) this.#forgetPins();
    const next = txid(this.#meta.txid + 1);
    const started = nowNs();
    this.#freelist.release(txid(this.#baseTxid + this.#control.oldestEpoch()));
    this.#stats.releaseNs += nowNs() - started;
    this.#highWater = this.#meta.highWater;
    const { root, sequence } = this.#meta;
    this.#writing = new WriteTx(this, this.#context(next), {
      txid: next,
      header: { root, sequence: BigInt(sequence), inline: undefined },
      fillPercent: this.options.fillPercent,
    });
    return this.#writing;
  }

  /** Runs `work` in a write transaction: commits when it returns, rolls back when it throws. */
  write<T>(work: (tx: WriteTx) => T): T {
    const tx = this.beginWrite();
    let result: T;
    try {
      result = work(tx);
    } catch (error) {
      tx.rollback();
      throw error;
    }
    tx.commit();
    return result;
  }

  stats(): DbStats {
    return {
      commit: { ...this.#stats },
      freelist: { ...this.#freelist.counters },
      freePages: this.#freelist.freeCount,
      pendingPages: this.#freelist.pendingCount,
      freelistBytes: this.#freelist.memoryBytes,
      fileBytes: this.#fileBytes,
      highWater: this.#meta.highWater,
    };
  }

  get fileBytes(): number {
    return this.#fileBytes;
  }

  /** Free and pending spans, ascending. Costs a sort in the hashmap. */
  allFreeSpans(): SpanList {
    return this.#freelist.allSpans();
  }

  /** Free spans by their length in pages. Walks all spans. */
  freeSpans(): Map<number, number> {
    return this.#freelist.histogram();
  }

  /** The newest committed meta, and which settings the engine really runs with. */
  get meta(): Meta {
    return this.#meta;
  }

  get freelistKind(): string {
    return this.#freelist.kind;
  }

  /** What the parts of this open database run with: read from them, not from what was asked for. */
  settings(): EngineOptions {
    const { syncFreelist, fillPercent, readOnly } = this.options;
    const { readersMax } = this.#control;
    const { cacheBytes, pageSize } = this.#cache;
    const { kind: freelist } = this.#freelist;
    return { freelist, syncFreelist, pageSize, cacheBytes, readersMax, fillPercent, readOnly };
  }

  /** Number of the newest state since open, which is state 0. */
  get epoch(): number {
    return this.#control.epoch;
  }

  /** Number of the oldest state that somebody reads; the newest when nobody reads. */
  oldestEpoch(): number {
    return this.#control.oldestEpoch();
  }

  /** Read transactions open now, over all threads. */
  readers(): number {
    return this.#control.readerCount();
  }

  /** Frames of the page cache that somebody holds now; 0 when all is quiet. */
  pinnedFrames(): number {
    return this.#cache.pinnedFrames();
  }

  /** Rolls back an open write transaction and releases the file and its lock. */
  close(): void {
    if (!this.#open) return;
    this.#writing?.rollback();
    this.#open = false;
    this.#control.close();
    this.#reader.detach();
    this.#file.close();
  }

  /** For WriteTx only. */
  rollback(tx: WriteTx): void {
    this.#freelist.rollback(txid(tx.txid));
    if (verifying) this.#verify([]);
    this.#end(tx);
  }

  /** For WriteTx only. */
  commit(tx: WriteTx): void {
    let writing = false;
    const { syncs } = this.#stats;
    try {
      const root = this.#spill(tx);
      writing = true;
      this.#write(tx, root);
    } catch (error) {
      this.#freelist.rollback(txid(tx.txid));
      // A disk that is full before the first sync has harmed nothing: what was written are free pages.
      const full = error instanceof EngineError && error.code === 'NO_SPACE';
      if (writing && !(full && this.#stats.syncs === syncs && !this.#syncing)) this.#poison = error;
      throw error;
    } finally {
      this.#end(tx);
    }
  }

  /** Frees the frames that ended threads had pinned, if nobody is reading now. */
  #forgetPins(): void {
    const { departed } = this.#control;
    const forgotten = this.#control.alone(() => {
      this.#cache.forgetPins();
    });
    if (forgotten) this.#departed = departed;
  }

  #spill(tx: WriteTx): number {
    const started = nowNs();
    tx.root.rebalance();
    const rebalanced = nowNs();
    const root = tx.root.spill();
    this.#stats.rebalanceNs += rebalanced - started;
    this.#stats.spillNs += nowNs() - rebalanced;
    return root;
  }

  #write(tx: WriteTx, root: number): void {
    const { pageSize } = this.options;
    const id = txid(tx.txid);
    if (this.#meta.freelist !== undefined) {
      this.#freelist.free(id, this.#meta.freelist, this.#freelistPages);
    }
    const stored = this.options.syncFreelist ? this.#storeFreelist() : undefined;
    const nodes = tx.context.nodes.filter((node) => node.pgid !== 0 && !node.removed);
    nodes.sort((a, b) => a.pgid - b.pgid);
    const started = nowNs();
    this.#writeNodes(nodes);
    // Every page that was allocated was written, the last one included.
    this.#fileBytes = Math.max(this.#fileBytes, this.#highWater * pageSize);
    this.#stats.writeNs += nowNs() - started;
    this.#sync();
    const meta: Meta = {
      pageSize,
      root: pgid(root),
      sequence: tx.root.sequence,
      freelist: stored === undefined ? undefined : pgid(stored.pgid),
      highWater: pgid(this.#highWater),
      txid: id,
    };
    this.#writeMeta(meta);
    this.#publish(meta, nodes, tx.note);
    this.#freelistPages = stored?.pages ?? 0;
    this.#freelist.commit();
    this.#stats.commits++;
    if (verifying) this.#verify(nodes);
  }

  /** Allocates room for the freelist and writes it. */
  #storeFreelist(): { pgid: number; pages: number } {
    const { pageSize } = this.options;
    const started = nowNs();
    const ids = this.#freelist.freeCount + this.#freelist.pendingCount;
    // Sized before it takes its own pages from the list, so at most too large, as in bbolt.
    const pages = Math.floor(freelistBytes(ids) / pageSize) + 1;
    const at = { pgid: this.#allocate(pages), pages, pageSize };
    const spans = this.#freelist.allSpans();
    this.#stats.freelistNs += nowNs() - started;
    const writing = nowNs();
    this.#stats.writes += writeFreelist(this.#file, spans, at);
    this.#stats.writeNs += nowNs() - writing;
    this.#stats.bytesWritten += pages * pageSize;
    this.#stats.pagesWritten += pages;
    for (let page = 0; page < pages; page++) this.#cache.drop(at.pgid + page);
    return at;
  }

  /** Writes sealed nodes, which are sorted by page, joining neighbours in one call. */
  #writeNodes(nodes: readonly Node[]): void {
    const { pageSize } = this.options;
    let run: Uint8Array[] = [];
    let start = 0;
    let end = -1;
    const flush = (): void => {
      if (run.length === 0) return;
      if (run.length === 1) this.#file.write(run[0]!, 0, run[0]!.length, start * pageSize);
      else this.#file.writev(run, start * pageSize);
      this.#stats.writes++;
      run = [];
    };
    for (const node of nodes) {
      if (node.pgid !== end) {
        flush();
        start = node.pgid;
      }
      const { image } = node;
      run.push(image);
      end = node.pgid + image.length / pageSize;
      this.#stats.bytesWritten += image.length;
      this.#stats.pagesWritten += image.length / pageSize;
    }
    flush();
  }

  #writeMeta(meta: Meta): void {
    const started = nowNs();
    encodeMeta(meta, this.#metaPage);
    const position = (meta.txid % 2) * this.options.pageSize;
    this.#file.write(this.#metaPage, 0, this.#metaPage.length, position);
    this.#stats.writeNs += nowNs() - started;
    this.#stats.writes++;
    this.#stats.bytesWritten += this.#metaPage.length;
    this.#stats.pagesWritten++;
    this.#sync();
  }

  #sync(): void {
    const started = nowNs();
    this.#syncing = true;
    this.#file.sync();
    this.#syncing = false;
    this.#stats.syncNs += nowNs() - started;
    this.#stats.syncs++;
  }

  /** The new state is on disk: brings the cache up to date, then shows the state to readers. */
  #publish(meta: Meta, nodes: readonly Node[], note: number): void {
    const { pageSize } = this.options;
    for (const node of nodes) {
      // What ascending puts leave behind is cached when it is first read: most of it is not read soon,
      // and memory that is new to the process costs more than the copy.
      const { image } = node;
      if (image.length === pageSize && !node.passed) {
        this.#cache.put(node.pgid, image, node.origin);
        continue;
      }
      const pages = image.length / pageSize;
      for (let page = 0; page < pages; page++) this.#cache.drop(node.pgid + page);
    }
    this.#meta = meta;
    this.#control.publish({ ...meta, note });
  }

  #context(id: Txid): TreeContext {
    // First pages of nodes that were freed: only in a damaged file do two parents lead to one node. It
    // would be free twice, and its pages would soon be given to two nodes.
    const freed = new Set<number>();
    return {
      pageSize: this.options.pageSize,
      pages: this.#pages,
      pool: this.#pool,
      nodes: [],
      free: (start, pages) => {
        if (start + pages > this.#meta.highWater)
          throw corrupt(start, 'it ends behind the last page');
        if (freed.has(start)) throw corrupt(start, 'two pages of the tree lead to it');
        freed.add(start);
        const started = nowNs();
        this.#freelist.free(id, pgid(start), pages);
        this.#stats.freelistNs += nowNs() - started;
      },
      allocate: (pages) => {
        const started = nowNs();
        const start = this.#allocate(pages);
        this.#stats.freelistNs += nowNs() - started;
        return start;
      },
    };
  }

  /** A run of pages: from the freelist, else from behind the last page ever used. */
  #allocate(pages: number): number {
    const found = this.#freelist.allocate(pages);
    if (found !== 0) return found;
    const start = this.#highWater;
    this.#highWater += pages;
    return start;
  }

  #verify(written: readonly Node[]): void {
    const { pageSize } = this.options;
    assert(this.#file.size() >= this.#fileBytes, 'the file reaches to its last page');
    verifyFreePages(this.#freelist, { highWater: this.#meta.highWater, pageSize, written });
  }

  #end(tx: WriteTx): void {
    for (const node of tx.context.nodes) node.dispose();
    tx.context.nodes.length = 0;
    this.#pages.endTransaction();
    this.#writing = undefined;
  }

  #assertWritable(): void {
    if (!this.#open) throw closedError();
    if (this.options.readOnly) {
      throw new EngineError('INVALID_ARGUMENT', `${this.path} was opened read-only`);
    }
    if (this.#poison !== undefined) {
      throw new EngineError(
        'POISONED',
        `an earlier write to ${this.path} failed; close and reopen it to see what is on disk`,
        { cause: this.#poison },
      );
    }
    if (this.#writing !== undefined) {
      throw new EngineError('INVALID_ARGUMENT', 'a write transaction is open already');
    }
  }
}
