// LeaseKeys: the keys attached to leases, as one set of (lease slot, key). A key is a record in typed
// columns; its bytes lie in an arena, a hash table finds it, and a list runs through those of a lease.
// About 35 bytes a key besides its own. A key may be attached to two leases, as etcd's sets allow.
//
// In key order they come only when they are asked for: attaching happens with every put, listing once
// in a lease's life. take() hands keys out in order and in steps: it first moves them into a heap, so
// many a call, then pops. A record in that heap has left its list, and outlives a detach until popped.

import { compareRange } from '../base/bytes.ts';
import { grownCapacity, grownWords, NONE } from './columns.ts';
import { KeyArena } from './key-arena.ts';
import { KeyHeap } from './key-heap.ts';
import { mixHash, SlotTable } from './slot-table.ts';

/** Keys a call of take() gets ready for each one it may hand out: about as much work. */
const READY_FACTOR = 4;
/** In place of a record's predecessor: it lies in a heap of take(). */
const IN_HEAP = NONE - 1;

export class LeaseKeys {
  readonly #arena = new KeyArena();
  readonly #table = new SlotTable((record) => this.#hashes[record]!);
  /** By record: whose it is (NONE when detached), its list, where its bytes lie. */
  #owners = new Uint32Array(0);
  #nexts = new Uint32Array(0);
  #previous = new Uint32Array(0);
  #addresses = new Uint32Array(0);
  #lengths = new Uint32Array(0);
  #hashes = new Uint32Array(0);
  #records = 0;
  #freeRecord = NONE;
  /** By lease slot: first record of its list, and how many keys it has. */
  #heads = new Uint32Array(0);
  #counts = new Uint32Array(0);
  /** Leases whose keys are being taken. */
  readonly #taking = new Map<number, KeyHeap>();

  get memoryBytes(): number {
    const columns = 6 * this.#owners.byteLength + 2 * this.#heads.byteLength;
    let heaps = 0;
    for (const heap of this.#taking.values()) heaps += heap.memoryBytes;
    return columns + heaps + this.#table.memoryBytes + this.#arena.memoryBytes;
  }

  /** Makes room for lease slots below `capacity`. */
  reserve(capacity: number): void {
    const before = this.#heads.length;
    this.#heads = grownWords(this.#heads, capacity);
    this.#heads.fill(NONE, before);
    this.#counts = grownWords(this.#counts, capacity);
  }

  countOf(slot: number): number {
    return this.#counts[slot]!;
  }

  /** Adds a key, of which the bytes are copied; nothing where it is attached already. */
  attach(slot: number, key: Uint8Array): void {
    const hash = hashOf(slot, key);
    if (this.#find(slot, key, hash) >= 0) return;
    const record = this.#takeRecord();
    this.#owners[record] = slot;
    this.#addresses[record] = this.#arena.store(key);
    this.#lengths[record] = key.length;
    this.#hashes[record] = hash;
    this.#link(slot, record);
    this.#counts[slot] = this.#counts[slot]! + 1;
    this.#table.insert(record);
  }

  /** Removes a key if it is attached. */
  detach(slot: number, key: Uint8Array): void {
    const record = this.#find(slot, key, hashOf(slot, key));
    if (record < 0) return;
    this.#forget(slot, record);
    if (this.#previous[record] === IN_HEAP) return;
    this.#unlink(slot, record);
    this.#free(record);
  }

  /** Copies of all keys in key order. */
  all(slot: number): Uint8Array[] {
    const keys: Uint8Array[] = [];
    for (let record = this.#heads[slot]!; record !== NONE; record = this.#nexts[record]!) {
      keys.push(this.#copyOf(record));
    }
    for (const record of this.#taking.get(slot)?.records() ?? []) {
      if (this.#owners[record] === slot) keys.push(this.#copyOf(record));
    }
    return keys.sort((a, b) => compareRange(a, 0, a.length, b, 0, b.length));
  }

  /**
   * Detaches up to `limit` keys, the smallest first, and puts copies of them into `out`, which it
   * empties before. Returns whether there may be more: a call may only get keys ready and hand out
   * none. A key attached meanwhile comes too, if need be after larger ones. The key with which they
   * reach `bytesMax` is the last.
   */
  take(slot: number, limit: number, bytesMax: number, out: Uint8Array[]): boolean {
    out.length = 0;
    if (this.#counts[slot] === 0) {
      this.#dropHeap(slot);
      return false;
    }
    if (!this.ready(slot, limit)) return true;
    const heap = this.#heapOf(slot);
    let bytes = 0;
    while (out.length < limit && bytes < bytesMax && heap.size > 0) {
      const record = heap.pop();
      if (this.#owners[record] !== NONE) {
        const key = this.#copyOf(record);
        bytes += key.length;
        out.push(key);
        this.#forget(slot, record);
      }
      this.#free(record);
    }
    return this.#counts[slot]! > 0;
  }

  /** The first part of take() alone: true once its next call hands out keys, or there are none. */
  ready(slot: number, limit: number): boolean {
    if (this.#heads[slot] === NONE) return true;
    const heap = this.#heapOf(slot);
    for (let left = limit * READY_FACTOR; left > 0 && this.#heads[slot] !== NONE; left--) {
      const record = this.#heads[slot]!;
      this.#unlink(slot, record);
      this.#previous[record] = IN_HEAP;
      heap.push(record);
    }
    return this.#heads[slot] === NONE;
  }

  /** Forgets what is attached to a slot. Costs a step for each key; none after take() to the end. */
  clear(slot: number): void {
    this.#dropHeap(slot);
    while (this.#heads[slot] !== NONE) {
      const record = this.#heads[slot]!;
      this.#forget(slot, record);
      this.#unlink(slot, record);
      this.#free(record);
    }
  }

  #heapOf(slot: number): KeyHeap {
    let heap = this.#taking.get(slot);
    if (heap === undefined) {
      heap = new KeyHeap((one, other) => this.#compare(one, other));
      this.#taking.set(slot, heap);
    }
    return heap;
  }

  /** What still lies in the heap goes back to the list, or ends. */
  #dropHeap(slot: number): void {
    const heap = this.#taking.get(slot);
    if (heap === undefined) return;
    this.#taking.delete(slot);
    for (const record of heap.records()) {
      if (this.#owners[record] === NONE) this.#free(record);
      else this.#link(slot, record);
    }
  }

  #compare(one: number, other: number): number {
    const arena = this.#arena;
    const a = this.#addresses[one]!;
    const b = this.#addresses[other]!;
    return compareRange(
      arena.chunkOf(a),
      arena.startOf(a),
      this.#lengths[one]!,
      arena.chunkOf(b),
      arena.startOf(b),
      this.#lengths[other]!,
    );
  }

  /** The record of a key, or -1. */
  #find(slot: number, key: Uint8Array, hash: number): number {
    const table = this.#table;
    let position = table.home(hash);
    for (;;) {
      const record = table.slotAt(position);
      if (record < 0) return -1;
      if (this.#hashes[record] === hash && this.#owners[record] === slot) {
        if (this.#holds(record, key)) return record;
      }
      position = table.after(position);
    }
  }

  #holds(record: number, key: Uint8Array): boolean {
    const address = this.#addresses[record]!;
    const length = this.#lengths[record]!;
    const { length: wanted } = key;
    if (length !== wanted) return false;
    const start = this.#arena.startOf(address);
    return compareRange(this.#arena.chunkOf(address), start, length, key, 0, wanted) === 0;
  }

  #copyOf(record: number): Uint8Array {
    const address = this.#addresses[record]!;
    const start = this.#arena.startOf(address);
    return this.#arena.chunkOf(address).slice(start, start + this.#lengths[record]!);
  }

  /** The record is no lease's any more; its bytes and its place are still taken. */
  #forget(slot: number, record: number): void {
    this.#table.remove(record);
    this.#counts[slot] = this.#counts[slot]! - 1;
    this.#owners[record] = NONE;
  }

  #link(slot: number, record: number): void {
    const head = this.#heads[slot]!;
    this.#nexts[record] = head;
    this.#previous[record] = NONE;
    if (head !== NONE) this.#previous[head] = record;
    this.#heads[slot] = record;
  }

  #unlink(slot: number, record: number): void {
    const next = this.#nexts[record]!;
    const previous = this.#previous[record]!;
    if (previous === NONE) this.#heads[slot] = next;
    else this.#nexts[previous] = next;
    if (next !== NONE) this.#previous[next] = previous;
  }

  #takeRecord(): number {
    const free = this.#freeRecord;
    if (free !== NONE) {
      this.#freeRecord = this.#nexts[free]!;
      return free;
    }
    if (this.#records === this.#owners.length) this.#growRecords();
    return this.#records++;
  }

  #free(record: number): void {
    this.#arena.free(this.#addresses[record]!, this.#lengths[record]!);
    this.#nexts[record] = this.#freeRecord;
    this.#freeRecord = record;
  }

  #growRecords(): void {
    const capacity = grownCapacity(this.#records, this.#records + 1);
    this.#owners = grownWords(this.#owners, capacity);
    this.#nexts = grownWords(this.#nexts, capacity);
    this.#previous = grownWords(this.#previous, capacity);
    this.#addresses = grownWords(this.#addresses, capacity);
    this.#lengths = grownWords(this.#lengths, capacity);
    this.#hashes = grownWords(this.#hashes, capacity);
  }
}

/** FNV-1a over the key, then mixed with the slot. */
function hashOf(slot: number, key: Uint8Array): number {
  let hash = 0x811c_9dc5;
  for (const byte of key) hash = Math.imul(hash ^ byte, 0x0100_0193);
  return mixHash(hash, slot) >>> 0;
}
