// Damage: a sound database file to spoil, its pages as bytes that can be changed, and what tests of
// damaged files ask again and again. Pages are of one sector, so that a small file has many. Test
// support; not part of the engine.

import { expect } from 'vitest';
import { EngineError } from '../base/errors.ts';
import { Random } from '../base/random.ts';
import { checkDb, type CheckFault } from '../db/check.ts';
import { Db } from '../db/db.ts';
import type { EngineOptions } from '../db/options.ts';
import { pageBits, walkPages } from '../db/page-walk.ts';
import type { WriteBucket } from '../db/write-bucket.ts';
import {
  BUCKET_HEADER_BYTES,
  ELEMENT_BYTES,
  FLAG_BRANCH,
  FLAG_LEAF,
  LEAF_BUCKET,
  META_CHECKSUM,
  META_MAGIC,
  PAGE_COUNT,
  PAGE_FLAGS,
  PAGE_HEADER_BYTES,
  PAGE_OVERFLOW,
} from '../page/layout.ts';
import { fnv1a64 } from '../page/meta-page.ts';
import { bytesOf } from '../../scripts/simulation/model.ts';
import { MemoryVfs } from '../vfs/memory-vfs.ts';

export const DAMAGE_PATH = 'damage.db';
export const DAMAGE_PAGE_BYTES = 512;

export interface SoundFile {
  readonly vfs: MemoryVfs;
  /** First pages of the nodes and of the stored freelist, ascending. */
  readonly used: readonly number[];
  readonly root: number;
  readonly freelist: number;
  readonly highWater: number;
}

/**
 * A database with a tree of three levels, values of many pages, buckets inline and not, nested four
 * deep, and free pages in a stored freelist.
 */
export function makeSoundFile(): SoundFile {
  const vfs = new MemoryVfs();
  const db = Db.open(DAMAGE_PATH, { pageSize: DAMAGE_PAGE_BYTES, syncFreelist: true }, vfs);
  for (let round = 0; round < 4; round++) {
    db.write((tx) => {
      const tree = tx.ensureBucket(bytesOf('tree'));
      for (let i = 0; i < 120; i++) {
        tree.put(bytesOf(`key ${100 + i}`.padEnd(40, '.')), new Uint8Array(70 + round));
      }
      tree.put(bytesOf('long'), new Uint8Array(5000 - round));
      tx.ensureBucket(bytesOf('inline')).put(bytesOf('a'), bytesOf('b'));
      let nested: WriteBucket = tx.ensureBucket(bytesOf('nest'));
      for (let depth = 0; depth < 3; depth++) {
        for (let i = 0; i < 12; i++) nested.put(bytesOf(`k${i}`), new Uint8Array(60 + round));
        nested = nested.ensureBucket(bytesOf('deeper'));
      }
      nested.put(bytesOf('leaf'), bytesOf('value'));
      for (let i = 0; i < 40; i++) {
        tx.ensureBucket(bytesOf('gone')).put(bytesOf(`${1000 + i}`), new Uint8Array(600));
      }
    });
  }
  db.write((tx) => {
    tx.deleteBucket(bytesOf('gone'));
  });
  db.write((tx) => {
    tx.ensureBucket(bytesOf('tree')).put(bytesOf('last'), bytesOf('one'));
  });
  const { root, highWater, freelist } = db.meta;
  db.close();
  const used: number[] = [freelist!];
  const file = vfs.open(DAMAGE_PATH, { mode: 'read' });
  walkPages({
    file,
    pageSize: DAMAGE_PAGE_BYTES,
    root,
    highWater,
    reached: pageBits(highWater),
    visit: (visit) => {
      if (!visit.inline) used.push(visit.pgid);
    },
    fault: (pgid, fault) => {
      throw new Error(`page ${pgid}: ${fault}`);
    },
  });
  file.close();
  return { vfs, used: used.sort((a, b) => a - b), root, freelist: freelist!, highWater };
}

/** One page of a file, as bytes that can be changed and written back. */
export class PageEdit {
  readonly bytes: Uint8Array;
  readonly view: DataView;
  readonly pgid: number;
  readonly #vfs: MemoryVfs;

  constructor(vfs: MemoryVfs, pgid: number) {
    this.#vfs = vfs;
    this.pgid = pgid;
    this.bytes = new Uint8Array(DAMAGE_PAGE_BYTES);
    this.view = new DataView(this.bytes.buffer);
    const file = vfs.open(DAMAGE_PATH, { mode: 'read' });
    file.read(this.bytes, 0, DAMAGE_PAGE_BYTES, pgid * DAMAGE_PAGE_BYTES);
    file.close();
  }

  get flags(): number {
    return this.view.getUint16(PAGE_FLAGS, true);
  }

  set flags(flags: number) {
    this.view.setUint16(PAGE_FLAGS, flags, true);
  }

  get count(): number {
    return this.view.getUint16(PAGE_COUNT, true);
  }

  set count(count: number) {
    this.view.setUint16(PAGE_COUNT, count, true);
  }

  set overflow(pages: number) {
    this.view.setUint32(PAGE_OVERFLOW, pages, true);
  }

  /** Elements that lie within this page. */
  get elements(): number {
    return Math.min(this.count, (DAMAGE_PAGE_BYTES - PAGE_HEADER_BYTES) / ELEMENT_BYTES);
  }

  element(index: number): number {
    return PAGE_HEADER_BYTES + ELEMENT_BYTES * index;
  }

  /** Byte of the key of element `index` of a branch. */
  branchKey(index: number): number {
    return this.element(index) + this.view.getUint32(this.element(index), true);
  }

  /** Byte of the key of element `index` of a leaf. */
  leafKey(index: number): number {
    return this.element(index) + this.view.getUint32(this.element(index) + 4, true);
  }

  /** A copy of the key of element `index`. */
  key(index: number): Uint8Array {
    const isLeaf = this.flags === FLAG_LEAF;
    const start = isLeaf ? this.leafKey(index) : this.branchKey(index);
    const length = this.view.getUint32(this.element(index) + (isLeaf ? 8 : 4), true);
    return this.bytes.slice(start, start + length);
  }

  /** Byte of the value of element `index` of a leaf. */
  leafValue(index: number): number {
    return this.leafKey(index) + this.view.getUint32(this.element(index) + 8, true);
  }

  /** Indexes of the elements of a leaf that are buckets with a header in this page. */
  buckets(): number[] {
    if (this.flags !== FLAG_LEAF) return [];
    return Array.from({ length: this.elements }, (_, index) => index).filter((index) => {
      const isBucket = (this.view.getUint32(this.element(index), true) & LEAF_BUCKET) !== 0;
      return isBucket && this.leafValue(index) + BUCKET_HEADER_BYTES <= DAMAGE_PAGE_BYTES;
    });
  }

  setBucketRoot(index: number, root: bigint): void {
    this.view.setBigUint64(this.leafValue(index), root, true);
  }

  child(index: number): bigint {
    return this.view.getBigUint64(this.element(index) + 8, true);
  }

  setChild(index: number, child: bigint): void {
    this.view.setBigUint64(this.element(index) + 8, child, true);
  }

  /** Makes the checksum of a meta page true again. */
  sealMeta(): void {
    this.view.setBigUint64(META_CHECKSUM, fnv1a64(this.bytes, META_MAGIC, META_CHECKSUM), true);
  }

  /** Writes the page back, or over another one. */
  write(pgid: number = this.pgid): void {
    const file = this.#vfs.open(DAMAGE_PATH, { mode: 'write' });
    file.write(this.bytes, 0, this.bytes.length, pgid * DAMAGE_PAGE_BYTES);
    file.close();
  }
}

/** The same disk once more, to be spoiled by itself. */
export function copyOf(vfs: MemoryVfs): MemoryVfs {
  return vfs.crashImage(new Random(1), 1);
}

export function openDamaged(vfs: MemoryVfs, options: Partial<EngineOptions> = {}): Db {
  const pageSize = DAMAGE_PAGE_BYTES;
  return Db.open(DAMAGE_PATH, { pageSize, cacheBytes: 32 * pageSize, ...options }, vfs);
}

/** The EngineError that the work must end with. */
export function errorOf(work: () => unknown): EngineError {
  try {
    work();
  } catch (error) {
    expect(error).toBeInstanceOf(EngineError);
    return error as EngineError;
  }
  return expect.fail('nothing was thrown');
}

export function faultsOf(vfs: MemoryVfs): CheckFault[] {
  return [...checkDb(vfs, DAMAGE_PATH).faults];
}

export function truncateDamaged(vfs: MemoryVfs, bytes: number): void {
  const file = vfs.open(DAMAGE_PATH, { mode: 'write' });
  file.truncate(bytes);
  file.close();
}

/** The branch page of the lowest number. */
export function firstBranch(vfs: MemoryVfs, { used }: SoundFile): PageEdit {
  for (const pgid of used) {
    const page = new PageEdit(vfs, pgid);
    if (page.flags === FLAG_BRANCH) return page;
  }
  return expect.fail('there is no branch');
}
