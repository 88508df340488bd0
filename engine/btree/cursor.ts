// Cursor: a position in a tree, in key order. It pins the pages on its path, so it must be closed;
// the transaction closes what is left open. Any change to the tree makes a cursor on it invalid: seek
// again. Moves answer whether there is an element; the accessors are for the element found and copy
// nothing unless they say so. Moving allocates nothing once the path's arrays have grown. Where the
// leaf lies stands in fields besides the path, so that a step within it and a look at its element
// read no array: three moves of four stay in their leaf even with the largest entries.

import { compareRange } from '../base/bytes.ts';
import {
  ELEMENT_BYTES,
  FLAG_BRANCH,
  LEAF_BUCKET,
  PAGE_HEADER_BYTES,
  TREE_DEPTH_MAX,
} from '../page/layout.ts';
import {
  copyOut,
  elementAt,
  leafFlags,
  pageCount,
  pageFlags,
  searchPage,
  touchKeys,
  type PageBuffer,
} from '../page/page-buffer.ts';
import { tooDeep, type RootRef, type TreeView } from './tree-view.ts';

export class Cursor {
  readonly #view: TreeView;
  readonly #root: () => RootRef;
  readonly #buffers: PageBuffer[] = [];
  readonly #bases: number[] = [];
  readonly #frames: number[] = [];
  readonly #indexes: number[] = [];
  #depth = 0;
  /** The leaf at the end of the path, and its words. */
  #leaf: PageBuffer;
  #words: Uint32Array;
  /** Bytes of its first element, of the one at the position, and behind its last one. */
  #start = 0;
  #element = 0;
  #end = 0;
  /**
   * Where its key and value lie, read once with each move: as small as this the accessors are always
   * compiled into the loop that calls them, larger ones mostly not.
   */
  #keyStart = 0;
  #keyLength = 0;
  #valueStart = 0;
  #valueLength = 0;

  constructor(view: TreeView, root: () => RootRef) {
    this.#view = view;
    this.#root = root;
    this.#leaf = view.pages.buffer;
    this.#words = this.#leaf.u32;
  }

  /** Goes to the first element whose key is `key` or above it. */
  seek(key: Uint8Array): boolean {
    const found = this.#search(key);
    this.#enterLeaf(found >= 0 ? found : ~found);
    return this.#element < this.#end ? true : this.#settleForward();
  }

  /**
   * Goes to the element of `key` itself; false, and nowhere, when there is none. Keys that lie in one
   * leaf are found there one after the other, without a way from the root.
   */
  find(key: Uint8Array): boolean {
    const found = this.#leafCovers(key)
      ? searchPage(this.#leaf, this.#start - PAGE_HEADER_BYTES, key)
      : this.#search(key);
    if (found < 0) this.close();
    else this.#enterLeaf(found);
    return found >= 0;
  }

  first(): boolean {
    this.close();
    this.#view.pinRoot(this.#root());
    this.#push();
    while (!this.#atLeaf()) this.#descend(0);
    this.#enterLeaf(0);
    return this.#settleForward();
  }

  last(): boolean {
    this.close();
    this.#view.pinRoot(this.#root());
    this.#push();
    this.#descendLast();
    return this.#settleBackward();
  }

  next(): boolean {
    const element = this.#element + ELEMENT_BYTES;
    this.#element = element;
    if (element >= this.#end) return this.#settleForward();
    this.#look(element);
    return true;
  }

  prev(): boolean {
    if (this.#depth === 0) return false;
    const element = this.#element - ELEMENT_BYTES;
    this.#element = element;
    if (element < this.#start) return this.#settleBackward();
    this.#look(element);
    return true;
  }

  /** Unpins everything; the next move starts anew. */
  close(): void {
    while (this.#depth > 0) this.#pop();
    this.#end = 0;
  }

  /** Memory the element lies in: valid until the next move or close. */
  get buffer(): PageBuffer {
    return this.#leaf;
  }

  get keyStart(): number {
    return this.#keyStart;
  }

  get keyLength(): number {
    return this.#keyLength;
  }

  get valueStart(): number {
    return this.#valueStart;
  }

  get valueLength(): number {
    return this.#valueLength;
  }

  /** True when the element is a nested bucket; its value is then a bucket header. */
  get isBucket(): boolean {
    return (leafFlags(this.#leaf, this.#element) & LEAF_BUCKET) !== 0;
  }

  /** A copy of the key. */
  key(): Uint8Array {
    return copyOut(this.#leaf, this.keyStart, this.keyLength);
  }

  /** A copy of the value. */
  value(): Uint8Array {
    return copyOut(this.#leaf, this.valueStart, this.valueLength);
  }

  /**
   * Goes down to the leaf of `key`; returns what the search in it answered. In a snapshot the pages of
   * the path so far stay held where the new path agrees with it: at least the root is not looked for.
   */
  #search(key: Uint8Array): number {
    this.#end = 0;
    if (this.#depth === 0 || !this.#view.unchanging) {
      this.close();
      this.#view.pinRoot(this.#root());
      this.#push();
    }
    for (let level = 0; ; level++) {
      const buffer = this.#buffers[level]!;
      const base = this.#bases[level]!;
      if (pageFlags(buffer, base) !== FLAG_BRANCH) {
        this.#view.pages.touched = touchKeys(buffer, base);
        return searchPage(buffer, base, key);
      }
      const found = searchPage(buffer, base, key);
      const index = found >= 0 ? found : Math.max(0, ~found - 1);
      if (level + 1 < this.#depth && this.#indexes[level] === index) continue;
      while (this.#depth > level + 1) this.#pop();
      this.#descend(index);
    }
  }

  /** Whether the key's place is in the leaf that the cursor is in. */
  #leafCovers(key: Uint8Array): boolean {
    if (this.#depth === 0 || this.#end <= this.#start || !this.#view.unchanging) return false;
    const last = this.#end - ELEMENT_BYTES;
    return this.#compareAt(this.#start, key) <= 0 && this.#compareAt(last, key) >= 0;
  }

  /** Orders the key of the leaf's element at byte `element` against `key`. */
  #compareAt(element: number, key: Uint8Array): number {
    const word = element >>> 2;
    const start = element + this.#words[word + 1]!;
    return compareRange(this.#leaf.u8, start, this.#words[word + 2]!, key, 0, key.length);
  }

  /** Notes where the data of the leaf's element at byte `element` lie. */
  #look(element: number): void {
    const words = this.#words;
    const word = element >>> 2;
    const start = element + words[word + 1]!;
    const length = words[word + 2]!;
    this.#keyStart = start;
    this.#keyLength = length;
    this.#valueStart = start + length;
    this.#valueLength = words[word + 3]!;
  }

  /** Whether the end of the path is a leaf. */
  #atLeaf(): boolean {
    const top = this.#depth - 1;
    return pageFlags(this.#buffers[top]!, this.#bases[top]!) !== FLAG_BRANCH;
  }

  /** Elements of the page at the end of the path. */
  #count(): number {
    const top = this.#depth - 1;
    return pageCount(this.#buffers[top]!, this.#bases[top]!);
  }

  #enterLeaf(index: number): void {
    const top = this.#depth - 1;
    const base = this.#bases[top]!;
    this.#leaf = this.#buffers[top]!;
    this.#words = this.#leaf.u32;
    const element = elementAt(base, index);
    this.#start = elementAt(base, 0);
    this.#element = element;
    this.#end = elementAt(base, pageCount(this.#leaf, base));
    if (element >= this.#start && element < this.#end) this.#look(element);
  }

  /** Moves on to the next leaf while the position is behind the end of its leaf. */
  #settleForward(): boolean {
    while (this.#element >= this.#end) {
      do {
        if (this.#depth > 0) this.#pop();
        if (this.#depth === 0) return this.#leave();
      } while (this.#indexes[this.#depth - 1]! + 1 >= this.#count());
      this.#descend(this.#indexes[this.#depth - 1]! + 1);
      while (!this.#atLeaf()) this.#descend(0);
      this.#enterLeaf(0);
    }
    this.#touchNext();

    return true;
  }

  /**
   * Looks at the leaf behind this one, so that memory brings it while this one is read: a scan waits
   * for memory more than it computes.
   */
  #touchNext(): void {
    const top = this.#depth - 2;
    if (top < 0) return;
    const buffer = this.#buffers[top]!;
    const base = this.#bases[top]!;
    const next = this.#indexes[top]! + 1;
    if (next < pageCount(buffer, base)) this.#view.touchChild(buffer, base, next);
  }

  #settleBackward(): boolean {
    while (this.#element < this.#start) {
      do {
        this.#pop();
        if (this.#depth === 0) return this.#leave();
      } while (this.#indexes[this.#depth - 1]! === 0);
      this.#descend(this.#indexes[this.#depth - 1]! - 1);
      this.#descendLast();
    }
    return true;
  }

  /** Nowhere: what the next step finds behind the end. */
  #leave(): boolean {
    this.#end = 0;
    return false;
  }

  #descendLast(): void {
    while (!this.#atLeaf()) this.#descend(this.#count() - 1);
    this.#enterLeaf(this.#count() - 1);
  }

  /** Goes to child `index` of the branch on top. */
  #descend(index: number): void {
    const top = this.#depth - 1;
    this.#indexes[top] = index;
    if (this.#depth === TREE_DEPTH_MAX) throw tooDeep(this.#root().pgid);
    this.#view.pinChild(this.#buffers[top]!, this.#bases[top]!, index);
    this.#push();
  }

  /** Takes over the pin that the view left. */
  #push(): void {
    const { pages } = this.#view;
    this.#buffers[this.#depth] = pages.buffer;
    this.#bases[this.#depth] = pages.base;
    this.#frames[this.#depth] = pages.frame;
    this.#indexes[this.#depth] = 0;
    this.#depth++;
  }

  #pop(): void {
    // Whatever comes of the move that is under way, the leaf is no longer held.
    this.#end = 0;
    this.#depth--;
    this.#view.pages.unpin(this.#frames[this.#depth]!);
  }
}
