// KeyHeap: records of keys, given out smallest key first. A binary heap that is filled and emptied in
// steps as short as the caller likes, which a sort is not. Knows keys by a comparison only; a record
// in the heap keeps its key.

import { grownCapacity, grownWords } from './columns.ts';

export class KeyHeap {
  readonly #compare: (one: number, other: number) => number;
  #records = new Uint32Array(0);
  #size = 0;

  constructor(compare: (one: number, other: number) => number) {
    this.#compare = compare;
  }

  get size(): number {
    return this.#size;
  }

  get memoryBytes(): number {
    return this.#records.byteLength;
  }

  /** The records, in no order. */
  records(): Uint32Array {
    return this.#records.subarray(0, this.#size);
  }

  push(record: number): void {
    if (this.#size === this.#records.length) {
      this.#records = grownWords(this.#records, grownCapacity(this.#size, this.#size + 1));
    }
    const records = this.#records;
    let hole = this.#size++;
    while (hole > 0) {
      const parent = (hole - 1) >>> 1;
      if (this.#compare(records[parent]!, record) <= 0) break;
      records[hole] = records[parent]!;
      hole = parent;
    }
    records[hole] = record;
  }

  /** Takes the record of the smallest key out; the heap is not empty. */
  pop(): number {
    const records = this.#records;
    const first = records[0]!;
    const size = --this.#size;
    const record = records[size]!;
    let hole = 0;
    for (;;) {
      let child = 2 * hole + 1;
      if (child >= size) break;
      if (child + 1 < size && this.#compare(records[child + 1]!, records[child]!) < 0) child++;
      if (this.#compare(records[child]!, record) >= 0) break;
      records[hole] = records[child]!;
      hole = child;
    }
    records[hole] = record;
    return first;
  }
}
