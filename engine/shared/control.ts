// Control: what all threads of one open database share besides pages: the current meta and the
// registry of readers. The owner thread writes the meta; a reader registers itself and reads it,
// without messages.
//
// Protocol: states are numbered from 0 at open ("epoch"). The writer fills the meta slot of epoch
// e (two slots, e mod 2), then raises CURRENT to e. A reader claims a slot, stores epoch + 1 there,
// copies the meta, then looks at CURRENT again (second-look.ts) and starts over if it moved. So whoever
// holds a slot with epoch e was registered before state e + 1 existed, and the writer, which asks for the
// oldest reader before it reuses pages, sees it.
// A slot has a cache line of its own, and a thread goes back to the one it had last: so threads that read
// write no line in common.
// A slot names its thread; releaseThread() frees what a dead thread held. A free slot may still name its
// last user, so only slots in use count: those are nobody's but their thread's to change.
// alone() lets the owner take every slot for a moment: then nobody reads, and what readers share can be
// put right. A reader that finds no slot meanwhile tries again; SWEEPS, odd while it lasts, tells it to.

import { threadId } from 'node:worker_threads';
import { assert } from '../base/assert.ts';
import { EngineError } from '../base/errors.ts';
import { secondLook } from './second-look.ts';

/** The part of a meta that readers need. All numbers are safe integers. */
export interface SharedMeta {
  root: number;
  sequence: number;
  highWater: number;
  txid: number;
  /** A number that the layer above attached to this state (WriteTx.note); 0 at open. */
  note: number;
}

const CURRENT = 0;
const CLOSED = 1;
const SWEEPS = 2;
const DEPARTED = 3;
const HEADER_WORDS = 16;
const META_FIELDS = 5;
/** A cache line. */
const SLOT_WORDS = 16;
const META_BYTES = 8 * 2 * META_FIELDS;
/** Behind header and metas, where a line begins. */
const SLOTS_AT: number = 64 * Math.ceil((4 * HEADER_WORDS + META_BYTES) / 64);
/** State of a slot that thread n is about to fill: CLAIMING - n. Holds no epoch yet. */
const CLAIMING = -1;
/** State of a slot that alone() holds; no thread has so large a number. */
const SWEPT = -0x8000_0000;

export interface ControlShare {
  readonly memory: SharedArrayBuffer;
  readonly readersMax: number;
}

export function createControl(readersMax: number): ControlShare {
  const bytes = SLOTS_AT + 4 * SLOT_WORDS * readersMax;
  return { memory: new SharedArrayBuffer(bytes), readersMax };
}

export class Control {
  readonly readersMax: number;
  readonly #words: Int32Array;
  readonly #metas: Float64Array;
  readonly #slots: Int32Array;
  /** Where a claim looks first. */
  #preferred: number;

  constructor(share: ControlShare) {
    this.#words = new Int32Array(share.memory, 0, HEADER_WORDS);
    this.#metas = new Float64Array(share.memory, 4 * HEADER_WORDS, 2 * META_FIELDS);
    this.#slots = new Int32Array(share.memory, SLOTS_AT);
    this.readersMax = share.readersMax;
    this.#preferred = threadId % share.readersMax;
  }

  get epoch(): number {
    return Atomics.load(this.#words, CURRENT);
  }

  get closed(): boolean {
    return Atomics.load(this.#words, CLOSED) === 1;
  }

  close(): void {
    Atomics.store(this.#words, CLOSED, 1);
  }

  /** Owner only, before anyone attaches: the state found at open is epoch 0. */
  initialize(meta: SharedMeta): void {
    this.#write(0, meta);
  }

  /** Owner only: makes `meta` the current state; readers that begin from now on see it. */
  publish(meta: SharedMeta): void {
    const next = this.epoch + 1;
    assert(next < 0x7fff_fffe, 'a database stays open for fewer than 2^31 commits');
    this.#write(next, meta);
    // An exchange: the writes of a later publish() must not be seen before this one.
    Atomics.exchange(this.#words, CURRENT, next);
  }

  /** Registers a reader of the current state and copies its meta to `meta`; returns its slot. */
  enter(meta: SharedMeta): number {
    const slot = this.#claim();
    for (;;) {
      const epoch = Atomics.load(this.#words, CURRENT);
      Atomics.store(this.#slots, slot * SLOT_WORDS, epoch + 1);
      const from = (epoch & 1) * META_FIELDS;
      meta.root = this.#metas[from]!;
      meta.sequence = this.#metas[from + 1]!;
      meta.highWater = this.#metas[from + 2]!;
      meta.txid = this.#metas[from + 3]!;
      meta.note = this.#metas[from + 4]!;
      if (secondLook(this.#words, CURRENT) === epoch) return slot;
    }
  }

  leave(slot: number): void {
    Atomics.store(this.#slots, slot * SLOT_WORDS, 0);
  }

  /** Epoch of the oldest reader's state; the current epoch when there is none. */
  oldestEpoch(): number {
    let oldest = this.epoch;
    for (let slot = 0; slot < this.readersMax; slot++) {
      const held = Atomics.load(this.#slots, slot * SLOT_WORDS);
      if (held > 0 && held - 1 < oldest) oldest = held - 1;
    }
    return oldest;
  }

  readerCount(): number {
    let count = 0;
    for (let slot = 0; slot < this.readersMax; slot++) {
      if (Atomics.load(this.#slots, slot * SLOT_WORDS) !== 0) count++;
    }
    return count;
  }

  /** Frees the slots of a thread that ended. Call it only once the thread is gone. */
  releaseThread(thread: number): void {
    for (let slot = 0; slot < this.readersMax; slot++) {
      const at = slot * SLOT_WORDS;
      const state = Atomics.load(this.#slots, at);
      const held = state > 0 && this.#slots[at + 1] === thread;
      if (held || state === CLAIMING - thread) Atomics.store(this.#slots, at, 0);
    }
    Atomics.add(this.#words, DEPARTED, 1);
  }

  /** How often releaseThread() was called, by whichever thread. */
  get departed(): number {
    return Atomics.load(this.#words, DEPARTED);
  }

  /**
   * Owner only: runs `work` while no reader is registered and none can register; false, without
   * having run it, when somebody reads. Readers that begin meanwhile spin: keep it short.
   */
  alone(work: () => void): boolean {
    Atomics.add(this.#words, SWEEPS, 1);
    let taken = 0;
    while (taken < this.readersMax && this.#exchange(taken, 0, SWEPT)) taken++;
    const alone = taken === this.readersMax;
    try {
      if (alone) work();
    } finally {
      for (let slot = 0; slot < taken; slot++) this.#exchange(slot, SWEPT, 0);
      Atomics.add(this.#words, SWEEPS, 1);
    }
    return alone;
  }

  #claim(): number {
    for (;;) {
      const sweeps = Atomics.load(this.#words, SWEEPS);
      for (let i = 0; i < this.readersMax; i++) {
        const slot = (this.#preferred + i) % this.readersMax;
        if (!this.#exchange(slot, 0, CLAIMING - threadId)) continue;
        this.#slots[slot * SLOT_WORDS + 1] = threadId;
        this.#preferred = slot;
        return slot;
      }
      // Only slots that no sweep held while we looked are known to be taken.
      if (sweeps % 2 === 0 && Atomics.load(this.#words, SWEEPS) === sweeps) break;
    }
    throw new EngineError(
      'READERS_FULL',
      `all ${this.readersMax} reader slots are taken; end read transactions or raise readersMax`,
    );
  }

  #exchange(slot: number, from: number, to: number): boolean {
    return Atomics.compareExchange(this.#slots, slot * SLOT_WORDS, from, to) === from;
  }

  #write(epoch: number, meta: SharedMeta): void {
    const to = (epoch & 1) * META_FIELDS;
    this.#metas[to] = meta.root;
    this.#metas[to + 1] = meta.sequence;
    this.#metas[to + 2] = meta.highWater;
    this.#metas[to + 3] = meta.txid;
    this.#metas[to + 4] = meta.note;
  }
}
