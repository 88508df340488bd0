// BitmapFreelist: one bit a page (1: free), and over it a tree of summaries that know the longest run
// of free pages below them. Allocation is first fit in address order, found by going down the tree;
// release sets bits and brings the summaries above them up to date. Neither looks at pages it does
// not touch: both are O(log pages), with 8 children a node.
//
// Why: the array keeps a commit's pages together but moves megabytes an allocation; the hashmap is fast
// but takes runs from anywhere, so commits scatter over the file, and it pays tens of bytes a span.
// First fit in address order over bits gives the array's placement at the hashmap's speed, in 1 bit
// a page and 6 bytes a 512 pages, whatever the free pages look like. The summary (run at the start,
// longest run, run at the end) is that of Go's page allocator (runtime/mpagealloc.go) and of Knuth's
// boundary method turned to a tree; bits are scanned a word at a time.
//
// A commit asks for many runs of one length, and first fit finds them one behind the other: so the
// search goes on where the last run ended, over bits alone, and the summaries above taken pages are
// brought up to date only when a search needs them.
//
// Invariants: a summary of a node that covers S pages holds start, max, end <= S, and all three equal S
// when everything below is free; it is right except above stale pages, where it may promise too much.
// Pages behind the last one known are in use: their bits are 0.

import { Freelist } from './freelist.ts';
import type { SpanList } from '../base/span-list.ts';

/** Pages a leaf of the summary tree covers. */
const CHUNK_PAGES = 512;
const CHUNK_WORDS: number = CHUNK_PAGES / 32;
const FANOUT_BITS = 3;
const FANOUT: number = 2 ** FANOUT_BITS;

/** Runs of free pages below the nodes of one level of the tree. */
interface Level {
  /** Pages a node of this level covers. */
  readonly pages: number;
  readonly start: RunLengths;
  readonly max: RunLengths;
  readonly end: RunLengths;
}

/** The narrowest numbers that hold a level's longest run: all but a few nodes take 2 bytes each. */
type RunLengths = Uint16Array | Uint32Array;

export class BitmapFreelist extends Freelist {
  readonly kind = 'bitmap';
  #bits = new Uint32Array(CHUNK_WORDS);
  #levels: Level[] = [];
  #freeCount = 0;
  /** No run of `#hintPages` and more free pages starts before `#hintPage`; Infinity: nothing known. */
  #hintPages = Infinity;
  #hintPage = 0;
  /** Pages taken since the summaries above them were right: none where `#staleEnd` is 0. */
  #staleStart = 0;
  #staleEnd = 0;
  /** Set by #put, taken by #takeChanged. */
  #changed = false;

  constructor() {
    super();
    this.#resize(CHUNK_PAGES);
  }

  get freeCount(): number {
    return this.#freeCount;
  }

  get memoryBytes(): number {
    const summaries = this.#levels.reduce((sum, level) => sum + 3 * level.max.byteLength, 0);
    return this.#bits.byteLength + summaries;
  }

  load(spans: SpanList): void {
    const last = spans.length - 1;
    const pages = last < 0 ? 0 : spans.starts[last]! + spans.counts[last]!;
    this.#bits = new Uint32Array(0);
    this.#levels = [];
    this.#freeCount = 0;
    this.#hintPages = Infinity;
    this.#staleEnd = 0;
    this.#resize(pages);
    for (let i = 0; i < spans.length; i++) this.#fill(spans.starts[i]!, spans.counts[i]!, true);
    this.#summarizeAll();
  }

  each(visit: (start: number, pages: number) => void): void {
    let start = 0;
    let length = 0;
    for (let word = 0; word < this.#bits.length; word++) {
      const bits = this.#bits[word]!;
      if (bits === 0xffff_ffff && length > 0) {
        length += 32;
        continue;
      }
      if (bits === 0 && length === 0) continue;
      for (let bit = 0; bit < 32; bit++) {
        if ((bits & (1 << bit)) !== 0) {
          if (length++ === 0) start = word * 32 + bit;
        } else if (length > 0) {
          visit(start, length);
          length = 0;
        }
      }
    }
    if (length > 0) visit(start, length);
  }

  protected take(pages: number): number {
    let start = -1;
    if (pages >= this.#hintPages) {
      const chunk = Math.floor(this.#hintPage / CHUNK_PAGES);
      if (chunk < this.#levels[0]!.max.length)
        start = this.#findInChunk(chunk, pages, this.#hintPage);
    }
    if (start < 0) {
      this.#refresh();
      start = this.#find(pages);
      if (start < 0) return 0;
    }
    const end = start + pages;
    this.#fill(start, pages, false);
    if (this.#staleEnd === 0 || start < this.#staleStart) this.#staleStart = start;
    if (end > this.#staleEnd) this.#staleEnd = end;
    this.#hintPages = pages;
    this.#hintPage = end;
    return start;
  }

  protected merge(spans: SpanList): void {
    const last = spans.length - 1;
    this.#refresh();
    this.#hintPages = Infinity;
    this.#reserve(spans.starts[last]! + spans.counts[last]!);
    for (let i = 0; i < spans.length; i++) this.#fill(spans.starts[i]!, spans.counts[i]!, true);
    for (let level = 0; level < this.#levels.length; level++) {
      // Spans ascend, so a node that two of them touch is brought up to date once.
      let done = -1;
      for (let i = 0; i < spans.length; i++) {
        done = this.#summarize(level, spans.starts[i]!, spans.counts[i]!, done);
      }
      if (!this.#takeChanged()) return;
    }
  }

  /** Brings the summaries above taken pages up to date, as far up as they change. */
  #refresh(): void {
    if (this.#staleEnd === 0) return;
    for (let level = 0; level < this.#levels.length; level++) {
      this.#summarize(level, this.#staleStart, this.#staleEnd - this.#staleStart, -1);
      if (!this.#takeChanged()) break;
    }
    this.#staleEnd = 0;
  }

  /** Lowest start of a run of `pages` free pages; -1 when there is none. */
  #find(pages: number): number {
    let level = this.#levels.length - 1;
    let node = 0;
    let base = 0;
    if (this.#levels[level]!.max[0]! < pages) {
      this.counters.probes++;
      return -1;
    }
    for (; level > 0; level--) {
      const below = this.#levels[level - 1]!;
      const first = node << FANOUT_BITS;
      const end = Math.min(first + FANOUT, below.max.length);
      let run = 0;
      let runStart = base;
      let child = first;
      for (; child < end; child++) {
        this.counters.probes++;
        const start = below.start[child]!;
        if (run + start >= pages) return runStart;
        if (below.max[child]! >= pages) break;
        run = start === below.pages ? run + start : below.end[child]!;
        runStart = base + (child - first + 1) * below.pages - run;
      }
      base += (child - first) * below.pages;
      node = child;
    }
    return this.#findInChunk(node, pages, base);
  }

  /** Lowest start, from page `from` of the chunk on, of a run that lies in the chunk; -1: none. */
  #findInChunk(chunk: number, pages: number, from: number): number {
    let run = 0;
    let start = 0;
    const end = (chunk + 1) * CHUNK_WORDS;
    let mask = -1 << (from & 31);
    for (let word = from >>> 5; word < end; word++) {
      let bits = (this.#bits[word]! & mask) >>> 0;
      mask = -1;
      let at = 0;
      this.counters.probes++;
      while (at < 32) {
        if (bits === 0) {
          run = 0;
          break;
        }
        const zeros = trailingZeros(bits);
        if (zeros > 0) {
          run = 0;
          bits >>>= zeros;
          at += zeros;
        }
        const ones = Math.min(trailingZeros(~bits), 32 - at);
        if (run === 0) start = word * 32 + at;
        run += ones;
        if (run >= pages) return start;
        at += ones;
        if (at < 32) {
          bits >>>= ones;
          run = 0;
        }
      }
    }
    return -1;
  }

  /** Sets or clears the bits of a run. */
  #fill(start: number, pages: number, free: boolean): void {
    const bits = this.#bits;
    const end = start + pages;
    this.#freeCount += free ? pages : -pages;
    for (let page = start; page < end;) {
      const word = page >>> 5;
      const from = page & 31;
      const count = Math.min(32 - from, end - page);
      const mask = count === 32 ? 0xffff_ffff : ((1 << count) - 1) << from;
      bits[word] = free ? bits[word]! | mask : bits[word]! & ~mask;
      page += count;
    }
  }

  /**
   * Brings a level's nodes over a changed run up to date, except those up to `done`; returns the last
   * of them. The level below must be up to date.
   */
  #summarize(level: number, start: number, pages: number, done: number): number {
    const nodePages = this.#levels[level]!.pages;
    const last = Math.floor((start + pages - 1) / nodePages);
    for (let node = Math.max(Math.floor(start / nodePages), done + 1); node <= last; node++) {
      if (level === 0) this.#summarizeChunk(node);
      else this.#summarizeNode(level, node);
    }
    return last;
  }

  #summarizeAll(): void {
    for (let level = 0; level < this.#levels.length; level++) {
      const { pages, max } = this.#levels[level]!;
      this.#summarize(level, 0, pages * max.length, -1);
    }
  }

  #summarizeChunk(chunk: number): void {
    const bits = this.#bits;
    const first = chunk * CHUNK_WORDS;
    let start = -1;
    let max = 0;
    let run = 0;
    for (let i = 0; i < CHUNK_WORDS; i++) {
      let word = bits[first + i]!;
      if (word === 0xffff_ffff) {
        run += 32;
        continue;
      }
      let at = 0;
      while (at < 32) {
        const ones = Math.min(trailingZeros(~word), 32 - at);
        run += ones;
        at += ones;
        if (at === 32) break;
        word >>>= ones;
        if (start < 0) start = run;
        if (run > max) max = run;
        run = 0;
        if (word === 0) break;
        const zeros = trailingZeros(word);
        at += zeros;
        word >>>= zeros;
      }
    }
    this.#put(this.#levels[0]!, chunk, start < 0 ? run : start, run > max ? run : max, run);
  }

  #summarizeNode(level: number, node: number): void {
    const below = this.#levels[level - 1]!;
    const first = node << FANOUT_BITS;
    const last = Math.min(first + FANOUT, below.max.length);
    let start = -1;
    let max = 0;
    let run = 0;
    for (let child = first; child < last; child++) {
      const childStart = below.start[child]!;
      if (childStart === below.pages) {
        run += below.pages;
        continue;
      }
      run += childStart;
      if (start < 0) start = run;
      if (run > max) max = run;
      if (below.max[child]! > max) max = below.max[child]!;
      run = below.end[child]!;
    }
    // Children that do not exist are in use: the end run is 0 there, unless the node is complete.
    const complete = last - first === FANOUT;
    const end = complete ? run : 0;
    this.#put(this.#levels[level]!, node, start < 0 ? run : start, run > max ? run : max, end);
  }

  /** Whether a summary changed since this was last asked. */
  #takeChanged(): boolean {
    const changed = this.#changed;
    this.#changed = false;
    return changed;
  }

  /** Plain numbers, not an object: this runs for every chunk that a commit touches. */
  #put(level: Level, node: number, start: number, max: number, end: number): void {
    if (level.start[node] === start && level.max[node] === max && level.end[node] === end) return;
    level.start[node] = start;
    level.max[node] = max;
    level.end[node] = end;
    this.#changed = true;
  }

  /** Grows by an eighth: a file that grows by commits pays for few copies, and memory stays low. */
  #reserve(pages: number): void {
    if (pages > this.#bits.length * 32) this.#resize(Math.ceil(pages * 1.125));
  }

  /** Room for `pages` pages; new ones are in use. Keeps bits, recomputes summaries. */
  #resize(pages: number): void {
    const chunks = Math.max(1, Math.ceil(pages / CHUNK_PAGES));
    const bits = new Uint32Array(chunks * CHUNK_WORDS);
    bits.set(this.#bits.subarray(0, bits.length));
    this.#bits = bits;
    this.#levels = [];
    for (let nodes = chunks, covers = CHUNK_PAGES; ; covers *= FANOUT) {
      this.#levels.push({
        pages: covers,
        start: runLengths(nodes, covers),
        max: runLengths(nodes, covers),
        end: runLengths(nodes, covers),
      });
      if (nodes === 1) break;
      nodes = Math.ceil(nodes / FANOUT);
    }
    this.#summarizeAll();
  }
}

function runLengths(nodes: number, longest: number): RunLengths {
  return longest <= 0xffff ? new Uint16Array(nodes) : new Uint32Array(nodes);
}

function trailingZeros(word: number): number {
  return word === 0 ? 32 : 31 - Math.clz32(word & -word);
}
