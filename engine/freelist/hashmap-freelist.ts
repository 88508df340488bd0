// HashmapFreelist: bbolt's second freelist, the "segregated hashmap" of the published claim: free
// spans grouped by length, with a map from first page to span and one from last page to span.
// Allocation takes any span of the exact length, else any longer one and puts the rest back; release
// joins a span with its neighbours. All O(1) in the number of free pages. Source: bbolt
// freelist_hmap.go (etcd-io/bbolt#141).
//
// "Any" is Go's map order in bbolt, that is, no order: spans of a length are taken from random places
// of the file. Taking the newest or lowest instead would keep writes closer together than what was
// published does, so this one draws too, from a fixed seed, and a history repeats exactly.
// Freed spans are merged whole, as bbolt does since 1.5 (#1179), not page by page; the free count is
// kept, as bbolt does since 2021, not summed.

import { Random } from '../base/random.ts';
import { Freelist } from './freelist.ts';
import { PageTable } from './page-table.ts';
import { SpanList } from '../base/span-list.ts';

/** Spans of one length: their slots in no order. */
class SpanClass {
  readonly pages: number;
  slots = new Uint32Array(4);
  length = 0;
  /** Position among the classes that hold a span; -1 while empty. */
  live = -1;

  constructor(pages: number) {
    this.pages = pages;
  }
}

const DRAW_SEED = 0x5eed;

export class HashmapFreelist extends Freelist {
  readonly kind = 'hashmap';
  /** First and last page of a span to its slot. */
  #byStart = new PageTable();
  #byEnd = new PageTable();
  /** Columns of slots; a freed slot's `starts` links to the next free slot. */
  #starts = new Uint32Array(16);
  #pages = new Uint32Array(16);
  #places = new Uint32Array(16);
  #slotCount = 0;
  #freeSlot = -1;
  readonly #classes = new Map<number, SpanClass>();
  readonly #live: SpanClass[] = [];
  #freeCount = 0;
  #random = new Random(DRAW_SEED);

  get freeCount(): number {
    return this.#freeCount;
  }

  get spanCount(): number {
    return this.#byStart.size;
  }

  get memoryBytes(): number {
    let bytes = this.#byStart.memoryBytes + this.#byEnd.memoryBytes + 3 * this.#starts.byteLength;
    for (const spanClass of this.#classes.values()) bytes += spanClass.slots.byteLength;
    return bytes;
  }

  load(spans: SpanList): void {
    const room = Math.ceil(spans.length * 1.125) + 16;
    this.#byStart = new PageTable(room);
    this.#byEnd = new PageTable(room);
    this.#starts = new Uint32Array(room);
    this.#pages = new Uint32Array(room);
    this.#places = new Uint32Array(room);
    this.#slotCount = 0;
    this.#freeSlot = -1;
    this.#classes.clear();
    this.#live.length = 0;
    this.#freeCount = 0;
    this.#random = new Random(DRAW_SEED);
    for (let i = 0; i < spans.length; i++) this.#addSpan(spans.starts[i]!, spans.counts[i]!);
  }

  each(visit: (start: number, pages: number) => void): void {
    const spans = new SpanList(this.spanCount + 1);
    for (const spanClass of this.#live) {
      for (let i = 0; i < spanClass.length; i++) {
        spans.push(this.#starts[spanClass.slots[i]!]!, spanClass.pages);
      }
    }
    spans.normalize();
    for (let i = 0; i < spans.length; i++) visit(spans.starts[i]!, spans.counts[i]!);
  }

  protected take(pages: number): number {
    const exact = this.#classes.get(pages);
    if (exact !== undefined && exact.length > 0) {
      this.counters.probes++;
      return this.#removeSpan(this.#draw(exact));
    }
    const live = this.#live;
    const first = live.length > 1 ? this.#random.below(live.length) : 0;
    for (let i = 0; i < live.length; i++) {
      this.counters.probes++;
      const spanClass = live[(first + i) % live.length]!;
      if (spanClass.pages < pages) continue;
      const rest = spanClass.pages - pages;
      const start = this.#removeSpan(this.#draw(spanClass));
      this.#addSpan(start + pages, rest);
      return start;
    }
    return 0;
  }

  protected merge(spans: SpanList): void {
    for (let i = 0; i < spans.length; i++) {
      let start = spans.starts[i]!;
      let pages = spans.counts[i]!;
      const before = this.#byEnd.get(start - 1);
      const after = this.#byStart.get(start + pages);
      if (before >= 0) {
        pages += this.#pages[before]!;
        start = this.#removeSpan(before);
      }
      if (after >= 0) {
        pages += this.#pages[after]!;
        this.#removeSpan(after);
      }
      this.#addSpan(start, pages);
    }
  }

  #draw(spanClass: SpanClass): number {
    const place = spanClass.length > 1 ? this.#random.below(spanClass.length) : 0;
    return spanClass.slots[place]!;
  }

  #addSpan(start: number, pages: number): void {
    let slot = this.#freeSlot;
    if (slot >= 0) {
      this.#freeSlot = this.#starts[slot]! - 1;
    } else {
      if (this.#slotCount === this.#starts.length) this.#growSlots();
      slot = this.#slotCount++;
    }
    this.#starts[slot] = start;
    this.#pages[slot] = pages;
    this.#byStart.set(start, slot);
    this.#byEnd.set(start + pages - 1, slot);
    this.#freeCount += pages;
    let spanClass = this.#classes.get(pages);
    if (spanClass === undefined) {
      spanClass = new SpanClass(pages);
      this.#classes.set(pages, spanClass);
    }
    if (spanClass.length === 0) {
      spanClass.live = this.#live.length;
      this.#live.push(spanClass);
    }
    if (spanClass.length === spanClass.slots.length) {
      const grown = new Uint32Array(spanClass.slots.length * 2);
      grown.set(spanClass.slots);
      spanClass.slots = grown;
    }
    this.#places[slot] = spanClass.length;
    spanClass.slots[spanClass.length++] = slot;
  }

  /** Takes the span out of every structure; returns its first page. */
  #removeSpan(slot: number): number {
    const start = this.#starts[slot]!;
    const pages = this.#pages[slot]!;
    this.#byStart.delete(start);
    this.#byEnd.delete(start + pages - 1);
    this.#freeCount -= pages;
    const spanClass = this.#classes.get(pages)!;
    const moved = spanClass.slots[--spanClass.length]!;
    const place = this.#places[slot]!;
    spanClass.slots[place] = moved;
    this.#places[moved] = place;
    if (spanClass.length === 0) this.#retire(spanClass);
    this.#starts[slot] = this.#freeSlot + 1;
    this.#freeSlot = slot;
    return start;
  }

  /** Takes an emptied class out of the live ones; long lengths come and go, so it is dropped. */
  #retire(spanClass: SpanClass): void {
    const last = this.#live.pop()!;
    if (last !== spanClass) {
      this.#live[spanClass.live] = last;
      last.live = spanClass.live;
    }
    spanClass.live = -1;
    if (spanClass.pages > 1024) this.#classes.delete(spanClass.pages);
  }

  #growSlots(): void {
    const capacity = this.#starts.length * 2;
    const columns = [this.#starts, this.#pages, this.#places].map((column) => {
      const grown = new Uint32Array(capacity);
      grown.set(column);
      return grown;
    });
    this.#starts = columns[0]!;
    this.#pages = columns[1]!;
    this.#places = columns[2]!;
  }
}
