// KeyArena: the bytes of attached keys, in blocks of whole 8-byte units cut from chunks of 2 MiB. A
// freed block is given to the next key of the same number of units, so keys that come and go in the
// same lengths take no more memory than their peak. Nothing is ever moved: no growth costs a copy.
//
// An address is a unit's number over all chunks; 32 bits of it reach 32 GiB. A block lies within a
// chunk, which bounds the length of a key; etcd's requests end at 1.5 MiB.

import { assert } from '../base/assert.ts';
import { copyRange } from '../base/bytes.ts';
import { grownWords, NONE } from './columns.ts';

const UNIT_BYTES = 8;
const CHUNK_UNITS_BITS = 18;
const CHUNK_UNITS = 2 ** CHUNK_UNITS_BITS;
const CHUNK_BYTES = CHUNK_UNITS * UNIT_BYTES;
export const KEY_BYTES_MAX: number = CHUNK_BYTES;

export class KeyArena {
  readonly #chunks: Uint8Array[] = [];
  /** The same memory as words: a free block holds the address of the next one of its length. */
  readonly #words: Uint32Array[] = [];
  /** First free block by units, or NONE. */
  #free = new Uint32Array(0);
  /** First unit of the last chunk that was never used. */
  #end = CHUNK_UNITS;

  get memoryBytes(): number {
    return this.#chunks.length * CHUNK_BYTES + this.#free.byteLength;
  }

  /** Copies a key of at most KEY_BYTES_MAX bytes; returns its address. */
  store(key: Uint8Array): number {
    const address = this.#allocate(unitsOf(key.length));
    copyRange(key, 0, key.length, this.chunkOf(address), this.startOf(address));
    return address;
  }

  /** Gives back what store() took for a key of `length` bytes. */
  free(address: number, length: number): void {
    this.#release(address, unitsOf(length));
  }

  /** The bytes in which a key lies, from startOf(address) on. */
  chunkOf(address: number): Uint8Array {
    return this.#chunks[address >>> CHUNK_UNITS_BITS]!;
  }

  startOf(address: number): number {
    return (address & (CHUNK_UNITS - 1)) * UNIT_BYTES;
  }

  #allocate(units: number): number {
    if (units < this.#free.length) {
      const address = this.#free[units]!;
      if (address !== NONE) {
        this.#free[units] = this.#words[address >>> CHUNK_UNITS_BITS]![this.#wordOf(address)]!;
        return address;
      }
    }
    if (this.#end + units > CHUNK_UNITS) this.#addChunk();
    const address = (this.#chunks.length - 1) * CHUNK_UNITS + this.#end;
    this.#end += units;
    return address;
  }

  /** What is left of the last chunk waits for keys that fit it. */
  #addChunk(): void {
    const left = CHUNK_UNITS - this.#end;
    if (left > 0) this.#release((this.#chunks.length - 1) * CHUNK_UNITS + this.#end, left);
    // The last address of the last chunk would be NONE.
    assert(this.#chunks.length < 2 ** (32 - CHUNK_UNITS_BITS) - 1, 'keys of leases fit 32 GiB');
    const chunk = new Uint8Array(CHUNK_BYTES);
    this.#chunks.push(chunk);
    this.#words.push(new Uint32Array(chunk.buffer));
    this.#end = 0;
  }

  #release(address: number, units: number): void {
    if (units >= this.#free.length) {
      const length = this.#free.length;
      this.#free = grownWords(this.#free, 2 ** Math.ceil(Math.log2(units + 1)));
      this.#free.fill(NONE, length);
    }
    this.#words[address >>> CHUNK_UNITS_BITS]![this.#wordOf(address)] = this.#free[units]!;
    this.#free[units] = address;
  }

  #wordOf(address: number): number {
    return this.startOf(address) / Uint32Array.BYTES_PER_ELEMENT;
  }
}

function unitsOf(length: number): number {
  return length === 0 ? 1 : Math.ceil(length / UNIT_BYTES);
}
