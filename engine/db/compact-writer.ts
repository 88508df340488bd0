// CompactWriter: writes a whole database in one pass, from everything it holds in key order: pages are
// numbered as they fill up, nothing is ever rewritten and no page is free. Writes all but the metas and
// syncs nothing: until somebody writes the metas the file is no database. Pages of zeros, such as the
// insides of values that are holes in a sparse source, are left out of the writes and become holes.
//
// Nodes are cut by bbolt's rules: one is closed when the next element would exceed its share of the
// page and it has two; a bucket of one small leaf without buckets in it lies inline in its parent's
// element. A branch that is closed hands its last child on to the next one, so that every branch has
// two: bbolt asserts that when it deletes. Memory: one open node a level and open bucket.

import { assert } from '../base/assert.ts';
import { writeU64 } from '../base/bytes.ts';
import {
  BUCKET_HEADER_BYTES,
  BUCKET_ROOT,
  BUCKET_SEQUENCE,
  ELEMENT_BYTES,
  FLAG_BRANCH,
  FLAG_FREELIST,
  FLAG_LEAF,
  LEAF_BUCKET,
  PAGE_HEADER_BYTES,
} from '../page/layout.ts';
import { elementAt, PageBuffer, writePageHeader } from '../page/page-buffer.ts';
import type { VfsFile } from '../vfs/vfs.ts';
import type { ContentVisitor } from './contents.ts';

/** Pages 0 and 1 are the metas. */
const FIRST_PAGE = 2;
const KEYS_PER_NODE_MIN = 2;
const WRITE_BYTES = 1024 * 1024;
/** Words kept of an element: flags or child, key bytes, value bytes. */
const ELEMENT_WORDS = 3;

export interface CompactWriterOptions {
  readonly file: VfsFile;
  readonly pageSize: number;
  /** Share of a page that is filled, 0.1 to 1. */
  readonly fillPercent: number;
}

/** A bucket whose contents are being shown. */
interface OpenBucket {
  readonly name: Uint8Array;
  readonly sequence: bigint;
  readonly leaf: OpenNode;
  /** Branches from the lowest up; the last one is the root so far. */
  readonly branches: OpenNode[];
  holdsBuckets: boolean;
}

export class CompactWriter implements ContentVisitor {
  readonly #pageSize: number;
  readonly #threshold: number;
  readonly #output: PageOutput;
  readonly #open: OpenBucket[] = [];
  /** Nodes of closed buckets, to be used again. */
  readonly #idle: OpenNode[] = [];

  constructor({ file, pageSize, fillPercent }: CompactWriterOptions) {
    this.#pageSize = pageSize;
    this.#threshold = Math.floor(pageSize * fillPercent);
    this.#output = new PageOutput(file, pageSize);
    this.#begin(new Uint8Array(0), 0n);
  }

  key(key: Uint8Array, value: Uint8Array): void {
    this.#add(0, key, value);
  }

  enter(name: Uint8Array, sequence: bigint): void {
    this.#top().holdsBuckets = true;
    this.#begin(name, sequence);
  }

  leave(): void {
    const bucket = this.#top();
    const inline =
      bucket.branches.length === 0 &&
      !bucket.holdsBuckets &&
      bucket.leaf.bytes <= this.#pageSize / 4;
    const value = new Uint8Array(BUCKET_HEADER_BYTES + (inline ? bucket.leaf.bytes : 0));
    const view = new DataView(value.buffer);
    view.setBigUint64(BUCKET_SEQUENCE, bucket.sequence, true);
    if (inline) value.set(inlineLeaf(bucket.leaf), BUCKET_HEADER_BYTES);
    else writeU64(view, BUCKET_ROOT, this.#finishTree(bucket));
    this.#end();
    this.#add(LEAF_BUCKET, bucket.name, value);
  }

  /**
   * Writes what is open, and an empty freelist where one is asked for. Returns where the metas have to
   * point; `freelist` is 0 for none.
   */
  finish(storeFreelist: boolean): { root: number; freelist: number; highWater: number } {
    assert(this.#open.length === 1, 'every bucket that was entered was left');
    const root = this.#finishTree(this.#top());
    const freelist = storeFreelist ? this.#output.next : 0;
    if (storeFreelist) {
      const { page, base, pgid } = this.#output.take(1);
      writePageHeader(page, base, { pgid, flags: FLAG_FREELIST, count: 0, overflow: 0 });
    }
    this.#output.finish();
    return { root, freelist, highWater: this.#output.next };
  }

  #top(): OpenBucket {
    return this.#open.at(-1)!;
  }

  #begin(name: Uint8Array, sequence: bigint): void {
    const leaf = this.#node(FLAG_LEAF);
    this.#open.push({ name, sequence, leaf, branches: [], holdsBuckets: false });
  }

  #end(): void {
    const bucket = this.#open.pop()!;
    this.#idle.push(bucket.leaf, ...bucket.branches);
  }

  #node(kind: typeof FLAG_LEAF | typeof FLAG_BRANCH): OpenNode {
    const node = this.#idle.pop() ?? new OpenNode();
    node.reset(kind);
    return node;
  }

  #add(flags: number, key: Uint8Array, value: Uint8Array): void {
    const bucket = this.#top();
    const { leaf } = bucket;
    const bytes = leaf.bytes + ELEMENT_BYTES + key.length + value.length;
    if (leaf.count >= KEYS_PER_NODE_MIN && bytes > this.#threshold) {
      this.#addChild(bucket, 0, leaf.firstKey(), this.#write(leaf));
      leaf.reset(FLAG_LEAF);
    }
    leaf.add(flags, key, value);
  }

  /** Names a written node in the branch above it, `level` counted from the leaves. */
  #addChild(bucket: OpenBucket, level: number, key: Uint8Array, pgid: number): void {
    const branch = (bucket.branches[level] ??= this.#node(FLAG_BRANCH));
    const bytes = branch.bytes + ELEMENT_BYTES + key.length;
    if (branch.count > KEYS_PER_NODE_MIN && bytes > this.#threshold) {
      const last = branch.removeLast();
      this.#addChild(bucket, level + 1, branch.firstKey(), this.#write(branch));
      branch.reset(FLAG_BRANCH);
      branch.add(last.child, last.key, NO_BYTES);
    }
    branch.add(pgid, key, NO_BYTES);
  }

  /** Writes the open nodes of a bucket; returns its root's page. */
  #finishTree(bucket: OpenBucket): number {
    let node = bucket.leaf;
    for (let level = 0; ; level++) {
      const pgid = this.#write(node);
      if (level === bucket.branches.length) return pgid;
      this.#addChild(bucket, level, node.firstKey(), pgid);
      node = bucket.branches[level]!;
    }
  }

  #write(node: OpenNode): number {
    const pages = Math.ceil(node.bytes / this.#pageSize);
    const { page, base, pgid } = this.#output.take(pages);
    node.writeTo(page, base, { pgid, overflow: pages - 1 });
    return pgid;
  }
}

/** Elements that will be one node, in key order. */
class OpenNode {
  kind: typeof FLAG_LEAF | typeof FLAG_BRANCH = FLAG_LEAF;
  count = 0;
  #elements = new Uint32Array(64 * ELEMENT_WORDS);
  /** Keys and values, one behind the other. */
  #data = new Uint8Array(4096);
  #used = 0;

  /** Bytes the node takes in the file. */
  get bytes(): number {
    return PAGE_HEADER_BYTES + ELEMENT_BYTES * this.count + this.#used;
  }

  reset(kind: typeof FLAG_LEAF | typeof FLAG_BRANCH): void {
    this.kind = kind;
    this.count = 0;
    this.#used = 0;
  }

  /** `word`: a leaf element's flags, or the child's page. */
  add(word: number, key: Uint8Array, value: Uint8Array): void {
    const at = this.count * ELEMENT_WORDS;
    if (at === this.#elements.length) {
      const grown = new Uint32Array(2 * at);
      grown.set(this.#elements);
      this.#elements = grown;
    }
    const end = this.#used + key.length + value.length;
    if (end > this.#data.length) {
      const grown = new Uint8Array(Math.max(end, 2 * this.#data.length));
      grown.set(this.#data.subarray(0, this.#used));
      this.#data = grown;
    }
    this.#elements[at] = word;
    this.#elements[at + 1] = key.length;
    this.#elements[at + 2] = value.length;
    this.#data.set(key, this.#used);
    this.#data.set(value, this.#used + key.length);
    this.#used = end;
    this.count++;
  }

  /** A copy. An empty leaf has none; it is a root, which nobody names by key. */
  firstKey(): Uint8Array {
    return this.#data.slice(0, this.#elements[1]);
  }

  /** Takes the last child of a branch away. */
  removeLast(): { key: Uint8Array; child: number } {
    this.count--;
    const at = this.count * ELEMENT_WORDS;
    const start = this.#used - this.#elements[at + 1]!;
    const key = this.#data.slice(start, this.#used);
    this.#used = start;
    return { key, child: this.#elements[at]! };
  }

  /** Lays the node out at `base`; what is behind it in its pages must be zero already. */
  writeTo(page: PageBuffer, base: number, at: { pgid: number; overflow: number }): void {
    const { count } = this;
    writePageHeader(page, base, { ...at, flags: this.kind, count });
    let data = elementAt(0, count);
    for (let i = 0; i < count; i++) {
      const word = elementAt(base, i) >>> 2;
      const first = this.#elements[i * ELEMENT_WORDS]!;
      const keyBytes = this.#elements[i * ELEMENT_WORDS + 1]!;
      const valueBytes = this.#elements[i * ELEMENT_WORDS + 2]!;
      const offset = data - elementAt(0, i);
      if (this.kind === FLAG_LEAF) {
        page.u32[word] = first;
        page.u32[word + 1] = offset;
        page.u32[word + 2] = keyBytes;
        page.u32[word + 3] = valueBytes;
      } else {
        page.u32[word] = offset;
        page.u32[word + 1] = keyBytes;
        page.u32[word + 2] = first;
        page.u32[word + 3] = 0;
      }
      data += keyBytes + valueBytes;
    }
    page.u8.set(this.#data.subarray(0, this.#used), elementAt(base, count));
  }
}

/** Pages in ascending order, gathered into large writes. */
class PageOutput {
  readonly #file: VfsFile;
  readonly #pageSize: number;
  #buffer: PageBuffer;
  #filled = 0;
  /** First page that was not taken yet. */
  next = FIRST_PAGE;

  constructor(file: VfsFile, pageSize: number) {
    this.#file = file;
    this.#pageSize = pageSize;
    this.#buffer = new PageBuffer(new ArrayBuffer(WRITE_BYTES));
  }

  /** Room for the next `pages` pages, zeroed: fill it before the next call. */
  take(pages: number): { page: PageBuffer; base: number; pgid: number } {
    const bytes = pages * this.#pageSize;
    if (this.#filled + bytes > this.#buffer.u8.length) this.flush();
    if (bytes > this.#buffer.u8.length) this.#buffer = new PageBuffer(new ArrayBuffer(bytes));
    const base = this.#filled;
    const pgid = this.next;
    this.#buffer.u8.fill(0, base, base + bytes);
    this.#filled += bytes;
    this.next += pages;
    return { page: this.#buffer, base, pgid };
  }

  /** Writes what was taken, but for pages of zeros. */
  flush(): void {
    const start = this.next * this.#pageSize - this.#filled;
    let from = 0;
    for (let at = 0; at < this.#filled; at += this.#pageSize) {
      if (!this.#isZero(at)) continue;
      this.#write(from, at, start);
      from = at + this.#pageSize;
    }
    this.#write(from, this.#filled, start);
    this.#filled = 0;
  }

  /** Writes the rest; the file then reaches to the end of its last page. */
  finish(): void {
    this.flush();
    const bytes = this.next * this.#pageSize;
    if (this.#file.size() < bytes) this.#file.truncate(bytes);
  }

  #write(from: number, to: number, start: number): void {
    if (to > from) this.#file.write(this.#buffer.u8, from, to - from, start + from);
  }

  #isZero(page: number): boolean {
    const { u32 } = this.#buffer;
    const end = (page + this.#pageSize) >>> 2;
    let word = page >>> 2;
    while (word < end && u32[word] === 0) word++;
    return word === end;
  }
}

const NO_BYTES = new Uint8Array(0);

/** The page inside an inline bucket's value, which has no number of its own. */
function inlineLeaf(leaf: OpenNode): Uint8Array {
  const page = new PageBuffer(new ArrayBuffer(Math.ceil(leaf.bytes / 4) * 4));
  leaf.writeTo(page, 0, { pgid: 0, overflow: 0 });
  return page.u8.subarray(0, leaf.bytes);
}
