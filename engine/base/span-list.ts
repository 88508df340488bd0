// SpanList: runs of neighbouring pages as (start, pages) pairs in typed arrays that grow. Used to
// carry free pages between the file, the tree walk and the freelists without one object a span.

const COUNT_RANGE = 2 ** 21;

export class SpanList {
  starts: Float64Array;
  counts: Uint32Array;
  length = 0;

  constructor(capacity = 16) {
    this.starts = new Float64Array(capacity);
    this.counts = new Uint32Array(capacity);
  }

  push(start: number, pages: number): void {
    if (this.length === this.starts.length) this.#grow();
    this.starts[this.length] = start;
    this.counts[this.length] = pages;
    this.length++;
  }

  /** Adds a span that starts at or after the end of the last one, joining the two where they touch. */
  append(start: number, pages: number): void {
    const last = this.length - 1;
    if (last >= 0 && this.starts[last]! + this.counts[last]! === start) {
      this.counts[last] = this.counts[last]! + pages;
    } else {
      this.push(start, pages);
    }
  }

  clear(): void {
    this.length = 0;
  }

  /** Pages in all spans. */
  pages(): number {
    let sum = 0;
    for (let i = 0; i < this.length; i++) sum += this.counts[i]!;
    return sum;
  }

  /** Sorts by start and joins spans that touch; in place. Spans must not overlap. */
  normalize(): void {
    if (this.#ascending()) {
      this.#join(this.starts, this.counts, this.length);
      return;
    }
    // One double holds start and count where the count is below 2^21, which makes the sort native.
    const packed = new Float64Array(this.length);
    for (let i = 0; i < this.length; i++) {
      if (this.counts[i]! >= COUNT_RANGE) {
        this.#normalizeLong();
        return;
      }
      packed[i] = this.starts[i]! * COUNT_RANGE + this.counts[i]!;
    }
    packed.sort();
    for (let i = 0; i < packed.length; i++) {
      this.starts[i] = Math.floor(packed[i]! / COUNT_RANGE);
      this.counts[i] = packed[i]! % COUNT_RANGE;
    }
    this.#join(this.starts, this.counts, this.length);
  }

  #ascending(): boolean {
    for (let i = 1; i < this.length; i++) {
      if (this.starts[i]! < this.starts[i - 1]!) return false;
    }
    return true;
  }

  #normalizeLong(): void {
    const order = Array.from({ length: this.length }, (_, i) => i);
    order.sort((a, b) => this.starts[a]! - this.starts[b]!);
    const starts = Float64Array.from(order, (from) => this.starts[from]!);
    const counts = Uint32Array.from(order, (from) => this.counts[from]!);
    this.#join(starts, counts, order.length);
  }

  /** Refills this list from ascending spans; reading may overlap writing, which stays behind. */
  #join(starts: Float64Array, counts: Uint32Array, length: number): void {
    this.clear();
    for (let i = 0; i < length; i++) this.append(starts[i]!, counts[i]!);
  }

  #grow(): void {
    const starts = new Float64Array(this.starts.length * 2);
    const counts = new Uint32Array(this.counts.length * 2);
    starts.set(this.starts);
    counts.set(this.counts);
    this.starts = starts;
    this.counts = counts;
  }
}
