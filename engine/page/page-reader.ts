// PageReader: how one thread gets at pages: from the shared cache where possible, from the file
// otherwise. One transaction uses it at a time.
//
// pin() answers in three fields instead of an object (it is the hottest call of all): `buffer` and
// `base` say where the page lies, `frame` what to unpin. A page that lies in private memory has
// frame -1: nodes of several pages, and pages the cache had no room for. Private copies are kept
// until endTransaction(), up to PRIVATE_BYTES_MAX; their bytes stay valid for who holds the buffer.

import { EngineError } from '../base/errors.ts';
import type { VfsFile } from '../vfs/vfs.ts';
import { FLAG_LEAF } from './layout.ts';
import {
  elementAt,
  keyLength,
  keyStart,
  PageBuffer,
  pageCount,
  pageFlags,
  pageOverflow,
  validatePage,
  valueLength,
} from './page-buffer.ts';
import type { PageCache } from './page-cache.ts';

const PRIVATE_BYTES_MAX = 16 * 1024 * 1024;
/** What a node may take beyond twice its data. */
const UNUSED_BYTES_MAX = 1024 * 1024;
/** What one typed array reaches. */
const NODE_BYTES_MAX = 2 ** 32;

export class PageReader {
  buffer: PageBuffer;
  base = 0;
  frame = -1;
  /** What touch() read: no use but to be read. */
  touched = 0;
  /** Pages read from the file since open. */
  pagesRead = 0;
  readonly cache: PageCache;
  readonly #file: VfsFile;
  readonly #pageSize: number;
  readonly #private = new Map<number, PageBuffer>();
  #privateBytes = 0;

  constructor(cache: PageCache, file: VfsFile) {
    this.cache = cache;
    this.buffer = cache.frames;
    this.#file = file;
    this.#pageSize = cache.pageSize;
  }

  /** Finds the node at `pgid` with all its pages. Throws CORRUPT, naming the page, and IO. */
  pin(pgid: number): void {
    let frame = this.cache.pin(pgid);
    if (frame < 0) {
      const kept = this.#private.get(pgid);
      if (kept !== undefined) {
        this.#point(kept, 0, -1);
        return;
      }
      frame = this.#load(pgid);
    }
    if (frame >= 0) this.#point(this.cache.frames, this.cache.base(frame), frame);
    if (frame < 0 || pageOverflow(this.buffer, this.base) === 0) return;
    const overflow = pageOverflow(this.buffer, this.base);
    const extent = this.#extent(pgid, this.buffer, this.base);
    this.unpin(frame);
    this.#point(this.#readNode(pgid, overflow, extent), 0, -1);
  }

  /** Makes memory fetch the start of a page that is cached and will be pinned soon. */
  touch(pgid: number): void {
    const frame = this.cache.find(pgid);
    if (frame < 0) return;
    const word = this.cache.base(frame) >>> 2;
    const { u32 } = this.cache.frames;
    // Kept, so that the compiler keeps the loads.
    this.touched = u32[word + 2]! ^ u32[word + 32]!;
  }

  /** Ends a pin; `frame` is what pin() left in this.frame. */
  unpin(frame: number): void {
    if (frame >= 0) this.cache.unpin(frame);
  }

  /** Forgets private copies: a later transaction may find other bytes under their pgids. */
  endTransaction(): void {
    if (this.#privateBytes === 0) return;
    this.#private.clear();
    this.#privateBytes = 0;
  }

  #point(buffer: PageBuffer, base: number, frame: number): void {
    this.buffer = buffer;
    this.base = base;
    this.frame = frame;
  }

  /** Brings a page into the cache, pinned; or -1 with the page in private memory at this.buffer. */
  #load(pgid: number): number {
    if (pgid < 2) throw corrupt(pgid, 'a meta page stands in the tree');
    for (let tries = 0; tries < 8; tries++) {
      const frame = this.cache.claim(pgid);
      if (frame < 0) break;
      try {
        this.#readPages(this.cache.frames, this.cache.base(frame), pgid, 1);
      } catch (error) {
        this.cache.abandon(frame);
        throw error;
      }
      if (this.cache.publish(frame, pgid)) return frame;
      const theirs = this.cache.pin(pgid);
      if (theirs >= 0) return theirs;
    }
    const page = new PageBuffer(new ArrayBuffer(this.#pageSize));
    this.#readPages(page, 0, pgid, 1);
    const overflow = pageOverflow(page, 0);
    if (overflow > 0) {
      const extent = this.#extent(pgid, page, 0);
      this.#point(this.#readNode(pgid, overflow, extent), 0, -1);
    } else this.#point(this.#keep(pgid, page), 0, -1);
    return -1;
  }

  /** A node of several pages. `extent` is where its elements say that its data end. */
  #readNode(pgid: number, overflow: number, extent: number): PageBuffer {
    const kept = this.#private.get(pgid);
    if (kept !== undefined) return kept;
    const bytes = (overflow + 1) * this.#pageSize;
    if (pgid * this.#pageSize + bytes > this.#file.size()) {
      throw corrupt(pgid, `its ${overflow} overflow pages end beyond the file`);
    }
    // bbolt leaves a page unused at most. Without a limit a few bytes of a sparse file cost gigabytes.
    if (bytes > 2 * extent + UNUSED_BYTES_MAX || bytes > NODE_BYTES_MAX) {
      throw corrupt(pgid, `${overflow} overflow pages for ${extent} bytes`);
    }
    const node = new PageBuffer(new ArrayBuffer(bytes));
    this.#readPages(node, 0, pgid, overflow + 1);
    return this.#keep(pgid, node);
  }

  /** Where the data of a node end, in bytes from its start; looks at elements of its first page only. */
  #extent(pgid: number, page: PageBuffer, base: number): number {
    const count = pageCount(page, base);
    let extent = elementAt(0, count);
    // Splits leave no node both with more elements than fit a page and with overflow pages.
    if (extent > this.#pageSize)
      throw corrupt(pgid, `${count} elements in a node of several pages`);
    const kind = pageFlags(page, base);
    for (let i = 0; i < count; i++) {
      const element = elementAt(base, i);
      const end = keyStart(page, element, kind) + keyLength(page, element, kind) - base;
      extent = Math.max(extent, kind === FLAG_LEAF ? end + valueLength(page, element) : end);
    }
    return extent;
  }

  #keep(pgid: number, node: PageBuffer): PageBuffer {
    if (this.#privateBytes + node.u8.length > PRIVATE_BYTES_MAX) this.endTransaction();
    this.#private.set(pgid, node);
    this.#privateBytes += node.u8.length;
    return node;
  }

  #readPages(target: PageBuffer, base: number, pgid: number, pages: number): void {
    const bytes = pages * this.#pageSize;
    const read = this.#file.read(target.u8, base, bytes, pgid * this.#pageSize);
    this.pagesRead += pages;
    if (read < bytes) throw corrupt(pgid, 'it lies beyond the end of the file');
    const fault = validatePage(target, base, {
      pgid,
      pageSize: this.#pageSize,
      available: bytes,
    });
    if (fault !== undefined) throw corrupt(pgid, fault);
  }
}

export function corrupt(pgid: number, fault: string): EngineError {
  return new EngineError('CORRUPT', `page ${pgid} is damaged: ${fault}`);
}
