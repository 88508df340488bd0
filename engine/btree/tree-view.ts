// TreeView: reads of one tree as a transaction sees it: pages of its snapshot, and, inside a write
// transaction, nodes not yet written. A root is a page number, a node, or the private copy of an
// inline bucket's page. Whoever pins unpins: locate() leaves the leaf pinned in `pages`.

import { assert } from '../base/assert.ts';
import type { EngineError } from '../base/errors.ts';
import { FLAG_BRANCH, TREE_DEPTH_MAX } from '../page/layout.ts';
import {
  childHigh,
  childLow,
  elementAt,
  pageFlags,
  searchPage,
  type PageBuffer,
} from '../page/page-buffer.ts';
import { corrupt, type PageReader } from '../page/page-reader.ts';
import { NODE_TAG, type Node } from './node.ts';

/** Where a tree starts, in this order: an edited root, an inline page, a page of the file. */
export interface RootRef {
  readonly node: Node | undefined;
  readonly inline: PageBuffer | undefined;
  readonly pgid: number;
}

export class TreeView {
  readonly pages: PageReader;
  /** Nodes of the write transaction by id; undefined for readers. */
  readonly #nodes: readonly Node[] | undefined;

  constructor(pages: PageReader, nodes?: readonly Node[]) {
    this.pages = pages;
    this.#nodes = nodes;
  }

  /** Whether the tree stays as it is for as long as its pages are held. */
  get unchanging(): boolean {
    return this.#nodes === undefined;
  }

  /** Pins the root; see PageReader.pin() for where it is found. */
  pinRoot(root: RootRef): void {
    if (root.node !== undefined) this.#pinMemory(root.node.buffer);
    else if (root.inline !== undefined) this.#pinMemory(root.inline);
    else this.pages.pin(root.pgid);
  }

  /** Pins child `index` of the branch at (buffer, base), which stays pinned. */
  pinChild(buffer: PageBuffer, base: number, index: number): void {
    const element = elementAt(base, index);
    const low = childLow(buffer, element);
    if (childHigh(buffer, element) === NODE_TAG) {
      assert(this.#nodes !== undefined, 'only a write transaction meets unwritten nodes');
      this.#pinMemory(this.#nodes[low]!.buffer);
      return;
    }
    this.pages.pin(low);
  }

  /** Reads a word of child `index`, if it is cached, and nothing else: see PageReader.touch(). */
  touchChild(buffer: PageBuffer, base: number, index: number): void {
    const element = elementAt(base, index);
    if (childHigh(buffer, element) !== NODE_TAG) this.pages.touch(childLow(buffer, element));
  }

  /**
   * Finds the leaf the key belongs to and leaves it pinned: at pages.buffer, pages.base, to unpin
   * with pages.frame. Returns the element's index, or ~index of the first element above the key.
   */
  locate(root: RootRef, key: Uint8Array): number {
    const { pages } = this;
    this.pinRoot(root);
    for (let depth = 0; depth < TREE_DEPTH_MAX; depth++) {
      const { buffer, base, frame } = pages;
      const found = searchPage(buffer, base, key);
      if (pageFlags(buffer, base) !== FLAG_BRANCH) return found;
      const index = found >= 0 ? found : Math.max(0, ~found - 1);
      try {
        this.pinChild(buffer, base, index);
      } finally {
        pages.unpin(frame);
      }
    }
    pages.unpin(pages.frame);
    throw tooDeep(root.pgid);
  }

  #pinMemory(buffer: PageBuffer): void {
    this.pages.buffer = buffer;
    this.pages.base = 0;
    this.pages.frame = -1;
  }
}

export function tooDeep(root: number): EngineError {
  return corrupt(root, `the tree below it is more than ${TREE_DEPTH_MAX} levels deep`);
}
