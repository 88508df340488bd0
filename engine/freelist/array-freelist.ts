// ArrayFreelist: bbolt's first freelist and the baseline of the freelist claim: one sorted array of
// page ids. Allocation scans from the front for the first run that is long enough and closes the gap
// by moving everything behind it; release merges the freed ids into the whole array. Both are O(free
// pages), which is the point of the claim. Source: bbolt freelist.go, arrayAllocate and mergepgids.
//
// Ids are 8 bytes wide, as bbolt's are, because the cost is mostly the bytes moved: with 4-byte ids
// this baseline would be a different (about twice as fast) one than the one published against.
// Unlike bbolt it merges in place, and keeps no map of all free ids. `npm run bench:peers` holds it
// against bbolt's own on the same file.

import { Freelist } from './freelist.ts';
import type { SpanList } from '../base/span-list.ts';

export class ArrayFreelist extends Freelist {
  readonly kind = 'array';
  #ids = new Float64Array(1024);
  /** The free ids are #ids[#start, #end), ascending. Taking the first ids only moves #start. */
  #start = 0;
  #end = 0;

  get freeCount(): number {
    return this.#end - this.#start;
  }

  get memoryBytes(): number {
    return this.#ids.byteLength;
  }

  load(spans: SpanList): void {
    const pages = spans.pages();
    this.#ids = new Float64Array(Math.max(1024, Math.ceil(pages * 1.125)));
    this.#start = 0;
    this.#end = 0;
    for (let i = 0; i < spans.length; i++) {
      const first = spans.starts[i]!;
      for (let page = 0; page < spans.counts[i]!; page++) this.#ids[this.#end++] = first + page;
    }
  }

  each(visit: (start: number, pages: number) => void): void {
    let first = this.#start;
    for (let i = this.#start; i < this.#end; i++) {
      if (i + 1 < this.#end && this.#ids[i + 1] === this.#ids[i]! + 1) continue;
      visit(this.#ids[first]!, i + 1 - first);
      first = i + 1;
    }
  }

  protected take(pages: number): number {
    const ids = this.#ids;
    const start = this.#start;
    const end = this.#end;
    let initial = 0;
    let previous = -1;
    for (let i = start; i < end; i++) {
      const id = ids[i]!;
      if (id - previous !== 1) initial = id;
      if (id - initial + 1 === pages) {
        this.counters.probes += i + 1 - start;
        if (i + 1 - start === pages) {
          this.#start = i + 1;
        } else {
          ids.copyWithin(i + 1 - pages, i + 1, end);
          this.#end = end - pages;
        }
        return initial;
      }
      previous = id;
    }
    this.counters.probes += end - start;
    return 0;
  }

  protected merge(spans: SpanList): void {
    const added = spans.pages();
    this.#reserve(added);
    const ids = this.#ids;
    // From the back: move the ids above a span up to their final place, then write the span's own.
    let source = this.#end;
    let target = this.#end + added;
    this.#end = target;
    for (let i = spans.length - 1; i >= 0; i--) {
      const first = spans.starts[i]!;
      const pages = spans.counts[i]!;
      const above = this.#lowerBound(first, source);
      target -= source - above;
      ids.copyWithin(target, above, source);
      source = above;
      for (let page = pages - 1; page >= 0; page--) ids[--target] = first + page;
    }
  }

  /** Index of the first id >= `id` in [#start, end). */
  #lowerBound(id: number, end: number): number {
    let low = this.#start;
    let high = end;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#ids[middle]! < id) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** Makes room for `added` ids behind #end. */
  #reserve(added: number): void {
    if (this.#end + added <= this.#ids.length) return;
    const count = this.freeCount;
    if (count + added > this.#ids.length * 0.9) {
      const grown = new Float64Array(Math.ceil((count + added) * 1.25));
      grown.set(this.#ids.subarray(this.#start, this.#end));
      this.#ids = grown;
    } else {
      this.#ids.copyWithin(0, this.#start, this.#end);
    }
    this.#start = 0;
    this.#end = count;
  }
}
