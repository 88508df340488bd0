// Published: a few numbers that one thread changes together and any thread reads together, without a
// lock. State n lies in slot n mod 2; the owner fills the slot of state n + 1, then raises CURRENT. A
// reader copies the slot of the state it saw and looks at CURRENT again (second-look.ts); it starts over
// if CURRENT moved, which takes a publish() in the same moment: the owner never waits, a reader nearly
// never.

import { assert } from '../base/assert.ts';
import { secondLook } from './second-look.ts';

const HEADER_WORDS = 16;

/** Bytes of shared memory that `fields` numbers take. */
export function publishedBytes(fields: number): number {
  return 4 * HEADER_WORDS + 16 * fields;
}

export class Published {
  readonly #words: Int32Array;
  readonly #numbers: Float64Array;
  readonly #fields: number;

  /** `memory` holds zeros, publishedBytes(fields) of them from `at` on, which is a multiple of 8. */
  constructor(memory: SharedArrayBuffer, at: number, fields: number) {
    this.#words = new Int32Array(memory, at, HEADER_WORDS);
    this.#numbers = new Float64Array(memory, at + 4 * HEADER_WORDS, 2 * fields);
    this.#fields = fields;
  }

  /** Owner only: makes `values` the current state. */
  publish(values: Float64Array): void {
    assert(values.length === this.#fields, 'all numbers are published together');
    const next = (this.#words[0]! + 1) | 0;
    const to = (next & 1) * this.#fields;
    for (let i = 0; i < this.#fields; i++) this.#numbers[to + i] = values[i]!;
    // An exchange: the writes of a later publish() must not be seen before this one.
    Atomics.exchange(this.#words, 0, next);
  }

  /** Copies the current state to `out`. */
  read(out: Float64Array): void {
    for (;;) {
      const current = Atomics.load(this.#words, 0);
      const from = (current & 1) * this.#fields;
      for (let i = 0; i < this.#fields; i++) out[i] = this.#numbers[from + i]!;
      if (secondLook(this.#words, 0) === current) return;
    }
  }
}
