// MomentHeap: slots by the moment something is due for them; the earliest is found in O(1), any slot
// is moved or removed in O(log n). An indexed heap of four children a node: half as deep as a binary
// one, and the moments of four children lie side by side. A slot is in the heap once or not at all.
//
// Moments are moved with their slots instead of being looked up in a column by slot: a comparison
// then costs no miss of its own. 16 bytes a slot.

import { grownDoubles, grownWords } from './columns.ts';

const CHILDREN = 4;

export class MomentHeap {
  /** Counts since it was made. */
  readonly counters: { pushes: number; pops: number } = { pushes: 0, pops: 0 };
  /** By position in the heap. */
  #moments = new Float64Array(0);
  #slots = new Uint32Array(0);
  /** Position + 1 by slot; 0: not in the heap. */
  #positions = new Uint32Array(0);
  #size = 0;

  get size(): number {
    return this.#size;
  }

  get memoryBytes(): number {
    return this.#moments.byteLength + this.#slots.byteLength + this.#positions.byteLength;
  }

  /** Makes room for slots below `capacity`. */
  reserve(capacity: number): void {
    this.#moments = grownDoubles(this.#moments, capacity);
    this.#slots = grownWords(this.#slots, capacity);
    this.#positions = grownWords(this.#positions, capacity);
  }

  /** The earliest moment, or Infinity. */
  get firstMoment(): number {
    return this.#size === 0 ? Infinity : this.#moments[0]!;
  }

  /** The slot of the earliest moment; the heap is not empty. */
  get firstSlot(): number {
    return this.#slots[0]!;
  }

  /** The moment of a slot, or Infinity where it is not in the heap. */
  momentOf(slot: number): number {
    const position = this.#positions[slot]!;
    return position === 0 ? Infinity : this.#moments[position - 1]!;
  }

  /** Puts a slot in, or moves it to another moment. */
  set(slot: number, moment: number): void {
    const found = this.#positions[slot]! - 1;
    if (found >= 0) {
      if (moment < this.#moments[found]!) this.#up(found, slot, moment);
      else this.#down(found, slot, moment);
      return;
    }
    this.counters.pushes++;
    this.#up(this.#size++, slot, moment);
  }

  /** Takes a slot out if it is in. */
  remove(slot: number): void {
    // A heap that was never used has no room for the slot either.
    if (this.#size === 0) return;
    const hole = this.#positions[slot]! - 1;
    if (hole < 0) return;
    this.counters.pops++;
    this.#positions[slot] = 0;
    const last = --this.#size;
    if (hole === last) return;
    const moment = this.#moments[last]!;
    if (moment < this.#moments[hole]!) this.#up(hole, this.#slots[last]!, moment);
    else this.#down(hole, this.#slots[last]!, moment);
  }

  /** Puts `slot` where the hole at `position` ends up when earlier moments must be above it. */
  #up(position: number, slot: number, moment: number): void {
    const moments = this.#moments;
    let hole = position;
    while (hole > 0) {
      const parent = (hole - 1) >>> 2;
      if (moments[parent]! <= moment) break;
      this.#place(hole, this.#slots[parent]!, moments[parent]!);
      hole = parent;
    }
    this.#place(hole, slot, moment);
  }

  /** The same downwards. */
  #down(position: number, slot: number, moment: number): void {
    const moments = this.#moments;
    const size = this.#size;
    let hole = position;
    for (;;) {
      const first = hole * CHILDREN + 1;
      if (first >= size) break;
      const end = first + CHILDREN < size ? first + CHILDREN : size;
      let least = first;
      for (let child = first + 1; child < end; child++) {
        if (moments[child]! < moments[least]!) least = child;
      }
      if (moments[least]! >= moment) break;
      this.#place(hole, this.#slots[least]!, moments[least]!);
      hole = least;
    }
    this.#place(hole, slot, moment);
  }

  #place(position: number, slot: number, moment: number): void {
    this.#moments[position] = moment;
    this.#slots[position] = slot;
    this.#positions[slot] = position + 1;
  }
}
