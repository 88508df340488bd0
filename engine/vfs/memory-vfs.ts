// Memory files: the Vfs without a disk, for tests that cut the power. A file is a sparse table of
// 64 KiB chunks; what was written since the last sync() is known to the 512-byte sector, so that
// crashImage() can return a disk on which any part of it is missing.
//
// Invariants: a chunk without a Dirty entry is never written again: the first write after a sync
// copies it. So a crash image shares all synced chunks with its origin, whatever either does next,
// and costs one table plus the dirty chunks. What lies beyond the size is zero.
//
// Assumed of the disk, as in FORMAT.md: a sector is written whole or not at all, sectors in any
// order; sizes change in the order they were made. What happened to a name since its folder was
// synced may survive or not, each change for itself (memory-names.ts).

import { dirname } from 'node:path';
import { assert } from '../base/assert.ts';
import { EngineError } from '../base/errors.ts';
import type { Random } from '../base/random.ts';
import { MemoryNames } from './memory-names.ts';
import { checkPosition, checkRange } from './range.ts';
import type { OpenFlags, Vfs, VfsFile } from './vfs.ts';

const CHUNK_BYTES = 65_536;
const SECTOR_BYTES = 512;
const SECTORS_PER_CHUNK = CHUNK_BYTES / SECTOR_BYTES;

/** How often each operation was called on a MemoryVfs and its files. */
export interface VfsCalls {
  open: number;
  read: number;
  write: number;
  writev: number;
  sync: number;
  truncate: number;
}

/** Of the sectors that were written but not synced, how many a crash image kept and lost. */
export interface SectorFates {
  kept: number;
  lost: number;
}

export class MemoryVfs implements Vfs {
  readonly calls: VfsCalls = { open: 0, read: 0, write: 0, writev: 0, sync: 0, truncate: 0 };
  /** What became of unsynced sectors when crashImage() made this disk; nothing for any other disk. */
  readonly fates: SectorFates = { kept: 0, lost: 0 };
  #names = new MemoryNames<MemoryContent>();

  open(path: string, flags: OpenFlags): VfsFile {
    this.calls.open++;
    const found = this.#names.get(path);
    if (found !== undefined) return this.#handle(path, found, flags);
    if (flags.mode !== 'create') throw ioFault('open', path, 'no such file');
    const content = new MemoryContent();
    this.#names.add(path, content);
    return this.#handle(path, content, flags, () => {
      this.#names.sync(dirname(path));
    });
  }

  exists(path: string): boolean {
    return this.#names.get(path) !== undefined || this.#names.hasFolder(path);
  }

  remove(path: string): void {
    this.#names.remove(path);
  }

  list(folder: string): string[] {
    const names = this.#names.list(folder);
    if (names === undefined) throw ioFault('list', folder, 'no such folder');
    return names;
  }

  makeFolder(folder: string): void {
    if (this.#names.get(folder) !== undefined) throw ioFault('make', folder, 'it is a file');
    if (!this.#names.hasFolder(dirname(folder))) {
      throw ioFault('make', folder, 'no such folder to make it in');
    }
    this.#names.makeFolder(folder);
  }

  rename(from: string, to: string): void {
    assert(dirname(from) === dirname(to), `${from} stays in its folder, ${to} is in another`);
    if (this.#names.get(from) === undefined) throw ioFault('rename', from, 'no such file');
    this.#names.rename(from, to);
  }

  syncFolder(folder: string): void {
    if (!this.#names.hasFolder(folder)) throw ioFault('sync', folder, 'no such folder');
    this.#names.sync(folder);
  }

  lock(file: VfsFile, path: string, kind: 'exclusive' | 'shared'): string | undefined {
    assert(file instanceof MemoryFile, `${path} is locked through a handle of another vfs`);
    file.lock(kind);
    return undefined;
  }

  /**
   * A disk as a power cut may leave it: synced data stays; each sector written since survives with
   * `survivalProbability` (0..1); a file's size is the synced one or any it had since (always the
   * synced one at probability 0, the present one at 1); a change of a name survives like a sector.
   * Independent of this Vfs, without locks, and
   * fixed by the state of `random`. Cost: one map entry a chunk, plus a copy of the dirty chunks.
   */
  crashImage(random: Random, survivalProbability: number): MemoryVfs {
    const image = new MemoryVfs();
    const survives = (): boolean => random.unit() < survivalProbability;
    image.#names = this.#names.crashImage(survives, (content) =>
      content.crashImage(random, survivalProbability, image.fates),
    );
    return image;
  }

  #handle(path: string, content: MemoryContent, flags: OpenFlags, syncName?: () => void): VfsFile {
    return new MemoryFile(path, content, this.calls, flags.mode !== 'read', syncName);
  }
}

class MemoryFile implements VfsFile {
  readonly #path: string;
  readonly #content: MemoryContent;
  readonly #calls: VfsCalls;
  readonly #writable: boolean;
  #syncName: (() => void) | undefined;
  #open = true;

  constructor(
    path: string,
    content: MemoryContent,
    calls: VfsCalls,
    writable: boolean,
    syncName: (() => void) | undefined,
  ) {
    this.#path = path;
    this.#content = content;
    this.#calls = calls;
    this.#writable = writable;
    this.#syncName = syncName;
  }

  read(target: Uint8Array, offset: number, length: number, position: number): number {
    this.#calls.read++;
    this.#checkOpen();
    checkRange(target, offset, length, position);
    return this.#content.read(target, offset, length, position);
  }

  write(source: Uint8Array, offset: number, length: number, position: number): void {
    this.#calls.write++;
    this.#checkWritable('write');
    checkRange(source, offset, length, position);
    this.#content.write(source, offset, length, position);
  }

  writev(sources: readonly Uint8Array[], position: number): void {
    this.#calls.writev++;
    this.#checkWritable('write');
    let at = position;
    for (const source of sources) {
      checkRange(source, 0, source.length, at);
      this.#content.write(source, 0, source.length, at);
      at += source.length;
    }
  }

  sync(): void {
    this.#calls.sync++;
    this.#checkOpen();
    this.#content.sync();
    this.#syncName?.();
    this.#syncName = undefined;
  }

  truncate(bytes: number): void {
    this.#calls.truncate++;
    this.#checkWritable('truncate');
    this.#content.truncate(checkPosition(bytes));
  }

  size(): number {
    this.#checkOpen();
    return this.#content.size;
  }

  allocatedBytes(): number {
    this.#checkOpen();
    return this.#content.allocatedBytes();
  }

  lock(kind: 'exclusive' | 'shared'): void {
    this.#checkOpen();
    if (this.#content.lock(this, kind)) return;
    const advice = 'is open in another process; close it or copy the file';
    throw new EngineError('LOCKED', `${this.#path} ${advice}`);
  }

  close(): void {
    this.#open = false;
    this.#content.unlock(this);
  }

  #checkOpen(): void {
    assert(this.#open, `${this.#path} is used after close`);
  }

  #checkWritable(operation: string): void {
    this.#checkOpen();
    if (!this.#writable) throw ioFault(operation, this.#path, 'opened for reading only');
  }
}

/** What a chunk was at the last sync, and which of its sectors were written since. */
interface Dirty {
  readonly before: Uint8Array | undefined;
  /** One byte a sector: 1 where written. */
  readonly written: Uint8Array;
}

/** One file's bytes, shared by all its handles. */
class MemoryContent {
  size = 0;
  readonly #chunks = new Map<number, Uint8Array>();
  readonly #dirty = new Map<number, Dirty>();
  /** The synced size, then each size since, in order. */
  #sizes: number[] = [0];
  readonly #sharedLocks = new Set<VfsFile>();
  #exclusiveLock: VfsFile | undefined;

  read(target: Uint8Array, offset: number, length: number, position: number): number {
    const bytes = Math.max(0, Math.min(length, this.size - position));
    forEachPiece(position, bytes, (index, start, count, done) => {
      const chunk = this.#chunks.get(index);
      const to = offset + done;
      if (chunk === undefined) target.fill(0, to, to + count);
      else target.set(chunk.subarray(start, start + count), to);
    });
    return bytes;
  }

  write(source: Uint8Array, offset: number, length: number, position: number): void {
    if (length === 0) return;
    forEachPiece(position, length, (index, start, count, done) => {
      const { chunk, dirty } = this.#writableChunk(index);
      const from = offset + done;
      chunk.set(source.subarray(from, from + count), start);
      const lastSector = Math.floor((start + count - 1) / SECTOR_BYTES);
      dirty.written.fill(1, Math.floor(start / SECTOR_BYTES), lastSector + 1);
    });
    if (position + length > this.size) this.#setSize(position + length);
  }

  truncate(bytes: number): void {
    if (bytes === this.size) return;
    if (bytes < this.size) this.#cut(bytes);
    this.#setSize(bytes);
  }

  sync(): void {
    this.#dirty.clear();
    this.#sizes = [this.size];
  }

  allocatedBytes(): number {
    const bytes = this.#chunks.size * CHUNK_BYTES;
    const last = Math.floor(this.size / CHUNK_BYTES);
    if (!this.#chunks.has(last)) return bytes;
    const used = Math.ceil((this.size % CHUNK_BYTES) / SECTOR_BYTES) * SECTOR_BYTES;
    return bytes - CHUNK_BYTES + used;
  }

  lock(holder: VfsFile, kind: 'exclusive' | 'shared'): boolean {
    const othersShare = this.#sharedLocks.size > (this.#sharedLocks.has(holder) ? 1 : 0);
    if (this.#exclusiveLock !== undefined && this.#exclusiveLock !== holder) return false;
    if (kind === 'exclusive' && othersShare) return false;
    this.unlock(holder);
    if (kind === 'exclusive') this.#exclusiveLock = holder;
    else this.#sharedLocks.add(holder);
    return true;
  }

  unlock(holder: VfsFile): void {
    if (this.#exclusiveLock === holder) this.#exclusiveLock = undefined;
    this.#sharedLocks.delete(holder);
  }

  crashImage(random: Random, survivalProbability: number, fates: SectorFates): MemoryContent {
    const image = new MemoryContent();
    const survivingSizes = pickSizes(this.#sizes, random, survivalProbability);
    image.size = survivingSizes.at(-1) ?? 0;
    image.#sizes = [image.size];
    // Bytes that a surviving truncate cut off are gone, even if a later one made the file longer.
    const kept = Math.min(...survivingSizes);
    for (const [index, chunk] of this.#chunks) {
      if (!this.#dirty.has(index)) image.#chunks.set(index, chunk);
    }
    for (const [index, dirty] of this.#dirty) {
      const start = index * CHUNK_BYTES;
      if (start >= image.size) continue;
      const bytes = new Uint8Array(CHUNK_BYTES);
      if (dirty.before !== undefined) bytes.set(dirty.before);
      bytes.fill(0, clampToChunk(kept - start));
      const now = this.#chunks.get(index);
      for (let sector = 0; sector < SECTORS_PER_CHUNK; sector++) {
        if (dirty.written[sector] !== 1) continue;
        const from = sector * SECTOR_BYTES;
        if (random.unit() >= survivalProbability || start + from >= image.size) {
          fates.lost++;
          continue;
        }
        fates.kept++;
        if (now !== undefined) bytes.set(now.subarray(from, from + SECTOR_BYTES), from);
      }
      bytes.fill(0, clampToChunk(image.size - start));
      image.#chunks.set(index, bytes);
    }
    return image;
  }

  #setSize(bytes: number): void {
    this.size = bytes;
    this.#sizes.push(bytes);
  }

  /** Zeroes everything from `bytes` on. The cut lives in #sizes; it is no write of a sector. */
  #cut(bytes: number): void {
    for (const index of [...this.#chunks.keys()]) {
      const start = index * CHUNK_BYTES;
      if (start + CHUNK_BYTES <= bytes) continue;
      const keep = clampToChunk(bytes - start);
      const { chunk, dirty } = this.#writableChunk(index);
      chunk.fill(0, keep);
      dirty.written.fill(0, Math.ceil(keep / SECTOR_BYTES));
      if (keep === 0) this.#chunks.delete(index);
    }
  }

  #writableChunk(index: number): { chunk: Uint8Array; dirty: Dirty } {
    let chunk = this.#chunks.get(index);
    let dirty = this.#dirty.get(index);
    if (dirty === undefined) {
      dirty = { before: chunk, written: new Uint8Array(SECTORS_PER_CHUNK) };
      this.#dirty.set(index, dirty);
      chunk = chunk?.slice();
      if (chunk !== undefined) this.#chunks.set(index, chunk);
    }
    if (chunk === undefined) {
      chunk = new Uint8Array(CHUNK_BYTES);
      this.#chunks.set(index, chunk);
    }
    return { chunk, dirty };
  }
}

/** The sizes whose change reached the disk: a prefix, since a file system journals them in order. */
function pickSizes(sizes: readonly number[], random: Random, survival: number): number[] {
  let last = random.below(sizes.length);
  if (survival <= 0) last = 0;
  if (survival >= 1) last = sizes.length - 1;
  return sizes.slice(0, last + 1);
}

function clampToChunk(bytes: number): number {
  return Math.max(0, Math.min(CHUNK_BYTES, bytes));
}

/** Calls `visit` for each chunk that [position, position + length) touches. */
function forEachPiece(
  position: number,
  length: number,
  visit: (index: number, start: number, count: number, done: number) => void,
): void {
  let done = 0;
  while (done < length) {
    const at = position + done;
    const index = Math.floor(at / CHUNK_BYTES);
    const start = at - index * CHUNK_BYTES;
    const count = Math.min(CHUNK_BYTES - start, length - done);
    visit(index, start, count, done);
    done += count;
  }
}

function ioFault(operation: string, path: string, why: string): EngineError {
  return new EngineError('IO', `${operation} of ${path}: ${why}`);
}
