// Wal: the write-ahead log, for one writer thread that has nothing else to do; every call is
// synchronous. It owns the block that is being framed, the segment the log grows in, and what is synced.
// The bytes are in FORMAT.md, section 'The log'. Locks are left to the store: its database has one.
//
// - append() frames into memory; flush() writes one block; sync() does and then calls fdatasync once.
// - indexes are consecutive; framed >= written >= synced, and only what is synced may be acknowledged.
// - a block's sectors get one content between two syncs: a write that failed for want of room is
//   repeated with the same bytes, or undone by discard(). Recovery relies on it (segment-reader.ts).
// - a new segment is begun when all before it is synced, and before a block of it is written.
//
// NO_SPACE is no harm: entries stay framed, the next flush() or sync() tries again, and discard() takes
// back what is not synced. Every other failure of a write or sync leaves the disk unknown: the log is
// poisoned, each later call throws POISONED, and opening it again tells what there is.

import { randomBytes } from 'node:crypto';
import { dirname } from 'node:path';
import { assert } from '../base/assert.ts';
import { copyRange } from '../base/bytes.ts';
import { nowNs } from '../base/clock.ts';
import { EngineError } from '../base/errors.ts';
import { nodeVfs } from '../vfs/node-vfs.ts';
import type { Vfs } from '../vfs/vfs.ts';
import { blockBytes, headerSeed, sealBlock } from './block.ts';
import {
  BLOCK_HEADER_BYTES,
  IDENTITY_BYTES,
  LOG_SECTOR_BYTES,
  RECORD_HEADER_BYTES,
} from './layout.ts';
import {
  markClosed,
  missingEntries,
  recoverLog,
  replaySegment,
  type LogSegment,
  type RecoveredLog,
} from './recovery.ts';
import { segmentNumber } from './segment-header.ts';
import {
  prepareSegment,
  publishSegment,
  type SegmentWriter,
  type UnpublishedSegment,
} from './segment-writer.ts';

export interface WalOptions {
  /** Bytes after which the log goes on in another file. Default 64 MiB; 2 KiB to 1 GiB. */
  readonly segmentBytes: number;
}

export interface WalOpenOptions extends Partial<WalOptions> {
  /** 16 bytes that name the store. A log of another store is refused; a new log takes it on. */
  readonly identity?: Uint8Array;
  /** A new log's first entry gets the index behind this one. Default 0. */
  readonly afterIndex?: number;
}

export interface WalStats {
  readonly appends: number;
  /** Payload bytes of all appends. */
  readonly bytes: number;
  /** Blocks written. */
  readonly writes: number;
  readonly syncs: number;
  readonly syncNs: number;
  readonly segments: number;
  /** Bytes of all segment files. */
  readonly segmentBytes: number;
}

const SEGMENT_BYTES_DEFAULT = 64 * 1_048_576;
const SEGMENT_BYTES_MIN = 4 * LOG_SECTOR_BYTES;
const SEGMENT_BYTES_MAX = 2 ** 30;
/** A block is written when it has grown to this, or when somebody asks. */
const BLOCK_BYTES = 1_048_576;

export class Wal {
  readonly identity: Uint8Array;
  readonly #vfs: Vfs;
  readonly #folder: string;
  readonly #segmentBytes: number;
  readonly #seed: number;
  /** All but the last one, which is the writer's. */
  readonly #closedSegments: LogSegment[];
  #writer: SegmentWriter;
  #open = true;
  #poison: { readonly cause: unknown } | undefined;

  #block: Uint8Array;
  #view: DataView;
  /** Bytes of the block so far, its header included. */
  #used = BLOCK_HEADER_BYTES;
  #count = 0;
  /** The block has its header, and perhaps part of it is on the disk: it takes no more entries. */
  #sealed = false;
  #sealedChain = 0;

  #lastIndex: number;
  #chain: number;
  #syncedIndex: number;
  #syncedChain: number;
  #syncedPosition: number;

  #appends = 0;
  #bytes = 0;
  #writes = 0;
  #syncs = 0;
  #syncNs = 0;

  private constructor(vfs: Vfs, folder: string, segmentBytes: number, log: RecoveredLog) {
    this.#vfs = vfs;
    this.#folder = folder;
    this.#segmentBytes = segmentBytes;
    this.identity = log.identity;
    this.#seed = headerSeed(log.identity);
    this.#closedSegments = log.segments.slice(0, -1);
    this.#writer = log.writer;
    this.#lastIndex = log.lastIndex;
    this.#syncedIndex = log.lastIndex;
    this.#chain = log.chain;
    this.#syncedChain = log.chain;
    this.#syncedPosition = log.writer.position;
    this.#block = new Uint8Array(Math.min(BLOCK_BYTES, roomOf(segmentBytes)));
    this.#view = new DataView(this.#block.buffer);
  }

  /**
   * Opens the log in `folder`, or makes folder and log. What it then holds is durable. Throws CORRUPT for
   * damage, INVALID_ARGUMENT for options. Cost: every byte of the log is read.
   */
  static open(folder: string, options: WalOpenOptions = {}, vfs: Vfs = nodeVfs): Wal {
    const { segmentBytes = SEGMENT_BYTES_DEFAULT, identity, afterIndex = 0 } = options;
    checkOptions(segmentBytes, identity, afterIndex);
    if (!vfs.exists(folder)) vfs.makeFolder(folder);
    // Also where it was there: who made it may have died before this.
    vfs.syncFolder(dirname(folder));
    const log =
      recoverLog(vfs, folder, identity) ??
      createLog(vfs, folder, identity ?? randomBytes(IDENTITY_BYTES), afterIndex);
    return new Wal(vfs, folder, segmentBytes, log);
  }

  /** Whether a log, or some of it, is in `folder`, which may be absent. */
  static exists(folder: string, vfs: Vfs = nodeVfs): boolean {
    if (!vfs.exists(folder)) return false;
    return vfs.list(folder).some((name) => segmentNumber(name) !== undefined);
  }

  /** Bytes after which it goes on in another file. */
  get segmentBytes(): number {
    return this.#segmentBytes;
  }

  /** Index of the last entry appended or recovered; 0 in a new log. */
  get lastIndex(): number {
    return this.#lastIndex;
  }

  /** Every entry up to this one is on disk. */
  get syncedIndex(): number {
    return this.#syncedIndex;
  }

  /**
   * Visits every entry with an index above `afterIndex`, in order, framed ones after a flush. Throws
   * CORRUPT when entries between `afterIndex` and the log are missing. Reads from disk.
   */
  replay(afterIndex: number, visit: (index: number, payload: Uint8Array) => void): void {
    this.flush();
    const first = this.#closedSegments[0]?.firstIndex ?? this.#writer.firstIndex;
    if (afterIndex + 1 < first) {
      throw missingEntries(this.#folder, `begins with entry ${first}, ${afterIndex + 1} is needed`);
    }
    if (afterIndex > this.#lastIndex) {
      const needed = `entry ${afterIndex} was in it`;
      throw missingEntries(this.#folder, `ends with entry ${this.#lastIndex}, but ${needed}`);
    }
    const segments = [...this.#closedSegments, segmentOf(this.#writer)];
    segments.forEach((segment, i) => {
      const next = segments[i + 1]?.firstIndex ?? this.#lastIndex + 1;
      if (next > afterIndex + 1) replaySegment(this.#vfs, segment, { afterIndex, next }, visit);
    });
  }

  /**
   * Frames payload[0, length) as the next entry and returns its index; `payload` is copied. Writes only
   * when the block is full, and fails as flush() does then, without an entry.
   */
  append(payload: Uint8Array, length: number = payload.length): number {
    if (this.#poison !== undefined || !this.#open) this.#checkUsable();
    const bytes = RECORD_HEADER_BYTES + length;
    if (this.#sealed || this.#used + bytes > this.#block.length) this.#makeRoom(bytes);
    const at = this.#used;
    this.#view.setUint32(at, length, true);
    copyRange(payload, 0, length, this.#block, at + RECORD_HEADER_BYTES);
    this.#used = at + bytes;
    this.#count++;
    this.#appends++;
    this.#bytes += length;
    return ++this.#lastIndex;
  }

  /** Writes what is framed, as one block, without a sync: durable is nothing of it. */
  flush(): void {
    this.#checkUsable();
    if (this.#count === 0) return;
    if (!this.#sealed) this.#seal();
    const bytes = blockBytes(this.#used - BLOCK_HEADER_BYTES);
    try {
      this.#writer.write(this.#block, bytes);
    } catch (error) {
      throw this.#judge(error);
    }
    this.#writes++;
    this.#chain = this.#sealedChain;
    this.#dropBlock();
  }

  /** Writes what is framed and syncs; returns once every entry up to lastIndex is on disk. */
  sync(): void {
    this.flush();
    if (this.#writer.position !== this.#syncedPosition) this.#syncWritten();
  }

  /**
   * Takes back every entry that is not synced, on disk too, and returns lastIndex as it is then. After
   * NO_SPACE: entries up to there are durable and have to be applied (a batch may have filled a
   * segment, which is synced before the next), the others never were. Their indexes are used again.
   */
  discard(): number {
    this.#checkUsable();
    if (this.#sealed || this.#writer.position !== this.#syncedPosition) {
      try {
        this.#writer.cut(this.#syncedPosition);
      } catch (error) {
        throw this.#poisoned(error);
      }
    }
    this.#dropBlock();
    this.#chain = this.#syncedChain;
    this.#lastIndex = this.#syncedIndex;
    return this.#lastIndex;
  }

  /**
   * Removes the segments whose entries all have an index up to `upToIndex`; the last one stays. Oldest
   * first, each made durable before the next, so that a crash leaves no gap. A failure harms nothing.
   */
  release(upToIndex: number): void {
    this.#checkUsable();
    for (;;) {
      const [oldest, next] = this.#closedSegments;
      const end = (next?.firstIndex ?? this.#writer.firstIndex) - 1;
      if (oldest === undefined || end > upToIndex) return;
      this.#vfs.remove(oldest.path);
      this.#vfs.syncFolder(this.#folder);
      this.#closedSegments.shift();
    }
  }

  stats(): WalStats {
    const closed = this.#closedSegments.reduce((sum, { bytes }) => sum + bytes, 0);
    return {
      appends: this.#appends,
      bytes: this.#bytes,
      writes: this.#writes,
      syncs: this.#syncs,
      syncNs: this.#syncNs,
      segments: this.#closedSegments.length + 1,
      segmentBytes: closed + this.#writer.size,
    };
  }

  /** Syncs what a log that is not poisoned holds, and closes it. Closing twice is allowed. */
  close(): void {
    if (!this.#open) return;
    try {
      if (this.#poison === undefined) this.sync();
    } finally {
      this.#open = false;
      this.#writer.close();
    }
  }

  #checkUsable(): void {
    assert(this.#open, `the log in ${this.#folder} is used after close`);
    if (this.#poison === undefined) return;
    const advice = 'a write or sync failed earlier; open the log again';
    throw new EngineError('POISONED', `the log in ${this.#folder}: ${advice}`, this.#poison);
  }

  /** Remembers a failure after which the disk is unknown. Returns it. */
  #poisoned(error: unknown): unknown {
    this.#poison = { cause: error };
    return error;
  }

  /** Want of room is no harm to the log, everything else is. Returns the failure. */
  #judge(error: unknown): unknown {
    if (error instanceof EngineError && error.code === 'NO_SPACE') return error;
    return this.#poisoned(error);
  }

  /** Gets the block ready to take `bytes` more. */
  #makeRoom(bytes: number): void {
    const needed = blockBytes(bytes);
    const most = roomOf(this.#segmentBytes);
    if (needed > most) {
      const limit = most - BLOCK_HEADER_BYTES - RECORD_HEADER_BYTES;
      const length = bytes - RECORD_HEADER_BYTES;
      throw new EngineError('INVALID_ARGUMENT', `an entry of ${length} bytes; limit ${limit}`);
    }
    this.flush();
    if (needed <= this.#block.length) return;
    this.#block = new Uint8Array(needed);
    this.#view = new DataView(this.#block.buffer);
  }

  /** Finds the block its place, with the room for it, and writes its header in memory. */
  #seal(): void {
    const dataBytes = this.#used - BLOCK_HEADER_BYTES;
    const bytes = blockBytes(dataBytes);
    // One sector more: for the block that closes the segment.
    if (this.#writer.position + bytes + LOG_SECTOR_BYTES > this.#segmentBytes) this.#beginSegment();
    try {
      this.#writer.reserve(this.#writer.position + bytes + LOG_SECTOR_BYTES, this.#segmentBytes);
    } catch (error) {
      throw this.#judge(error);
    }
    const { number: segment, position } = this.#writer;
    const place = { segment, position, previous: this.#chain };
    const firstIndex = this.#lastIndex - this.#count + 1;
    const indexes = { firstIndex, syncedIndex: this.#syncedIndex, count: this.#count };
    this.#sealedChain = sealBlock(this.#block, { ...place, ...indexes, dataBytes }, this.#seed);
    this.#sealed = true;
  }

  /** Syncs the segment, makes the next one, and closes this one. */
  #beginSegment(): void {
    if (this.#writer.position !== this.#syncedPosition) this.#syncWritten();
    const number = this.#writer.number + 1;
    const firstIndex = this.#syncedIndex + 1;
    const header = { identity: this.identity, number, firstIndex, previous: this.#chain };
    let next: UnpublishedSegment;
    try {
      next = prepareSegment(this.#vfs, this.#folder, header);
    } catch (error) {
      throw this.#judge(error);
    }
    const ended = this.#writer;
    try {
      this.#writer = publishSegment(this.#vfs, this.#folder, next);
    } catch (error) {
      throw this.#poisoned(error);
    }
    this.#syncedPosition = this.#writer.position;
    try {
      markClosed(ended, { lastIndex: this.#syncedIndex, chain: this.#chain }, this.#seed);
    } catch (error) {
      throw this.#poisoned(error);
    } finally {
      this.#closedSegments.push(segmentOf(ended));
      ended.close();
    }
  }

  #syncWritten(): void {
    const start = nowNs();
    try {
      this.#writer.sync();
    } catch (error) {
      throw this.#poisoned(error);
    }
    this.#syncNs += nowNs() - start;
    this.#syncs++;
    this.#syncedIndex = this.#lastIndex - this.#count;
    this.#syncedChain = this.#chain;
    this.#syncedPosition = this.#writer.position;
  }

  #dropBlock(): void {
    this.#used = BLOCK_HEADER_BYTES;
    this.#count = 0;
    this.#sealed = false;
  }
}

function segmentOf({ number, firstIndex, path, size }: SegmentWriter): LogSegment {
  return { number, firstIndex, path, bytes: size };
}

/** Largest block of a segment: all but its header and the block that closes it. */
function roomOf(segmentBytes: number): number {
  const sectors = Math.floor(segmentBytes / LOG_SECTOR_BYTES) - 2;
  return sectors * LOG_SECTOR_BYTES;
}

function createLog(
  vfs: Vfs,
  folder: string,
  identity: Uint8Array,
  afterIndex: number,
): RecoveredLog {
  const header = {
    identity: new Uint8Array(identity),
    number: 1,
    firstIndex: afterIndex + 1,
    previous: 0,
  };
  const writer = publishSegment(vfs, folder, prepareSegment(vfs, folder, header));
  return {
    identity: header.identity,
    segments: [segmentOf(writer)],
    writer,
    lastIndex: afterIndex,
    chain: 0,
  };
}

function checkOptions(
  segmentBytes: number,
  identity: Uint8Array | undefined,
  afterIndex: number,
): void {
  const faults: string[] = [];
  const whole = Number.isInteger(segmentBytes);
  if (!whole || segmentBytes < SEGMENT_BYTES_MIN || segmentBytes > SEGMENT_BYTES_MAX) {
    const range = `${SEGMENT_BYTES_MIN} to ${SEGMENT_BYTES_MAX}`;
    faults.push(`segmentBytes ${segmentBytes} is no whole number from ${range}`);
  }
  if (identity !== undefined && identity.length !== IDENTITY_BYTES) {
    faults.push(`identity has ${identity.length} bytes instead of ${IDENTITY_BYTES}`);
  }
  if (!Number.isSafeInteger(afterIndex) || afterIndex < 0) {
    faults.push(`afterIndex ${afterIndex} is no whole number from 0 on`);
  }
  if (faults.length > 0) throw new EngineError('INVALID_ARGUMENT', faults.join('; '));
}
