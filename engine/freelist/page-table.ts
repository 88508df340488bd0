// PageTable: a hash table from page number to a small integer, on two typed arrays. Open addressing,
// linear probing, Fibonacci hashing, deletion by shifting back (Knuth, TAOCP 6.4 algorithm R), at
// most 5/8 full. No operation allocates except the growth that doubles it. Page 0 is never a key.

export class PageTable {
  #keys: Uint32Array;
  #values: Uint32Array;
  #mask: number;
  #shift: number;
  #size = 0;

  /** Room for `expected` keys without growing. */
  constructor(expected = 16) {
    const bits = Math.max(4, Math.ceil(Math.log2((expected * 8) / 5 + 1)));
    this.#keys = new Uint32Array(2 ** bits);
    this.#values = new Uint32Array(2 ** bits);
    this.#mask = 2 ** bits - 1;
    this.#shift = 32 - bits;
  }

  get size(): number {
    return this.#size;
  }

  get memoryBytes(): number {
    return this.#keys.byteLength + this.#values.byteLength;
  }

  /** The value of `key`, or -1. */
  get(key: number): number {
    const keys = this.#keys;
    let slot = this.#home(key);
    for (;;) {
      const found = keys[slot]!;
      if (found === key) return this.#values[slot]!;
      if (found === 0) return -1;
      slot = (slot + 1) & this.#mask;
    }
  }

  /** Sets `key`, which may be there already, to `value` (0 to 2^32 - 1). */
  set(key: number, value: number): void {
    if ((this.#size + 1) * 8 > this.#keys.length * 5) this.#grow();
    const keys = this.#keys;
    let slot = this.#home(key);
    while (keys[slot] !== 0 && keys[slot] !== key) slot = (slot + 1) & this.#mask;
    if (keys[slot] === 0) this.#size++;
    keys[slot] = key;
    this.#values[slot] = value;
  }

  /** Removes `key` if it is there. */
  delete(key: number): void {
    const keys = this.#keys;
    let hole = this.#home(key);
    while (keys[hole] !== key) {
      if (keys[hole] === 0) return;
      hole = (hole + 1) & this.#mask;
    }
    this.#size--;
    let slot = hole;
    for (;;) {
      slot = (slot + 1) & this.#mask;
      const moving = keys[slot]!;
      if (moving === 0) break;
      const distance = (slot - this.#home(moving)) & this.#mask;
      if (distance >= ((slot - hole) & this.#mask)) {
        keys[hole] = moving;
        this.#values[hole] = this.#values[slot]!;
        hole = slot;
      }
    }
    keys[hole] = 0;
  }

  #home(key: number): number {
    return Math.imul(key, 0x9e3779b1) >>> this.#shift;
  }

  #grow(): void {
    const keys = this.#keys;
    const values = this.#values;
    this.#keys = new Uint32Array(keys.length * 2);
    this.#values = new Uint32Array(keys.length * 2);
    this.#mask = this.#keys.length - 1;
    this.#shift--;
    this.#size = 0;
    for (let i = 0; i < keys.length; i++) if (keys[i] !== 0) this.set(keys[i]!, values[i]!);
  }
}
