// Exercise: what a damaged file must survive: being checked, read and written with nothing but
// EngineErrors for answers; and ways to spoil a file that know the format, so that the damage gets past
// the first look at a page. Test support; not part of the engine.

import { verifying } from '../base/assert.ts';
import { EngineError, type EngineErrorCode } from '../base/errors.ts';
import type { Random } from '../base/random.ts';
import type { Bucket } from '../db/bucket.ts';
import { checkDb } from '../db/check.ts';
import type { Db } from '../db/db.ts';
import type { WriteBucket } from '../db/write-bucket.ts';
import type { FreelistKind } from '../freelist/freelist.ts';
import { FLAG_BRANCH, FLAG_LEAF } from '../page/layout.ts';
import { bytesOf } from '../../scripts/simulation/model.ts';
import type { MemoryVfs } from '../vfs/memory-vfs.ts';
import { DAMAGE_PAGE_BYTES, DAMAGE_PATH, openDamaged, PageEdit, type SoundFile } from './damage.ts';

/** Entries that an exercise reads before it has seen enough of a tree that repeats itself. */
const ENTRIES_MAX = 5000;

/** Spoils one page in use, in one of the ways that random bytes rarely find. */
export function spoil(vfs: MemoryVfs, sound: SoundFile, random: Random): void {
  const { used, highWater } = sound;
  const page = new PageEdit(vfs, used[random.below(used.length)]!);
  const other =
    random.below(2) === 0 ? random.below(highWater + 2) : used[random.below(used.length)]!;
  const ways = [spoilHeader, spoilElement, spoilLink, spoilContent];
  ways[random.below(ways.length)]!(page, random, other);
}

/** What a damaged file may be answered with. */
const ANSWERS: readonly EngineErrorCode[] = ['CORRUPT', 'NOT_A_DATABASE', 'VERSION_MISMATCH'];

const EXTREMES = [0, 1, 2, 15, 16, 255, 0x7fff, 0xffff, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff];

function extreme(random: Random): number {
  return EXTREMES[random.below(EXTREMES.length)]!;
}

function spoilHeader(page: PageEdit, random: Random): void {
  const way = random.below(3);
  if (way === 0) page.count = random.below(2) === 0 ? random.below(40) : extreme(random);
  else if (way === 1) page.overflow = random.below(2) === 0 ? random.below(20) : extreme(random);
  else page.flags = [FLAG_BRANCH, FLAG_LEAF, 0x10, 0x04, 0, 0xffff][random.below(6)]!;
  page.write();
}

function spoilElement(page: PageEdit, random: Random): void {
  const element = page.element(random.below(Math.max(1, page.elements)));
  const at = element + 4 * random.below(4);
  const old = page.view.getUint32(at, true);
  const way = random.below(3);
  if (way === 0) page.view.setUint32(at, extreme(random), true);
  else if (way === 1) page.view.setUint32(at, (old + random.between(-40, 40)) >>> 0, true);
  else page.view.setUint32(at, (old ^ (1 << random.below(32))) >>> 0, true);
  page.write();
}

/** Leads a branch or a bucket to another page: itself, one above it, a used, free or absent one. */
function spoilLink(page: PageEdit, random: Random, other: number): void {
  const targets = [BigInt(other), BigInt(page.pgid), 2n ** 40n + 3n, 2n ** 63n, 0n, BigInt(other)];
  const target = targets[random.below(targets.length)]!;
  const buckets = page.buckets();
  if (page.flags === FLAG_BRANCH) page.setChild(random.below(page.elements), target);
  else if (buckets.length > 0) page.setBucketRoot(buckets[random.below(buckets.length)]!, target);
  else page.bytes[random.below(DAMAGE_PAGE_BYTES)] = random.below(256);
  page.write();
}

/** Zeroes a page, fills it with noise, or puts it in the place of another one, with its number or not. */
function spoilContent(page: PageEdit, random: Random, other: number): void {
  const way = random.below(4);
  if (way === 0) page.bytes.fill(0);
  else if (way === 1) random.fill(page.bytes);
  else if (other >= 2) {
    if (way === 2) page.view.setBigUint64(0, BigInt(other), true);
    page.write(other);
    return;
  }
  page.write();
}

/** What an exercise came to. */
export interface Outcome {
  /** Faults that check found; undefined when it could not look at all. */
  readonly faults: number | undefined;
  readonly read: boolean;
  readonly written: boolean;
}

/** Checks, reads and writes the file. Throws when anything but an EngineError comes out of it. */
export function exercise(vfs: MemoryVfs, random: Random, freelist: FreelistKind): Outcome {
  let faults: number | undefined;
  const looked = attempt(() => {
    faults = checkDb(vfs, DAMAGE_PATH).faults.length;
  });
  if (!looked) faults = undefined;
  const read = attempt(() => {
    useDb(vfs, { readOnly: true }, (db) => {
      db.read((tx) => readAll(tx.root, { left: ENTRIES_MAX }));
    });
  });
  const written = attempt(() => {
    useDb(vfs, { freelist, syncFreelist: random.below(2) === 0 }, (db) => {
      for (let commit = 0; commit < 3; commit++) {
        db.write((tx) => {
          change(tx.root, random, 0);
        });
      }
    });
  });
  return { faults, read, written };
}

function attempt(work: () => void): boolean {
  try {
    work();
    return true;
  } catch (error) {
    if (error instanceof EngineError && ANSWERS.includes(error.code)) return false;
    // A stored freelist that names used pages is found by the self-checks alone, which is their job.
    if (verifying && /is free|free or pending|free and/.test(String(error))) return false;
    throw error;
  }
}

function useDb(vfs: MemoryVfs, options: object, work: (db: Db) => void): void {
  const db = openDamaged(vfs, options);
  try {
    work(db);
    if (db.pinnedFrames() !== 0) throw new Error(`${db.pinnedFrames()} frames stay pinned`);
  } finally {
    db.close();
  }
}

/** Reads everything below a bucket in both directions, as a program might. */
function readAll(bucket: Bucket, budget: { left: number }): void {
  const cursor = bucket.cursor();
  for (let there = cursor.last(); there && budget.left > 0; there = cursor.prev()) budget.left--;
  for (let there = cursor.first(); there && budget.left > 0; there = cursor.next()) {
    budget.left--;
    const key = cursor.key();
    cursor.value();
    const inner = cursor.isBucket ? bucket.bucket(key) : undefined;
    bucket.get(key);
    cursor.seek(key);
    if (inner !== undefined) readAll(inner, budget);
  }
  cursor.close();
}

/** Changes keys and buckets that are there and some that are not, down to the deepest bucket. */
function change(bucket: WriteBucket, random: Random, depth: number): void {
  const names: Uint8Array[] = [];
  const cursor = bucket.cursor();
  let seen = 0;
  for (let there = cursor.first(); there && seen < 300; there = cursor.next(), seen++) {
    if (random.below(4) === 0 || cursor.isBucket) names.push(cursor.key());
  }
  cursor.close();
  for (const name of names) {
    const inner = bucket.bucket(name);
    if (inner === undefined) {
      if (random.below(2) === 0) bucket.delete(name);
      else bucket.put(name, new Uint8Array(random.below(900)));
    } else if (random.below(5) === 0) {
      bucket.deleteBucket(name);
    } else if (depth < 100) {
      change(inner, random, depth + 1);
    }
  }
  bucket.put(bytesOf(`new ${random.below(50)}`), new Uint8Array(random.below(200)));
}
