// Tree: one bucket's B+tree under edit by the write transaction. Copy on write: the first change below
// a page turns it and its ancestors into nodes; their old pages are freed for this txid, and spill()
// gives every node a fresh page, children first.
//
// Rules taken from bbolt, so that it can go on writing what we wrote, and so that both ask the
// freelist for the same runs in the same order on the same history:
// - a branch element's key equals the first key of its child exactly (bbolt looks a child up by it);
//   while editing it may lag behind, spill() brings it up to date before the branch is written;
// - a node is cut when it holds more than four elements and fills a page (node.ts: splitIndex);
// - a node that lost elements is joined with a sibling when it is below a quarter page or has too
//   few keys (leaf: 1, branch: 2).
// Unlike bbolt a node is cut as soon as it is too large, not at commit, so nodes stay small.
//
// A branch element names an unwritten child by node id with NODE_TAG in the high word of its pgid.

import { assert } from '../base/assert.ts';
import { FILL_PERCENT_DEFAULT, FLAG_BRANCH, FLAG_LEAF, TREE_DEPTH_MAX } from '../page/layout.ts';
import {
  childHigh,
  childLow,
  elementAt,
  pageFlags,
  pageOverflow,
  type PageBuffer,
} from '../page/page-buffer.ts';
import { corrupt, type PageReader } from '../page/page-reader.ts';
import type { BufferPool } from './buffer-pool.ts';
import { Node, NODE_TAG } from './node.ts';
import { tooDeep } from './tree-view.ts';

/** What a tree needs of its transaction. */
export interface TreeContext {
  readonly pageSize: number;
  readonly pages: PageReader;
  readonly pool: BufferPool;
  /** Every node of the transaction; a node's id is its index. */
  readonly nodes: Node[];
  /** Marks the pages of a node that was read from disk as no longer needed. Throws CORRUPT. */
  free(pgid: number, pages: number): void;
  /** First page of a fresh run. */
  allocate(pages: number): number;
}

/** How far down a tree is being destroyed, and who looks at its leaves. */
interface Destruction {
  readonly depth: number;
  readonly visitLeaf: (page: PageBuffer, base: number) => void;
}

const LEAF_KEYS_MIN = 1;
const BRANCH_KEYS_MIN = 2;

export class Tree {
  fillPercent: number = FILL_PERCENT_DEFAULT;
  readonly #context: TreeContext;
  /** Page of the root while it is unchanged. */
  #rootPgid: number;
  #root: Node | undefined;
  readonly #path: Node[] = [];
  readonly #pathIndex: number[] = [];
  /** The last leaf of the tree while the path leads to it: where keys that ascend go, one by one. */
  #lastLeaf: Node | undefined;

  constructor(context: TreeContext, rootPgid: number) {
    this.#context = context;
    this.#rootPgid = rootPgid;
  }

  /** A tree whose root is made from an inline bucket's page, or an empty leaf without one. */
  static fromInline(context: TreeContext, page: PageBuffer | undefined): Tree {
    const tree = new Tree(context, 0);
    tree.#root = tree.#newNode(FLAG_LEAF, undefined, context.pageSize);
    if (page !== undefined) tree.#root.appendFrom(page, 0, 0, page.u32[2]! >>> 16);
    return tree;
  }

  /** The root node when the tree was changed. */
  get root(): Node | undefined {
    return this.#root;
  }

  get rootPgid(): number {
    return this.#rootPgid;
  }

  /** Marks the tree as changed although no element is. */
  touch(): void {
    this.#rootNode();
  }

  /** The leaf the key belongs to, as a node, with the path to it noted for insert(). */
  leafFor(key: Uint8Array): Node {
    if (this.#lastLeaf?.startsBefore(key) === true) return this.#lastLeaf;
    this.#path.length = 0;
    this.#pathIndex.length = 0;
    let node = this.#rootNode();
    let last = true;
    while (!node.isLeaf) {
      const found = node.search(key);
      const index = found >= 0 ? found : Math.max(0, ~found - 1);
      if (index < node.count - 1) last = false;
      this.#path.push(node);
      this.#pathIndex.push(index);
      if (this.#path.length === TREE_DEPTH_MAX) throw tooDeep(this.#rootPgid);
      node = this.#childNode(node, index);
    }
    this.#lastLeaf = last ? node : undefined;
    return node;
  }

  /** Puts into the leaf that leafFor() gave, at what its search() answered. Copies key and value. */
  put(leaf: Node, found: number, key: Uint8Array, value: Uint8Array, flags: number): void {
    if (found >= 0) leaf.replaceValue(found, value, flags);
    else leaf.insertLeaf(~found, key, value, flags);
    if (leaf.needsSplit(this.#context.pageSize)) this.#splitUp(leaf);
  }

  /** Deletes element `index` of the leaf that leafFor() gave. */
  delete(leaf: Node, index: number): void {
    leaf.remove(index);
    leaf.unbalanced = true;
  }

  /** Joins nodes that lost too much. Call it once, before spill(). */
  rebalance(): void {
    this.#lastLeaf = undefined;
    const { nodes } = this.#context;
    const mine = nodes.filter((node) => node.unbalanced && !node.removed && this.#owns(node));
    const depths = new Map(mine.map((node) => [node, depthOf(node)]));
    mine.sort((a, b) => depths.get(b)! - depths.get(a)! || a.id - b.id);
    for (const node of mine) this.#rebalance(node);
  }

  /** Gives every node a page, children first; returns the root's page. Pages are written later. */
  spill(): number {
    if (this.#root === undefined) return this.#rootPgid;
    this.#spill([this.#root]);
    // The root may have been cut: its parent is a new root, which needs a page as well.
    while (this.#root.parent !== undefined) {
      this.#root = this.#root.parent;
      this.#spill([this.#root]);
    }
    this.#rootPgid = this.#root.pgid;
    return this.#rootPgid;
  }

  /** Frees all pages of the tree, nodes included. `bucketsToo` is called for each leaf element. */
  destroy(visitLeaf: (page: PageBuffer, base: number) => void): void {
    const page = this.#root === undefined ? this.#rootPgid : undefined;
    this.#destroyPage(page, this.#root, { depth: 0, visitLeaf });
  }

  /** Drops an emptied or inlined root: what it was stays freed. */
  discardRoot(): void {
    if (this.#root !== undefined) this.#root.removed = true;
  }

  #destroyPage(page: number | undefined, node: Node | undefined, at: Destruction): void {
    if (at.depth === TREE_DEPTH_MAX) throw tooDeep(this.#rootPgid);
    if (node !== undefined) {
      node.removed = true;
      this.#destroyChildren(node.buffer, 0, at);
      return;
    }
    const { pages } = this.#context;
    pages.pin(page!);
    const { buffer, base, frame } = pages;
    // Read while it is pinned: another thread may give the frame to another page right after.
    const count = pageOverflow(buffer, base) + 1;
    try {
      this.#destroyChildren(buffer, base, at);
    } finally {
      pages.unpin(frame);
    }
    this.#context.free(page!, count);
  }

  #destroyChildren(buffer: PageBuffer, base: number, at: Destruction): void {
    const { depth, visitLeaf } = at;
    if (pageFlags(buffer, base) === FLAG_LEAF) {
      visitLeaf(buffer, base);
      return;
    }
    const count = buffer.u32[(base >>> 2) + 2]! >>> 16;
    for (let i = 0; i < count; i++) {
      const low = childLow(buffer, elementAt(base, i));
      const tagged = childHigh(buffer, elementAt(base, i)) === NODE_TAG;
      const node = tagged ? this.#context.nodes[low] : undefined;
      this.#destroyPage(tagged ? undefined : low, node, { depth: depth + 1, visitLeaf });
    }
  }

  #owns(node: Node): boolean {
    let top = node;
    while (top.parent !== undefined) top = top.parent;
    return top === this.#root;
  }

  #newNode(
    kind: typeof FLAG_LEAF | typeof FLAG_BRANCH,
    parent: Node | undefined,
    capacity: number,
  ): Node {
    const { nodes, pool } = this.#context;
    const node = new Node({ id: nodes.length, kind, parent, pool, capacity });
    nodes.push(node);
    return node;
  }

  #rootNode(): Node {
    this.#root ??= this.#nodeFromPage(this.#rootPgid, undefined);
    return this.#root;
  }

  #nodeFromPage(page: number, parent: Node | undefined): Node {
    const { pages, pageSize } = this.#context;
    pages.pin(page);
    const { buffer, base, frame } = pages;
    const flags = pageFlags(buffer, base);
    const count = pageOverflow(buffer, base) + 1;
    const node = this.#newNode(
      flags === FLAG_LEAF ? FLAG_LEAF : FLAG_BRANCH,
      parent,
      count * pageSize,
    );
    node.copyFrom(buffer, base, count * pageSize);
    if (count === 1) node.origin = page;
    pages.unpin(frame);
    this.#context.free(page, count);
    return node;
  }

  #childNode(parent: Node, index: number): Node {
    const element = elementAt(0, index);
    const low = childLow(parent.buffer, element);
    if (childHigh(parent.buffer, element) === NODE_TAG) return this.#context.nodes[low]!;
    const node = this.#nodeFromPage(low, parent);
    parent.setChild(index, node.id, NODE_TAG);
    return node;
  }

  /** Cuts the node at the end of the path, and its ancestors where that overfills them. */
  #splitUp(leaf: Node): void {
    leaf.passed = leaf === this.#lastLeaf;
    this.#lastLeaf = undefined;
    let node = leaf;
    for (let depth = this.#path.length - 1; node.needsSplit(this.#context.pageSize); depth--) {
      const parent = depth >= 0 ? this.#path[depth]! : this.#newRoot(node);
      this.#split(node, parent, depth >= 0 ? this.#pathIndex[depth]! : 0);
      node = parent;
    }
  }

  /** Cuts until the node fits; returns the new siblings, which stand behind it in the parent. */
  #split(node: Node, parent: Node, index: number): readonly Node[] {
    const siblings: Node[] = [];
    let left = node;
    let place = index;
    while (left.needsSplit(this.#context.pageSize)) {
      const cut = left.splitIndex(this.#context.pageSize, this.fillPercent);
      const right = this.#newNode(left.kind, parent, this.#context.pageSize);
      right.family = left.family;
      right.appendFrom(left.buffer, 0, cut, left.count);
      left.truncate(cut);
      this.#adopt(right, right);
      parent.insertBranch(++place, right.key(0), { low: right.id, high: NODE_TAG });
      siblings.push(right);
      left = right;
    }
    return siblings;
  }

  /** Makes `parent` the parent of all nodes among the children named by `holder`. */
  #adopt(holder: Node, parent: Node): void {
    if (holder.isLeaf) return;
    for (let i = 0; i < holder.count; i++) {
      const element = elementAt(0, i);
      if (childHigh(holder.buffer, element) !== NODE_TAG) continue;
      this.#context.nodes[childLow(holder.buffer, element)]!.parent = parent;
    }
  }

  #newRoot(child: Node): Node {
    const root = this.#newNode(FLAG_BRANCH, undefined, this.#context.pageSize);
    root.insertBranch(0, child.key(0), { low: child.id, high: NODE_TAG });
    child.parent = root;
    if (this.#root === child) this.#root = root;
    return root;
  }

  /**
   * Gives pages to a family, all that is below it first. bbolt cuts a node only here, after all its
   * children have their pages; so must a node that was cut earlier wait for the children of its whole
   * family, or its page would be asked for between theirs.
   */
  #spill(family: readonly Node[]): void {
    for (const children of this.#unwrittenFamilies(family)) this.#spill(children);
    for (const node of family) {
      this.#nameChildren(node);
      if (node.needsSplit(this.#context.pageSize)) {
        const parent = node.parent ?? this.#newRootForSpill(node);
        const siblings = this.#split(node, parent, parent.indexOf(node));
        this.#place(node);
        for (const sibling of siblings) this.#place(sibling);
      } else {
        this.#place(node);
      }
    }
  }

  #place(node: Node): void {
    const { pageSize } = this.#context;
    const pages = Math.ceil(node.bytes / pageSize);
    node.seal(this.#context.allocate(pages), pages, pageSize);
  }

  /** The children of `family` that have no page yet, in key order, by family. */
  #unwrittenFamilies(family: readonly Node[]): Node[][] {
    const families: Node[][] = [];
    for (const node of family) {
      for (let i = 0; !node.isLeaf && i < node.count; i++) {
        const element = elementAt(0, i);
        if (childHigh(node.buffer, element) !== NODE_TAG) continue;
        const child = this.#context.nodes[childLow(node.buffer, element)]!;
        if (child.pgid !== 0) continue;
        const last = families.at(-1);
        if (last?.[0]?.family === child.family) last.push(child);
        else families.push([child]);
      }
    }
    return families;
  }

  /** Names a branch's children by their pages and first keys, now that they are known. */
  #nameChildren(node: Node): void {
    for (let i = 0; !node.isLeaf && i < node.count; i++) {
      const element = elementAt(0, i);
      if (childHigh(node.buffer, element) !== NODE_TAG) continue;
      const child = this.#context.nodes[childLow(node.buffer, element)]!;
      node.setChild(i, child.pgid, 0);
      if (child.count > 0 && !node.sameKey(i, child)) node.replaceKey(i, child.key(0));
    }
  }

  /** As #newRoot(), but spill() still has to see the old root to climb to the new one. */
  #newRootForSpill(node: Node): Node {
    const root = this.#newRoot(node);
    this.#root = node;
    return root;
  }

  #rebalance(node: Node): void {
    if (!node.unbalanced || node.removed) return;
    node.unbalanced = false;
    const keysMin = node.isLeaf ? LEAF_KEYS_MIN : BRANCH_KEYS_MIN;
    if (node.bytes > this.#context.pageSize / 4 && node.count > keysMin) return;
    const { parent } = node;
    if (parent === undefined) {
      this.#collapseRoot(node);
      return;
    }
    const index = parent.indexOf(node);
    assert(index >= 0, 'a parent names its children');
    if (node.count === 0) {
      parent.remove(index);
      node.removed = true;
    } else if (parent.count > 1) {
      const leftIndex = index === 0 ? 0 : index - 1;
      const left = this.#childNode(parent, leftIndex);
      const right = this.#childNode(parent, leftIndex + 1);
      if (left.kind !== right.kind) throw corrupt(this.#rootPgid, 'its leaves differ in depth');
      left.appendFrom(right.buffer, 0, 0, right.count);
      this.#adopt(right, left);
      parent.remove(leftIndex + 1);
      right.removed = true;
    }
    parent.unbalanced = true;
    this.#rebalance(parent);
  }

  /** A root branch with one child gives way to it; one without any becomes an empty leaf. */
  #collapseRoot(root: Node): void {
    let top = root;
    while (!top.isLeaf && top.count === 1) {
      const child = this.#childNode(top, 0);
      child.parent = undefined;
      top.removed = true;
      top = child;
    }
    if (!top.isLeaf && top.count === 0) {
      top.removed = true;
      top = this.#newNode(FLAG_LEAF, undefined, this.#context.pageSize);
    }
    this.#root = top;
  }
}

function depthOf(node: Node): number {
  let depth = 0;
  for (let up = node.parent; up !== undefined; up = up.parent) depth++;
  return depth;
}
