// SlotTable: a hash set of slot numbers whose keys lie elsewhere, in columns of the owner. Open
// addressing, linear probing, deletion by shifting back (Knuth, TAOCP 6.4 algorithm R), at most 5/8
// full. The owner supplies the hash of a slot's key, which stays the same while the slot is in the
// table, and compares keys itself: it starts at home(hash) and follows after() to the first -1.
//
// Nothing allocates except the growth that doubles it; that costs one pass, about 30 ns a slot.

const ENTRIES_MIN = 64;

export class SlotTable {
  readonly #hashOf: (slot: number) => number;
  /** Slot + 1; 0 is empty. */
  #entries = new Uint32Array(ENTRIES_MIN);
  #mask = ENTRIES_MIN - 1;
  #shift = 32 - Math.log2(ENTRIES_MIN);
  #size = 0;

  /** `hashOf` gives 32 bits of which the upper ones are well mixed. */
  constructor(hashOf: (slot: number) => number) {
    this.#hashOf = hashOf;
  }

  get size(): number {
    return this.#size;
  }

  /** Positions there are, taken or empty: what a walk over the whole table goes through. */
  get length(): number {
    return this.#entries.length;
  }

  get memoryBytes(): number {
    return this.#entries.byteLength;
  }

  /** Where the search for a key of that hash begins. */
  home(hash: number): number {
    return hash >>> this.#shift;
  }

  after(position: number): number {
    return (position + 1) & this.#mask;
  }

  /** The slot at a position, or -1. */
  slotAt(position: number): number {
    return this.#entries[position]! - 1;
  }

  /** Adds a slot that is not in the table. */
  insert(slot: number): void {
    if ((this.#size + 1) * 8 > this.#entries.length * 5) this.#grow();
    this.#place(slot);
    this.#size++;
  }

  /** Removes a slot that is in the table. Its hash must still be what it was. */
  remove(slot: number): void {
    const entries = this.#entries;
    let hole = this.home(this.#hashOf(slot));
    while (entries[hole] !== slot + 1) hole = this.after(hole);
    this.#size--;
    let position = hole;
    for (;;) {
      position = this.after(position);
      const moving = entries[position]!;
      if (moving === 0) break;
      const distance = (position - this.home(this.#hashOf(moving - 1))) & this.#mask;
      if (distance >= ((position - hole) & this.#mask)) {
        entries[hole] = moving;
        hole = position;
      }
    }
    entries[hole] = 0;
  }

  #place(slot: number): void {
    let position = this.home(this.#hashOf(slot));
    while (this.#entries[position] !== 0) position = this.after(position);
    this.#entries[position] = slot + 1;
  }

  #grow(): void {
    const old = this.#entries;
    this.#entries = new Uint32Array(old.length * 2);
    this.#mask = this.#entries.length - 1;
    this.#shift--;
    for (const entry of old) if (entry !== 0) this.#place(entry - 1);
  }
}

/** Mixes a further word into a hash; the upper bits of the result depend on all of both. */
export function mixHash(hash: number, word: number): number {
  const mixed = Math.imul(hash ^ word, 0x9e37_79b1);
  return Math.imul(mixed ^ (mixed >>> 15), 0x85eb_ca6b);
}
