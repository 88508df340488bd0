// check: proves that a database file is whole. Every reachable page is visited once; keys ascend
// within a page, and lie between the keys that lead to it; a branch key equals its child's first key,
// as bbolt needs it; no page is used twice; and the free pages are exactly the unreachable ones.
// Reads headers and keys only. A flip inside a key or value that keeps the order cannot be seen: the
// format has no checksum there.
//
// Memory, whatever the bytes say: two bits a page of the file, the keys of the branches above the node
// looked at, and the stored freelist.

import { compareRange } from '../base/bytes.ts';
import type { SpanList } from '../base/span-list.ts';
import { readFreelist } from '../page/freelist-page.ts';
import { FLAG_LEAF, LEAF_BUCKET } from '../page/layout.ts';
import type { Meta } from '../page/meta-page.ts';
import {
  elementAt,
  keyLength,
  leafFlags,
  valueLength,
  type PageBuffer,
} from '../page/page-buffer.ts';
import type { Vfs, VfsFile } from '../vfs/vfs.ts';
import { readMeta } from './open-file.ts';
import { hasBit, pageBits, PageWalk, setBit, type PageVisit } from './page-walk.ts';

const NODES_A_STEP = 1024;
/** What is kept of the faults of a badly damaged file. */
const FAULTS_MAX = 100;

export interface CheckFault {
  readonly pgid: number;
  readonly fault: string;
}

export interface CheckReport {
  readonly ok: boolean;
  readonly pages: number;
  /** Pages that are metas, nodes or the stored freelist. */
  readonly usedPages: number;
  /** Nodes visited, inline buckets' pages included. */
  readonly nodes: number;
  /** Elements of all leaves: keys and names of buckets. */
  readonly entries: number;
  /** Bytes of keys, bucket names and values in all leaves. */
  readonly bytes: number;
  readonly faults: readonly CheckFault[];
}

/** The free pages of an open database, which a file without a stored freelist does not hold. */
export interface FreePagesSource {
  allFreeSpans(): SpanList;
}

export interface CheckOptions {
  /** The database that has the file open in this thread: its freelist in memory is checked as well. */
  readonly open?: FreePagesSource;
  /** The caller holds a lock on the file already. Default false: a shared one is taken. */
  readonly locked?: boolean;
}

/**
 * Checks the committed state of the file at `path`. With `open`, the database that has the file open
 * in this thread, its freelist in memory is checked as well. Throws what opening throws.
 */
export function checkDb(vfs: Vfs, path: string, open?: FreePagesSource): CheckReport {
  const steps = checkSteps(vfs, path, open === undefined ? {} : { open });
  for (;;) {
    const step = steps.next();
    if (step.done === true) return step.value;
  }
}

/** As checkDb(), pausing every now and then to say which share of the pages it has seen. */
export function* checkSteps(
  vfs: Vfs,
  path: string,
  { open, locked = false }: CheckOptions = {},
): Generator<number, CheckReport> {
  const file = vfs.open(path, { mode: 'read' });
  try {
    // A file that somebody writes to changes under the check.
    if (open === undefined && !locked) vfs.lock(file, path, 'shared');
    const check = new Check(file, readMeta(file, path), open);
    while (check.walk(NODES_A_STEP)) yield check.share;
    return check.finish();
  } finally {
    file.close();
  }
}

/** What a branch says of its children: first keys, and the key that everything is below. */
interface BranchKeys {
  readonly keys: readonly Uint8Array[];
  readonly below: Uint8Array | undefined;
}

class Check {
  readonly #file: VfsFile;
  readonly #meta: Meta;
  readonly #open: FreePagesSource | undefined;
  readonly #faults: CheckFault[] = [];
  readonly #reached: Uint32Array;
  readonly #walk: PageWalk;
  /** The branches above the node being visited, by level. */
  readonly #above: BranchKeys[] = [];
  #nodes = 0;
  #entries = 0;
  #bytes = 0;
  /** Pages of the nodes visited, for share() only. */
  #nodePages = 0;

  constructor(file: VfsFile, meta: Meta, open: FreePagesSource | undefined) {
    this.#file = file;
    this.#meta = meta;
    this.#open = open;
    this.#reached = pageBits(meta.highWater);
    setBit(this.#reached, 0);
    setBit(this.#reached, 1);
    this.#walk = new PageWalk({
      file,
      pageSize: meta.pageSize,
      root: meta.root,
      highWater: meta.highWater,
      reached: this.#reached,
      visit: (visit) => {
        this.#visit(visit);
      },
      fault: (pgid, fault) => {
        this.#fault(pgid, fault);
      },
    });
  }

  /** Share of the file that the nodes visited so far take. */
  get share(): number {
    return Math.min(1, this.#nodePages / this.#meta.highWater);
  }

  /** Visits up to `nodes` nodes; false when there is none left. */
  walk(nodes: number): boolean {
    for (let visited = 0; visited < nodes; visited++) if (!this.#walk.step()) return false;
    return true;
  }

  finish(): CheckReport {
    this.#checkFree();
    return {
      ok: this.#faults.length === 0,
      pages: this.#meta.highWater,
      usedPages: countBits(this.#reached),
      nodes: this.#nodes,
      entries: this.#entries,
      bytes: this.#bytes,
      faults: this.#faults,
    };
  }

  #visit(visit: PageVisit): void {
    this.#nodes++;
    this.#nodePages += visit.pages;
    if (visit.isLeaf) this.#entries += visit.count;
    if (visit.count === 0) {
      if (visit.depth > 0) this.#fault(visit.pgid, 'an empty page below the root');
      return;
    }
    const kept: Uint8Array[] = [];
    const first = visit.key(0);
    let last = first;
    // Keys that lie on top of each other could say more than the file holds: they end the look.
    let left = visit.page.u8.length + visit.pages * this.#meta.pageSize;
    for (let i = 0; i < visit.count && left >= 0; i++) {
      const key = i === 0 ? first : visit.key(i);
      if (i > 0 && compare(last, key) >= 0) {
        this.#fault(visit.pgid, `key ${i} is not above key ${i - 1}`);
      }
      if (visit.isLeaf && (leafFlags(visit.page, elementAt(0, i)) & ~LEAF_BUCKET) !== 0) {
        this.#fault(visit.pgid, `element ${i} has flags that this format does not know`);
      }
      if (visit.isLeaf) this.#bytes += entryBytes(visit.page, i);
      else kept.push(key);
      last = key;
      left -= key.length;
    }
    if (left < 0) this.#fault(visit.pgid, 'its keys overlap');
    const parent = visit.depth === 0 ? undefined : this.#above[visit.level - 1]!;
    const expected = parent?.keys[visit.index];
    const below = parent?.keys[visit.index + 1] ?? parent?.below;
    if (expected !== undefined && compare(first, expected) !== 0) {
      this.#fault(visit.pgid, 'its first key differs from the key in its parent');
    }
    if (below !== undefined && compare(last, below) >= 0) {
      this.#fault(visit.pgid, 'its last key is not below the next key in its parent');
    }
    if (!visit.isLeaf) this.#above[visit.level] = { keys: kept, below };
  }

  /** Free pages must be the unreached ones: those stored in the file, and those in memory. */
  #checkFree(): void {
    const { freelist, highWater, pageSize } = this.#meta;
    if (freelist !== undefined) {
      try {
        const stored = readFreelist(this.#file, { pgid: freelist, pageSize, highWater });
        for (let page = 0; page < stored.pages; page++) {
          if (hasBit(this.#reached, freelist + page)) {
            this.#fault(freelist + page, 'used by the tree and by the freelist');
          }
          setBit(this.#reached, freelist + page);
        }
        this.#compareFree(stored.spans, 'the stored freelist');
      } catch (error) {
        if (!(error instanceof Error)) throw error;
        this.#fault(freelist, error.message);
      }
    }
    if (this.#open !== undefined) this.#compareFree(this.#open.allFreeSpans(), 'the freelist');
  }

  #compareFree(spans: SpanList, name: string): void {
    const free = pageBits(this.#meta.highWater);
    for (let i = 0; i < spans.length; i++) {
      for (let page = 0; page < spans.counts[i]!; page++) {
        const id = spans.starts[i]! + page;
        if (id >= this.#meta.highWater || hasBit(free, id)) {
          this.#fault(id, `${name} names it twice or beyond the end`);
        } else {
          setBit(free, id);
        }
      }
    }
    for (let word = 0; word < free.length; word++) {
      if ((free[word]! ^ this.#reached[word]!) === -1) continue;
      this.#compareWord(word, free, name);
    }
  }

  #compareWord(word: number, free: Uint32Array, name: string): void {
    const end = Math.min(this.#meta.highWater, (word + 1) * 32);
    for (let page = word * 32; page < end; page++) {
      const isFree = hasBit(free, page);
      const isReached = hasBit(this.#reached, page);
      if (isFree && isReached) this.#fault(page, `free in ${name}, but in use`);
      if (!isFree && !isReached) this.#fault(page, `neither in use nor free in ${name}`);
    }
  }

  #fault(pgid: number, fault: string): void {
    if (this.#faults.length < FAULTS_MAX) this.#faults.push({ pgid, fault });
  }
}

/** Length of a leaf element's key, and of its value where that is no bucket. */
function entryBytes(page: PageBuffer, index: number): number {
  const element = elementAt(0, index);
  const isBucket = (leafFlags(page, element) & LEAF_BUCKET) !== 0;
  return keyLength(page, element, FLAG_LEAF) + (isBucket ? 0 : valueLength(page, element));
}

function countBits(bits: Uint32Array): number {
  let count = 0;
  for (let word of bits) for (; word !== 0; word &= word - 1) count++;
  return count;
}

function compare(a: Uint8Array, b: Uint8Array): number {
  return compareRange(a, 0, a.length, b, 0, b.length);
}
