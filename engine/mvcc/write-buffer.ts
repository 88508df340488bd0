// WriteBuffer: changes that readers may already see but that are not yet in a committed state of the
// Db: a ring of entries {revision, where its message lies} and a ring of bytes, in shared memory. The
// writer only appends; nothing that a reader may look at is ever moved or changed, so a reader needs no
// copy and no lock.
//
// Entries are numbered from 0 at open. A reader that sees state s of the Db (ReadTx.note is the number of
// the first entry that s does not hold) finds what is newer among the entries from s.note to `end`, which
// is published together with the revision. The writer uses room again when no reader's state is older
// (committed(), reclaim()). A reader that stands still while the whole ring is written is not waited for:
// its entries are lost, and its read fails with READ_TOO_OLD. LOST says before which entry room was taken back,
// whoever needed it; it is raised before anything is written there, and looked at behind what was read
// (second-look.ts). It counts modulo 2^32: who is not lost is never farther ahead than the ring is long.

import { assert } from '../base/assert.ts';
import { EngineError } from '../base/errors.ts';
import { secondLook } from '../shared/second-look.ts';
import type { KeyValueDraft } from './key-value.ts';

const TOMBSTONE_BIT = 0x8000_0000;
const LENGTH_MASK = 0x7fff_ffff;
const LOST = 0;
const HEADER_WORDS = 16;

export interface WriteBufferShare {
  readonly entriesMax: number;
  readonly bytesMax: number;
  readonly entries: SharedArrayBuffer;
  readonly bytes: SharedArrayBuffer;
}

/** Memory is touched only as far as readers make the ring reach. */
export function createWriteBuffer(entriesMax: number, bytesMax: number): WriteBufferShare {
  return {
    entriesMax,
    bytesMax,
    entries: new SharedArrayBuffer(4 * HEADER_WORDS + 20 * entriesMax),
    bytes: new SharedArrayBuffer(bytesMax),
  };
}

/** Where the parts of a buffer lie; the same memory in every thread. */
export class BufferMemory {
  readonly entriesMax: number;
  readonly words: Int32Array;
  readonly mains: Float64Array;
  readonly subs: Uint32Array;
  readonly offsets: Uint32Array;
  /** Length of the message; the highest bit marks a tombstone. */
  readonly lengths: Uint32Array;
  readonly u8: Uint8Array;

  constructor(share: WriteBufferShare) {
    const { entriesMax, entries } = share;
    this.entriesMax = entriesMax;
    this.words = new Int32Array(entries, 0, HEADER_WORDS);
    const at = 4 * HEADER_WORDS;
    this.mains = new Float64Array(entries, at, entriesMax);
    this.subs = new Uint32Array(entries, at + 8 * entriesMax, entriesMax);
    this.offsets = new Uint32Array(entries, at + 12 * entriesMax, entriesMax);
    this.lengths = new Uint32Array(entries, at + 16 * entriesMax, entriesMax);
    this.u8 = new Uint8Array(share.bytes);
  }

  /** Position of the revision among entries [from, end), or -1. */
  find(from: number, end: number, main: number, sub: number): number {
    const { entriesMax, mains, subs } = this;
    let low = from;
    let high = end;
    while (low < high) {
      const middle = Math.floor((low + high) / 2);
      const at = middle % entriesMax;
      const other = mains[at]!;
      if (other < main || (other === main && subs[at]! < sub)) low = middle + 1;
      else high = middle;
    }
    if (low === end) return -1;
    const at = low % entriesMax;
    return mains[at] === main && subs[at] === sub ? at : -1;
  }

  messageLength(at: number): number {
    return this.lengths[at]! & LENGTH_MASK;
  }

  isTombstone(at: number): boolean {
    return this.lengths[at]! >= TOMBSTONE_BIT;
  }

  /** Whether entries from `from` on may have been written over. */
  lost(from: number): boolean {
    return ((secondLook(this.words, LOST) - from) | 0) > 0;
  }

  /** Throws READ_TOO_OLD when entries from `from` on may have been written over. */
  assertKept(from: number): void {
    if (!this.lost(from)) return;
    throw new EngineError(
      'READ_TOO_OLD',
      'the read took so long that the write buffer went round under it; read in pages, or raise bufferBytes',
    );
  }
}

/** The writer's side. */
export class WriteBuffer {
  readonly memory: BufferMemory;
  readonly #bytesMax: number;
  /** Entries [#tail, #end) are kept; #base is the first one not committed. */
  #end = 0;
  #base = 0;
  #tail = 0;
  /** Where the next message begins, and where the oldest kept one does. */
  #head = 0;
  #tailByte = 0;
  /** Commits whose entries may still be read: epoch and the first entry behind it. */
  readonly #epochs: number[] = [];
  readonly #bases: number[] = [];
  /** How often reads that stood still lost their entries. */
  lostReads = 0;

  constructor(share: WriteBufferShare) {
    this.memory = new BufferMemory(share);
    this.#bytesMax = share.bytesMax;
  }

  /** Number behind the newest entry. */
  get end(): number {
    return this.#end;
  }

  /** Number of the first entry that the Db does not hold yet. */
  get base(): number {
    return this.#base;
  }

  /** Whether entries not committed take half of the room, in number or in bytes. */
  get halfFull(): boolean {
    if (this.#end === this.#base) return false;
    const { entriesMax, offsets } = this.memory;
    const first = offsets[this.#base % entriesMax]!;
    const bytes = this.#head > first ? this.#head - first : this.#bytesMax - first + this.#head;
    return this.#end - this.#base >= entriesMax / 2 || bytes >= this.#bytesMax / 2;
  }

  /** Whether an entry of `bytes` fits without taking room from readers. */
  fits(bytes: number): boolean {
    return this.#end - this.#tail < this.memory.entriesMax && this.#place(bytes) >= 0;
  }

  /** Appends a message and returns where it lies; fits() must have said so. Not yet visible. */
  append(main: number, sub: number, tombstone: boolean, draft: KeyValueDraft): number {
    const bytes = draft.bytes;
    const offset = this.#place(bytes);
    assert(offset >= 0, 'room was looked for before');
    const { memory } = this;
    const at = this.#end % memory.entriesMax;
    const end = draft.write(memory.u8, offset);
    assert(end - offset === bytes, 'a message takes the bytes it counted');
    memory.mains[at] = main;
    memory.subs[at] = sub;
    memory.offsets[at] = offset;
    memory.lengths[at] = tombstone ? bytes + TOMBSTONE_BIT : bytes;
    this.#end++;
    this.#head = end;
    return at;
  }

  /** Everything so far is in state `epoch` of the Db. */
  committed(epoch: number): void {
    this.#base = this.#end;
    this.#epochs.push(epoch);
    this.#bases.push(this.#end);
  }

  /** Takes back the room of entries that no reader of state `oldest` or newer needs. */
  reclaim(oldest: number): void {
    let passed = 0;
    while (passed < this.#epochs.length && this.#epochs[passed]! <= oldest) passed++;
    if (passed === 0) return;
    // What was dropped does not come back for the reader that lost it, who may be the oldest still.
    const kept = this.#bases[passed - 1]!;
    if (kept > this.#tail) this.#keepFrom(kept);
    this.#epochs.splice(0, passed - 1);
    this.#bases.splice(0, passed - 1);
  }

  /** Takes all room but that of entries not committed; readers of older states lose theirs. */
  dropCommitted(): void {
    this.lostReads++;
    this.#keepFrom(this.#base);
  }

  #keepFrom(entry: number): void {
    this.#tail = entry;
    // An exchange: what is written from here on must not be seen before it.
    Atomics.exchange(this.memory.words, LOST, entry | 0);
    if (entry === this.#end) {
      // Nobody needs anything: start over, so that the ring touches no more memory than it must.
      this.#head = this.#tailByte = 0;
      return;
    }
    this.#tailByte = this.memory.offsets[entry % this.memory.entriesMax]!;
  }

  /** Where `bytes` may go; -1 where there is no room. */
  #place(bytes: number): number {
    if (this.#end === this.#tail) return bytes <= this.#bytesMax ? 0 : -1;
    if (this.#head >= this.#tailByte) {
      if (this.#head + bytes <= this.#bytesMax) return this.#head;
      return bytes < this.#tailByte ? 0 : -1;
    }
    return this.#head + bytes < this.#tailByte ? this.#head : -1;
  }
}
