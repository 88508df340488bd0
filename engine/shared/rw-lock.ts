// RwLock: many readers or one writer, over threads, in shared memory. Order as in Go's sync.RWMutex: a
// writer that waits stops new readers; the readers that waited go first when it unlocks, then the next
// writer. Whatever a thread holds or waits for bears its name, so a thread may die anywhere:
// releaseThread() gives it back. What the lock guards is not mended: a writer may have died half-way.
//
// Words. GATE says who has the writers' side: 0 nobody, else thread + 1, and two flags.
// SHUT: readers stay out, as that writer waits for those inside, works, or died. Without SHUT it lets in
// who waits, on its way out. CROWD: somebody sleeps, or is about to; unlocking has work to do.
// Each thread has a slot, claimed once: OWNER (thread + 1, 0 free) and STATE, in a cache line of its own:
//   IDLE           neither holds nor waits for the readers' side
//   READING        holds it, or is about to look whether it may
//   READ_WAITING   sleeps until a writer on its way out makes this READING
//   WRITE_WAITING  sleeps until GATE names it
//   WOKEN          as WRITE_WAITING, but told to look at GATE again. A hint: it may come for nothing
// USED bounds the slots ever claimed; it is raised before a slot's first READING, and never falls.
//
// Reader: store READING, load GATE. Writer: GATE from 0 to SHUT, load every STATE. All atomics of
// JavaScript are sequentially consistent, so one of the two sees the other. A reader that sees SHUT gives
// way (READ_WAITING), whether the writer has looked already or not. Unlocking stores 0 over GATE, unless
// CROWD is set: then it opens: GATE without flags, every READ_WAITING to READING, then GATE to the next
// writer, going around the slots, or to 0. A CROWD set meanwhile fails that last step, and it opens again.
//
// No wake-up is lost. Whoever waits stores its STATE, then sees CROWD in GATE or sets it, then sleeps for
// as long as its STATE stays. CROWD goes only by the hand that then looks at all STATEs, and which changes
// a STATE before it wakes its thread. A writer waiting for readers sleeps on the STATE of one of them; who
// leaves READING while GATE is SHUT wakes it. releaseThread() wakes everybody, in place of the dead, and
// opens GATE if that names a thread without a slot. Where GATE is handed to a thread that is dying:
// releaseThread() clears OWNER, then looks at GATE; who hands over sets GATE, then looks at OWNER. One of
// them finds out and takes GATE back, by exchange; if both did die, the next releaseThread() does.
//
// A thread that sleeps here hears of no thread's end: where the one that calls releaseThread() also writes,
// it has to use tryLockExclusive(), or a reader that died keeps it forever.

import { threadId } from 'node:worker_threads';
import { assert, verifying } from '../base/assert.ts';
import { nowNs } from '../base/clock.ts';
import { EngineError } from '../base/errors.ts';

/** Words of a cache line; slots of two threads must not share one. */
const LINE = 16;
const GATE = 0;
const USED = 1;
const OWNER = 0;
const STATE = 1;
/** Threads that may have used one lock at a time. */
export const LOCK_THREADS_MAX = 64;

const SHUT = 1;
const CROWD = 2;
const THREAD_SHIFT = 2;

const IDLE = 0;
const READING = 1;
const READ_WAITING = 2;
const WRITE_WAITING = 3;
const WOKEN = 4;

/**
 * Looks at a word before sleeping on it: 5 us at 5 ns each, on the machine this was measured on. A round
 * of sleeping and being woken took some 20 us there: a reader and a writer on two cores, 0.5 us inside
 * each, came to 30k rounds/s with 0 looks, 100k with 400, 750k with 1000 and with 2000. Where threads
 * outnumber cores all of it is lost whenever the one waited for has no core, so it stays below that.
 */
const SPINS = 1000;
const FOREVER = Number.POSITIVE_INFINITY;

/** What this thread waited for on the writers' side. */
export interface WriteWaits {
  /** Times exclusive locking found a reader or writer in the way. */
  count: number;
  nanoseconds: number;
  nanosecondsMax: number;
}

export class RwLock {
  /** Int32 words in shared memory; best where a cache line begins. */
  static readonly words: number = LINE * (1 + LOCK_THREADS_MAX);

  /** Of this instance alone. */
  readonly stats: WriteWaits = { count: 0, nanoseconds: 0, nanosecondsMax: 0 };
  readonly #memory: Int32Array;
  readonly #gate: number;
  readonly #name: number = threadId + 1;
  readonly #shut: number = ((threadId + 1) << THREAD_SHIFT) | SHUT;
  /** Index of this thread's STATE; -1 until it claims a slot. */
  #state = -1;

  /** A view of the lock at word `at` of `memory`, which begins as zeros. Every thread makes its own. */
  constructor(memory: Int32Array, at: number) {
    assert(at >= 0 && at + RwLock.words <= memory.length, 'a lock lies within its memory');
    this.#memory = memory;
    this.#gate = at + GATE;
  }

  /** Waits until no writer is in, or waits. Not reentrant: a writer that waits in between stops both. */
  lockShared(): void {
    const state = this.#state < 0 ? this.#claim() : this.#state;
    if (verifying) this.#assertHoldsNothing();
    Atomics.store(this.#memory, state, READING);
    if ((Atomics.load(this.#memory, this.#gate) & SHUT) !== 0) this.#giveWay(state);
  }

  unlockShared(): void {
    const memory = this.#memory;
    const state = this.#state;
    if (verifying)
      assert(state >= 0 && memory[state] === READING, 'a reader unlocks what it holds');
    Atomics.store(memory, state, IDLE);
    if ((Atomics.load(memory, this.#gate) & SHUT) !== 0) Atomics.notify(memory, state);
  }

  /** Waits until it is alone. Not reentrant, and no upgrade of a shared lock. */
  lockExclusive(): void {
    this.#enter(FOREVER);
  }

  /**
   * lockExclusive() that gives up, and returns false, when readers take longer than `patienceMs` to
   * leave. Writers before it are waited for without limit.
   */
  tryLockExclusive(patienceMs: number): boolean {
    return this.#enter(patienceMs);
  }

  unlockExclusive(): void {
    const shut = this.#shut;
    const found = Atomics.compareExchange(this.#memory, this.#gate, shut, 0);
    if (found === shut) return;
    if (verifying) assert((found & ~CROWD) === shut, 'a writer unlocks what it holds');
    this.#open();
  }

  /** Gives back what another thread held or waited for. Call it once that thread is gone. */
  releaseThread(thread: number): void {
    const memory = this.#memory;
    const name = thread + 1;
    assert(name !== this.#name, 'a thread is released by another');
    const line = this.#lineOf(name);
    if (line >= 0) {
      Atomics.store(memory, line + STATE, IDLE);
      Atomics.store(memory, line + OWNER, 0);
    }
    for (;;) {
      const gate = Atomics.load(memory, this.#gate);
      // Named without a slot: this thread, or one released before that a dying writer handed on to.
      if (gate === 0 || this.#lineOf(gate >>> THREAD_SHIFT) >= 0) break;
      // Named with a slot, so that nobody takes the gate from this thread in turn.
      if (this.#state < 0) this.#claim();
      if (!this.#exchange(this.#gate, gate, this.#shut)) continue;
      this.#open();
      break;
    }
    // Whatever it changed last, it may not have come to wake who sleeps on that.
    const used = Atomics.load(memory, this.#gate + USED);
    for (let slot = 0; slot < used; slot++) this.#wake(this.#line(slot) + STATE);
  }

  #enter(patienceMs: number): boolean {
    const memory = this.#memory;
    const state = this.#state < 0 ? this.#claim() : this.#state;
    if (verifying) this.#assertHoldsNothing();
    let since = 0;
    if (!this.#exchange(this.#gate, 0, this.#shut)) {
      since = nowNs();
      this.#queue(state);
    }
    let alone = true;
    const used = Atomics.load(memory, this.#gate + USED);
    for (let slot = 0; slot < used && alone; slot++) {
      const other = this.#line(slot) + STATE;
      if (Atomics.load(memory, other) !== READING) continue;
      since ||= nowNs();
      alone = this.#outwait(other, patienceMs, since);
    }
    if (since > 0) this.#countWait(since);
    if (!alone) this.unlockExclusive();
    return alone;
  }

  /** A writer shut the gate: waits, out of its way, until it is let in. */
  #giveWay(state: number): void {
    const memory = this.#memory;
    Atomics.store(memory, state, READ_WAITING);
    Atomics.notify(memory, state);
    for (;;) {
      const gate = Atomics.load(memory, this.#gate);
      if (gate === 0) {
        // If this fails, it was let in.
        if (!this.#exchange(state, READ_WAITING, READING)) return;
        if ((Atomics.load(memory, this.#gate) & SHUT) === 0) return;
        Atomics.store(memory, state, READ_WAITING);
        Atomics.notify(memory, state);
      } else if ((gate & CROWD) === 0) {
        // Also where the writer is on its way out: it must not hand over before this one is in.
        this.#exchange(this.#gate, gate, gate | CROWD);
      } else {
        this.#sleep(state, READ_WAITING, FOREVER);
        if (Atomics.load(memory, state) === READING) return;
      }
    }
  }

  /** Waits until the gate is this thread's. */
  #queue(state: number): void {
    const memory = this.#memory;
    Atomics.store(memory, state, WRITE_WAITING);
    for (;;) {
      const gate = Atomics.load(memory, this.#gate);
      if (gate === 0) {
        if (this.#exchange(this.#gate, 0, this.#shut)) break;
      } else if (gate >>> THREAD_SHIFT === this.#name) {
        break;
      } else if ((gate & CROWD) === 0) {
        this.#exchange(this.#gate, gate, gate | CROWD);
      } else {
        this.#sleep(state, WRITE_WAITING, FOREVER);
        // Before the next look at the gate, so that a hint given after it is seen.
        Atomics.store(memory, state, WRITE_WAITING);
      }
    }
    Atomics.store(memory, state, IDLE);
  }

  /** Waits until the reader is out; false when that takes longer than until `since + patienceMs`. */
  #outwait(other: number, patienceMs: number, since: number): boolean {
    for (;;) {
      const left = patienceMs === FOREVER ? FOREVER : patienceMs - (nowNs() - since) / 1e6;
      this.#sleep(other, READING, Math.max(left, 0));
      if (Atomics.load(this.#memory, other) !== READING) return true;
      if (left <= 0) return false;
    }
  }

  /** Returns once the word is no longer `value`, the time is up, or for no reason. */
  #sleep(word: number, value: number, milliseconds: number): void {
    for (let i = 0; i < SPINS; i++) if (Atomics.load(this.#memory, word) !== value) return;
    Atomics.wait(this.#memory, word, value, milliseconds);
  }

  /** On the way out: lets in the readers that wait, then hands on to the next writer or to nobody. */
  #open(): void {
    const memory = this.#memory;
    const open = this.#shut & ~SHUT;
    for (;;) {
      Atomics.store(memory, this.#gate, open);
      const used = Atomics.load(memory, this.#gate + USED);
      for (let slot = 0; slot < used; slot++) {
        const state = this.#line(slot) + STATE;
        if (this.#exchange(state, READ_WAITING, READING)) Atomics.notify(memory, state);
      }
      const next = this.#nextWriter(used);
      const handed = next === 0 ? 0 : (next << THREAD_SHIFT) | SHUT | CROWD;
      if (!this.#exchange(this.#gate, open, handed)) continue;
      if (next === 0) return;
      const line = this.#lineOf(next);
      if (line >= 0) {
        this.#wake(line + STATE);
        return;
      }
      // Released in between. Whoever takes the gate back goes on.
      if (!this.#exchange(this.#gate, handed, open)) return;
    }
  }

  /** OWNER of the next slot whose writer waits, going around from this thread's; 0 if none does. */
  #nextWriter(used: number): number {
    const own = this.#state < 0 ? 0 : (this.#state - STATE - this.#gate) / LINE;
    for (let i = 0; i < used; i++) {
      const line = this.#line((own + i) % used);
      // First the owner: where the slot changes hands in between, the name is one without a slot.
      const owner = Atomics.load(this.#memory, line + OWNER);
      const state = Atomics.load(this.#memory, line + STATE);
      if (owner !== 0 && (state === WRITE_WAITING || state === WOKEN)) return owner;
    }
    return 0;
  }

  #wake(state: number): void {
    this.#exchange(state, WRITE_WAITING, WOKEN);
    Atomics.notify(this.#memory, state);
  }

  /** Takes a slot for this thread, or finds the one it has. */
  #claim(): number {
    let line = this.#lineOf(this.#name);
    for (let slot = 0; slot < LOCK_THREADS_MAX && line < 0; slot++) {
      if (this.#exchange(this.#line(slot) + OWNER, 0, this.#name)) line = this.#line(slot);
    }
    if (line < 0) {
      throw new EngineError(
        'READERS_FULL',
        `${LOCK_THREADS_MAX} threads use a lock, as many as can; release those that ended`,
      );
    }
    const needed = (line - this.#gate) / LINE;
    for (;;) {
      const used = Atomics.load(this.#memory, this.#gate + USED);
      if (used >= needed || this.#exchange(this.#gate + USED, used, needed)) break;
    }
    this.#state = line + STATE;
    return this.#state;
  }

  /** Where the slot of that name begins; -1 if there is none. */
  #lineOf(name: number): number {
    for (let slot = 0; slot < LOCK_THREADS_MAX; slot++) {
      const line = this.#line(slot);
      if (Atomics.load(this.#memory, line + OWNER) === name) return line;
    }
    return -1;
  }

  #line(slot: number): number {
    return this.#gate + LINE * (1 + slot);
  }

  #exchange(word: number, from: number, to: number): boolean {
    return Atomics.compareExchange(this.#memory, word, from, to) === from;
  }

  #countWait(since: number): void {
    const nanoseconds = nowNs() - since;
    this.stats.count++;
    this.stats.nanoseconds += nanoseconds;
    if (nanoseconds > this.stats.nanosecondsMax) this.stats.nanosecondsMax = nanoseconds;
  }

  #assertHoldsNothing(): void {
    assert(Atomics.load(this.#memory, this.#state) === IDLE, 'a lock is not reentrant');
    const gate = Atomics.load(this.#memory, this.#gate);
    assert(gate >>> THREAD_SHIFT !== this.#name, 'a lock is not reentrant');
  }
}
