// IndexKeys: keys of a store's key index, put into the index alone, and the puts to them. Each has two revisions
// whenever the index has grown, as two large transactions at the newest revisions would leave them; so a
// compaction has one to drop of each. Growing keeps the keys that are there, which a compaction left with one.

import { KeyState, leaseId, Random, type Store } from '../../engine/index.ts';
import type { Operation, OperationStream } from '../../workloads/index.ts';

/** Of the test that came with etcd PR 9511: keys of 64 B. */
export const KEY_BYTES = 64;
export const VALUE_BYTES = 64;
const KEY_DIGITS = 10;
const NO_LEASE = leaseId(0n);

export class IndexKeys implements OperationStream {
  readonly #store: Store;
  readonly #random: Random;
  /** All keys there may be, in the order in which they come in. */
  readonly #order: Uint32Array;
  readonly #key: Uint8Array = newKey();
  readonly #value: Uint8Array = new Uint8Array(VALUE_BYTES);
  #keys = 0;

  constructor(store: Store, keysMax: number, seed: number) {
    this.#store = store;
    this.#random = new Random(seed);
    this.#order = shuffled(keysMax, this.#random);
    this.#random.fill(this.#value);
  }

  /** Makes it so many keys, each with a revision that the next one supersedes. */
  grow(keys: number): void {
    this.#raiseRevision();
    const { revision } = this.#store;
    const state = new KeyState();
    const { index } = this.#store.mvcc;
    const put = (i: number, main: number): void => {
      writeKey(this.#key, this.#order[i] ?? 0);
      // Sub 0 of the newest revision is the put that raised it.
      index.put(this.#key, KEY_BYTES, main, i + 1, state);
    };
    for (let i = 0; i < keys; i++) {
      if (i >= this.#keys) put(i, revision - 1);
      put(i, revision);
    }
    this.#keys = keys;
  }

  /** A put to one of the keys, drawn at random. */
  next(operation: Operation): void {
    operation.kind = 'put';
    writeKey(this.#key, this.#order[this.#random.below(this.#keys)] ?? 0);
    operation.key.set(this.#key);
    operation.keyLength = KEY_BYTES;
    operation.value.set(this.#value);
    operation.valueLength = VALUE_BYTES;
  }

  /** Puts a key of its own: no key of the index has a revision as new as this one. */
  #raiseRevision(): void {
    const key = newKey();
    this.#store.submitPut(key, KEY_BYTES, this.#value, VALUE_BYTES, NO_LEASE, (error) => {
      if (error !== undefined) throw error;
    });
    this.#store.flush();
  }
}

function shuffled(count: number, random: Random): Uint32Array {
  const order = Uint32Array.from({ length: count }, (_, i) => i);
  for (let i = count - 1; i > 0; i--) {
    const other = random.below(i + 1);
    const held = order[i] ?? 0;
    order[i] = order[other] ?? 0;
    order[other] = held;
  }
  return order;
}

/** As no index has: without digits. */
function newKey(): Uint8Array {
  return new Uint8Array(KEY_BYTES).fill('k'.charCodeAt(0));
}

function writeKey(key: Uint8Array, number: number): void {
  let rest = number;
  for (let digit = KEY_DIGITS - 1; digit >= 0; digit--) {
    key[digit] = 48 + (rest % 10);
    rest = Math.floor(rest / 10);
  }
}
