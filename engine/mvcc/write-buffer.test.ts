// The ring as its backend uses it: what is read or not committed yet must stay, whoever stands still meanwhile.

import { describe, expect, it } from 'vitest';
import { Random } from '../base/random.ts';
import { bytesOf } from '../../scripts/simulation/model.ts';
import { KeyValueDraft, KeyValueView } from './key-value.ts';
import { BufferMemory, createWriteBuffer, WriteBuffer } from './write-buffer.ts';

const ENTRIES_MAX = 64;
const BYTES_MAX = 1024;
const KEY = bytesOf('k');

/** A buffer as its backend uses it, with readers of which some stand still. Entry n is of main n + 1. */
class Used {
  readonly share = createWriteBuffer(ENTRIES_MAX, BYTES_MAX);
  readonly memory = new BufferMemory(this.share);
  readonly buffer = new WriteBuffer(this.share);
  /** States of the Db that are read, oldest first, and the first entry that each lacks. */
  readonly readers: { epoch: number; from: number; end: number }[] = [];
  #epoch = 0;
  readonly #draft = new KeyValueDraft();
  readonly #view = new KeyValueView();

  /** False where there is no room but that of entries not committed. */
  append(length: number): boolean {
    const { buffer } = this;
    const draft = this.#draft;
    draft.key = KEY;
    draft.keyLength = 1;
    draft.modRevision = buffer.end + 1;
    draft.value = new Uint8Array(length).fill(buffer.end);
    draft.valueLength = length;
    if (!buffer.fits(draft.bytes)) buffer.reclaim(this.oldest);
    if (!buffer.fits(draft.bytes)) buffer.dropCommitted();
    if (!buffer.fits(draft.bytes)) return false;
    buffer.append(draft.modRevision, 0, false, draft);
    return true;
  }

  commit(): void {
    this.buffer.committed(++this.#epoch);
    this.buffer.reclaim(this.oldest);
  }

  read(): void {
    const { base, end } = this.buffer;
    this.readers.push({ epoch: this.#epoch, from: base, end });
  }

  get oldest(): number {
    return this.readers[0]?.epoch ?? this.#epoch;
  }

  /** Whether all that may be read or is to be committed is as it was appended. */
  expectKept(): void {
    const { base, end } = this.buffer;
    for (let entry = base; entry < end; entry++) this.#expectEntry(base, end, entry);
    for (const { from, end: seen } of this.readers) {
      if (this.memory.lost(from)) continue;
      for (let entry = from; entry < seen; entry++) this.#expectEntry(from, seen, entry);
    }
  }

  #expectEntry(from: number, end: number, entry: number): void {
    const { memory } = this;
    const at = memory.find(from, end, entry + 1, 0);
    if (at < 0) throw new Error(`entry ${entry} of ${from} to ${end} is gone`);
    const view = this.#view.read(memory.u8, memory.offsets[at]!, memory.messageLength(at));
    const value = memory.u8.subarray(view.valueStart, view.valueStart + view.valueLength);
    if (view.modRevision !== entry + 1 || value.some((byte) => byte !== (entry & 0xff))) {
      throw new Error(`entry ${entry} of ${from} to ${end} was written over`);
    }
  }
}

describe('WriteBuffer', () => {
  it('keeps what is not committed from going under where a reader stands still and the disk is full', () => {
    const used = new Used();
    used.append(40);
    used.commit();
    used.read();
    // Round under the reader once; then nothing can be committed.
    for (let i = 0; i < ENTRIES_MAX && !used.memory.lost(used.readers[0]!.from); i++) {
      used.append(40);
      if (i === 10) used.commit();
    }
    let refused = false;
    for (let i = 0; i < ENTRIES_MAX && !refused; i++) {
      refused = !used.append(40);
      used.expectKept();
    }
    expect(refused).toBe(true);
    expect(used.buffer.end - used.buffer.base).toBeGreaterThan(5);
  });

  // Numbers are compared modulo 2^32: farther apart, a reader would be taken for lost after 2^31 changes.
  it('says what was written over even where nobody needed it', () => {
    const used = new Used();
    for (let i = 0; i < 10 * ENTRIES_MAX; i++) {
      used.append(20);
      if (i % 20 === 19) used.commit();
      const { end, base } = used.buffer;
      if (end > ENTRIES_MAX) expect(used.memory.lost(end - ENTRIES_MAX - 1)).toBe(true);
      expect(used.memory.lost(base)).toBe(false);
    }
    expect(used.buffer.lostReads).toBe(0);
  });

  it.each([1, 2, 3, 4, 5, 6, 7, 8])('keeps whatever is read or not committed, seed %i', (seed) => {
    const random = new Random(seed);
    const used = new Used();
    for (let i = 0; i < 4000; i++) {
      const roll = random.below(100);
      if (roll < 70) used.append(1 + random.below(random.below(20) === 0 ? 300 : 40));
      else if (roll < 80) used.commit();
      else if (roll < 90) used.read();
      else if (used.readers.length > 0) used.readers.splice(random.below(used.readers.length), 1);
      used.expectKept();
    }
  });
});
