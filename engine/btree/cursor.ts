// Cursor: a position in a tree, in key order. It pins the pages on its path, so it must be closed;
// the transaction closes what is left open. Any change to the tree makes a cursor on it invalid: seek
// again. Moves answer whether there is an element; the accessors are for the element found and copy
// nothing unless they say so. Moving allocates nothing once the path's arrays have grown.

import { FLAG_BRANCH, LEAF_BUCKET } from '../page/layout.ts';
import {
  copyOut,
  elementAt,
  keyLength,
  keyStart,
  leafFlags,
  pageCount,
  pageFlags,
  searchPage,
  valueLength,
  valueStart,
  type PageBuffer,
} from '../page/page-buffer.ts';
import { corrupt } from '../page/page-reader.ts';
import { DEPTH_MAX, type RootRef, type TreeView } from './tree-view.ts';

export class Cursor {
  readonly #view: TreeView;
  readonly #root: () => RootRef;
  readonly #buffers: PageBuffer[] = [];
  readonly #bases: number[] = [];
  readonly #frames: number[] = [];
  readonly #indexes: number[] = [];
  #depth = 0;

  constructor(view: TreeView, root: () => RootRef) {
    this.#view = view;
    this.#root = root;
  }

  /** Goes to the first element whose key is `key` or above it. */
  seek(key: Uint8Array): boolean {
    this.close();
    this.#view.pinRoot(this.#root());
    this.#push();
    for (;;) {
      const top = this.#depth - 1;
      const found = searchPage(this.#buffers[top]!, this.#bases[top]!, key);
      if (this.#atLeaf()) {
        this.#indexes[top] = found >= 0 ? found : ~found;
        return this.#settleForward();
      }
      this.#descend(found >= 0 ? found : Math.max(0, ~found - 1));
    }
  }

  /** True when seek(key) found the key itself. */
  at(key: Uint8Array): boolean {
    if (this.#depth === 0) return false;
    const top = this.#depth - 1;
    return searchPage(this.#buffers[top]!, this.#bases[top]!, key) === this.#indexes[top]!;
  }

  first(): boolean {
    this.close();
    this.#view.pinRoot(this.#root());
    this.#push();
    while (!this.#atLeaf()) this.#descend(0);
    this.#indexes[this.#depth - 1] = 0;
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
    if (this.#depth === 0) return false;
    const top = this.#depth - 1;
    this.#indexes[top] = this.#indexes[top]! + 1;
    return this.#settleForward();
  }

  prev(): boolean {
    if (this.#depth === 0) return false;
    const top = this.#depth - 1;
    this.#indexes[top] = this.#indexes[top]! - 1;
    return this.#settleBackward();
  }

  /** Unpins everything; the next move starts anew. */
  close(): void {
    while (this.#depth > 0) this.#pop();
  }

  /** Memory the element lies in: valid until the next move or close. */
  get buffer(): PageBuffer {
    return this.#buffers[this.#depth - 1]!;
  }

  get keyStart(): number {
    return keyStart(this.buffer, this.#element(), pageFlags(this.buffer, this.#base()));
  }

  get keyLength(): number {
    return keyLength(this.buffer, this.#element(), pageFlags(this.buffer, this.#base()));
  }

  get valueStart(): number {
    return valueStart(this.buffer, this.#element());
  }

  get valueLength(): number {
    return valueLength(this.buffer, this.#element());
  }

  /** True when the element is a nested bucket; its value is then a bucket header. */
  get isBucket(): boolean {
    return (leafFlags(this.buffer, this.#element()) & LEAF_BUCKET) !== 0;
  }

  /** A copy of the key. */
  key(): Uint8Array {
    return copyOut(this.buffer, this.keyStart, this.keyLength);
  }

  /** A copy of the value. */
  value(): Uint8Array {
    return copyOut(this.buffer, this.valueStart, this.valueLength);
  }

  #base(): number {
    return this.#bases[this.#depth - 1]!;
  }

  #element(): number {
    return elementAt(this.#base(), this.#indexes[this.#depth - 1]!);
  }

  #atLeaf(): boolean {
    return pageFlags(this.buffer, this.#base()) !== FLAG_BRANCH;
  }

  #count(): number {
    return pageCount(this.buffer, this.#base());
  }

  /** Moves on to the next leaf while the position is behind the end of its leaf. */
  #settleForward(): boolean {
    while (this.#indexes[this.#depth - 1]! >= this.#count()) {
      do {
        this.#pop();
        if (this.#depth === 0) return false;
      } while (this.#indexes[this.#depth - 1]! + 1 >= this.#count());
      this.#descend(this.#indexes[this.#depth - 1]! + 1);
      while (!this.#atLeaf()) this.#descend(0);
      this.#indexes[this.#depth - 1] = 0;
    }
    return true;
  }

  #settleBackward(): boolean {
    while (this.#indexes[this.#depth - 1]! < 0) {
      do {
        this.#pop();
        if (this.#depth === 0) return false;
      } while (this.#indexes[this.#depth - 1]! === 0);
      this.#descend(this.#indexes[this.#depth - 1]! - 1);
      this.#descendLast();
    }
    return true;
  }

  #descendLast(): void {
    while (!this.#atLeaf()) this.#descend(this.#count() - 1);
    this.#indexes[this.#depth - 1] = this.#count() - 1;
  }

  /** Goes to child `index` of the branch on top. */
  #descend(index: number): void {
    const top = this.#depth - 1;
    this.#indexes[top] = index;
    if (this.#depth === DEPTH_MAX) {
      throw corrupt(this.#root().pgid, `the tree below it is more than ${DEPTH_MAX} levels deep`);
    }
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
    this.#depth--;
    this.#view.pages.unpin(this.#frames[this.#depth]!);
  }
}
