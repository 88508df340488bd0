// PageCache: single pages of the file in frames of shared memory, found by page number in two loads
// (directory, chunk). Any attached thread looks up, loads and evicts; no messages, no locks.
//
// Invariants:
// - A frame's `state` is its number of pins, plus CLAIMED while one thread owns it alone to refill
//   it. Whoever raises `state` and finds CLAIMED, or another page in the frame, lowers it and retries.
// - A pinned frame keeps its page and bytes. A frame is refilled only from state 0.
// - A table entry is frame + 1, or 0. It may name a frame that is about to change: only the pin with
//   the check of the frame's pgid behind it makes a lookup true. Each step is an atomic
//   read-modify-write, so it holds on machines that reorder plain loads; and the loads that lead to the
//   frame can be plain: an old value costs a reading of the file. (A call of Atomics.load takes 8 ns.)
// - The bytes of a reachable page never change (copy on write). put() and drop() are the writer's,
//   for pages that no reader's snapshot reaches.
// A lone thread counts pins without atomics, which would keep the processor from reading ahead.
// Replacement is CLOCK (second chance). Pages beyond the table's reach are not cached but read by
// each user; so are nodes of several pages. What a thread that was killed leaves behind costs time, never
// truth: its pins and claims keep their frames until forgetPins(); a table entry that names a frame with
// another page is replaced by whoever loads its page next.

import { PageBuffer } from './page-buffer.ts';

const CHUNK_BITS = 10;
const CHUNK_PAGES: number = 2 ** CHUNK_BITS;
const CLAIMED = -0x4000_0000;

/** Words of the control segment. */
const HAND = 0;
const CHUNKS_USED = 1;
const CONTROL_WORDS = 16;
/** Words a frame: side by side, so that a pin meets one cache line of them and not three. */
const FRAME_WORDS = 4;
const STATE = 0;
/** Page in the frame, modulo 2^32; 0 for none (pages 0 and 1 are metas, never cached). */
const PGID = 1;
/** 1 when the page was used since the hand of the clock last came by. */
const RECENT = 2;

/** What another thread needs to attach; structured-clone friendly, shares the memory. */
export interface PageCacheShare {
  readonly pageSize: number;
  /** As given; frames take whole pages of it. */
  readonly cacheBytes: number;
  readonly frames: SharedArrayBuffer;
  readonly control: SharedArrayBuffer;
  readonly directory: SharedArrayBuffer;
  readonly chunks: SharedArrayBuffer;
}

/**
 * Memory for a cache of `cacheBytes` over a file that may grow to about four times `filePages`.
 * The table is reserved for that size but only touched pages of it take memory.
 */
export function createPageCache(options: {
  pageSize: number;
  cacheBytes: number;
  filePages: number;
}): PageCacheShare {
  const frameCount = Math.max(16, Math.floor(options.cacheBytes / options.pageSize));
  const chunkCount = Math.max(1024, Math.ceil((options.filePages * 4) / CHUNK_PAGES));
  return {
    pageSize: options.pageSize,
    cacheBytes: options.cacheBytes,
    frames: new SharedArrayBuffer(frameCount * options.pageSize),
    control: new SharedArrayBuffer(4 * (CONTROL_WORDS + FRAME_WORDS * frameCount)),
    directory: new SharedArrayBuffer(4 * chunkCount),
    chunks: new SharedArrayBuffer(4 * chunkCount * CHUNK_PAGES),
  };
}

export class PageCache {
  readonly frames: PageBuffer;
  readonly pageSize: number;
  readonly cacheBytes: number;
  readonly frameCount: number;
  /** What touch() read: no use but to be read. */
  touched = 0;
  #shared: boolean;
  readonly #control: Int32Array;
  readonly #slots: Int32Array;
  readonly #directory: Int32Array;
  readonly #chunks: Int32Array;

  /** `shared` is false in the thread that made the cache, until it calls share(). */
  constructor(share: PageCacheShare, shared: boolean) {
    this.#shared = shared;
    this.pageSize = share.pageSize;
    this.cacheBytes = share.cacheBytes;
    this.frames = new PageBuffer(share.frames);
    this.frameCount = share.frames.byteLength / share.pageSize;
    this.#control = new Int32Array(share.control, 0, CONTROL_WORDS);
    this.#slots = new Int32Array(share.control, 4 * CONTROL_WORDS);
    this.#directory = new Int32Array(share.directory);
    this.#chunks = new Int32Array(share.chunks);
  }

  /** Pins the page if it is cached: its frame, whose bytes stay until unpin(); -1 if it is not. */
  pin(pgid: number): number {
    for (;;) {
      const entry = this.#entry(pgid, false);
      if (entry < 0) return -1;
      const frame = this.#chunks[entry]! - 1;
      if (frame < 0) return -1;
      this.#touch(frame);
      if (this.#addPin(frame, 1) >= 0 && this.#slots[frame * FRAME_WORDS + PGID] === (pgid | 0)) {
        this.#slots[frame * FRAME_WORDS + RECENT] = 1;
        return frame;
      }
      this.#addPin(frame, -1);
      // The frame changes hands. Its new owner unlinked it first, or died: then load around it.
      if (Atomics.load(this.#chunks, entry) === frame + 1) return -1;
    }
  }

  /**
   * Makes memory fetch the frame's words and the start of its page, both at once: behind the atomic
   * addition of a pin a load waits until it is done.
   */
  #touch(frame: number): void {
    const word = (frame * this.pageSize) >>> 2;
    const { u32 } = this.frames;
    this.touched = this.#slots[frame * FRAME_WORDS]! ^ u32[word + 2]! ^ u32[word + 16]!;
  }

  /** The page's frame without a pin, so a guess: it may hold another page by now; -1 if not cached. */
  find(pgid: number): number {
    const entry = this.#entry(pgid, false);
    return entry < 0 ? -1 : this.#chunks[entry]! - 1;
  }

  unpin(frame: number): void {
    this.#addPin(frame, -1);
  }

  /** Other threads may use the cache from now on. */
  share(): void {
    this.#shared = true;
  }

  /** Adds to a frame's pins; returns what its state was. Atomic once there are other threads. */
  #addPin(frame: number, pins: number): number {
    const word = frame * FRAME_WORDS + STATE;
    if (this.#shared) return Atomics.add(this.#slots, word, pins);
    const state = this.#slots[word]!;
    this.#slots[word] = state + pins;
    return state;
  }

  /** Byte of the frame in `frames`. */
  base(frame: number): number {
    return frame * this.pageSize;
  }

  /**
   * Takes a frame to fill with `pgid`: claimed, unlinked, its bytes free to write at base(frame).
   * Then call publish() or abandon(). -1 when the page cannot be cached now: table full, all pinned.
   */
  claim(pgid: number): number {
    if (this.#entry(pgid, true) < 0) return -1;
    for (let tries = 0; tries < 3 * this.frameCount; tries++) {
      const frame = (Atomics.add(this.#control, HAND, 1) >>> 0) % this.frameCount;
      if (this.#slots[frame * FRAME_WORDS + RECENT] === 1) {
        this.#slots[frame * FRAME_WORDS + RECENT] = 0;
        continue;
      }
      if (Atomics.compareExchange(this.#slots, frame * FRAME_WORDS + STATE, 0, CLAIMED) !== 0)
        continue;
      this.#unlink(frame);
      return frame;
    }
    return -1;
  }

  /** Links a claimed, filled frame and pins it. False if another thread was first: frame given back. */
  publish(frame: number, pgid: number): boolean {
    Atomics.store(this.#slots, frame * FRAME_WORDS + PGID, pgid | 0);
    Atomics.add(this.#slots, frame * FRAME_WORDS + STATE, 1 - CLAIMED);
    const entry = this.#entry(pgid, true);
    if (entry >= 0 && this.#link(entry, frame, pgid)) {
      this.#slots[frame * FRAME_WORDS + RECENT] = 1;
      return true;
    }
    Atomics.store(this.#slots, frame * FRAME_WORDS + PGID, 0);
    Atomics.sub(this.#slots, frame * FRAME_WORDS + STATE, 1);
    return false;
  }

  /** Gives back a claimed frame that was not filled. */
  abandon(frame: number): void {
    Atomics.sub(this.#slots, frame * FRAME_WORDS + STATE, CLAIMED);
  }

  /**
   * Writer only: the page has new bytes, source[0, pageSize), in place of page `replaced` (0: none),
   * whose frame it takes over where nobody holds it: what is read and written stays in the same
   * frames, and a reader of an older state reads the replaced page from the file once more.
   */
  put(pgid: number, source: Uint8Array, replaced: number): void {
    let frame = this.#takeOver(pgid);
    if (frame < 0 && replaced !== 0) frame = this.#takeOver(replaced);
    if (frame < 0) frame = this.claim(pgid);
    if (frame < 0) return;
    this.frames.u8.set(source, this.base(frame));
    if (this.publish(frame, pgid)) this.unpin(frame);
  }

  /** Writer only: forgets the page. */
  drop(pgid: number): void {
    const frame = this.#takeOver(pgid);
    if (frame >= 0) this.abandon(frame);
  }

  /** Unlinks the page and claims the frame it had, now empty; -1 where there is none to have. */
  #takeOver(pgid: number): number {
    const entry = this.#entry(pgid, false);
    if (entry < 0) return -1;
    const frame = Atomics.exchange(this.#chunks, entry, 0) - 1;
    if (frame < 0) return -1;
    // No snapshot reaches the page, so nobody holds it for long; a leaked pin keeps only the frame.
    this.#slots[frame * FRAME_WORDS + RECENT] = 0;
    const state = frame * FRAME_WORDS + STATE;
    if (Atomics.compareExchange(this.#slots, state, 0, CLAIMED) !== 0) return -1;
    // Another thread may have refilled it in between: then it names, and is linked as, another page.
    const held = Atomics.compareExchange(this.#slots, frame * FRAME_WORDS + PGID, pgid | 0, 0);
    if (held === (pgid | 0)) return frame;
    this.abandon(frame);
    return -1;
  }

  /** Frames pinned or claimed now: 0 when no reader and no cursor is at work. For tests. */
  pinnedFrames(): number {
    let pinned = 0;
    for (let i = 0; i < this.frameCount; i++)
      if (Atomics.load(this.#slots, i * FRAME_WORDS + STATE) !== 0) pinned++;
    return pinned;
  }

  /**
   * Owner only, while no thread is in a transaction: every pin and claim is one that a dead thread left,
   * so their frames are empty and free from now on.
   */
  forgetPins(): void {
    for (let frame = 0; frame < this.frameCount; frame++) {
      if (Atomics.load(this.#slots, frame * FRAME_WORDS + STATE) === 0) continue;
      this.#unlink(frame);
      Atomics.store(this.#slots, frame * FRAME_WORDS + STATE, 0);
    }
  }

  /** Makes the page's entry name `frame`, unless it names a frame that does hold the page. */
  #link(entry: number, frame: number, pgid: number): boolean {
    const linked = Atomics.load(this.#chunks, entry);
    if (linked !== 0 && Atomics.load(this.#slots, (linked - 1) * FRAME_WORDS + PGID) === (pgid | 0))
      return false;
    return Atomics.compareExchange(this.#chunks, entry, linked, frame + 1) === linked;
  }

  #unlink(frame: number): void {
    const old = Atomics.exchange(this.#slots, frame * FRAME_WORDS + PGID, 0) >>> 0;
    if (old === 0) return;
    const entry = this.#entry(old, false);
    if (entry >= 0) Atomics.compareExchange(this.#chunks, entry, frame + 1, 0);
  }

  /** Index of the page's entry in the chunks; -1 when it has no chunk (and `create` cannot help). */
  #entry(pgid: number, create: boolean): number {
    const page = pgid >>> 0;
    const slot = page >>> CHUNK_BITS;
    if (slot >= this.#directory.length) return -1;
    let chunk = this.#directory[slot]!;
    if (chunk === 0) {
      if (!create) return -1;
      const fresh = Atomics.add(this.#control, CHUNKS_USED, 1) + 1;
      if (fresh * CHUNK_PAGES > this.#chunks.length) return -1;
      const before = Atomics.compareExchange(this.#directory, slot, 0, fresh);
      chunk = before === 0 ? fresh : before;
    }
    return (chunk - 1) * CHUNK_PAGES + (page & (CHUNK_PAGES - 1));
  }
}
