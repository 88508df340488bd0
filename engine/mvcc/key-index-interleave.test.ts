// Lookups and ranges of the key index from every moment of a change: the writer's atomic operations are its
// steps, and before and after each of them a reader, in the same thread, looks for keys around the change.
// It may have to wait for a node that is being changed; what it answers must be whole.

import { afterEach, expect, it } from 'vitest';
import { bytesOf } from '../../scripts/simulation/model.ts';
import { createKeyIndex, KeyIndex } from './key-index.ts';
import { KeyIndexReader, KeyState, RevisionList } from './key-index-reader.ts';

const LONG = process.env['KVTUNE_LONG_TESTS'] === '1';
const { load, add, store } = Atomics;
/** Far more looks at versions than an answer takes: the reader waits for the writer, who waits for it here. */
const LOOKS_MAX = 500;
/** Keys looked for on either side of the one that is changed: the nodes beside its own are among theirs. */
const AROUND = 45;

class Waiting extends Error {}

afterEach(() => {
  Object.assign(Atomics, { load, add, store });
});

class Interleaving {
  readonly index: KeyIndex;
  /** What lives, ascending. */
  readonly keys: string[] = [];
  answers = 0;
  waits = 0;
  readonly #mains = new Map<string, number>();
  readonly #reader: KeyIndexReader;
  readonly #state = new KeyState();
  readonly #out = new RevisionList();
  #revision = 0;

  constructor() {
    const share = createKeyIndex({ indexLock: 'optimistic', indexBytes: 8 * 1024 ** 2 });
    this.index = new KeyIndex(share);
    this.#reader = new KeyIndexReader(share);
  }

  put(name: string): void {
    const key = bytesOf(name);
    const main = ++this.#revision;
    // A reader at the revision before sees nothing of the new key, and all of the others.
    this.#during(name, main - 1, () => {
      this.index.put(key, key.length, main, 0, new KeyState());
    });
    this.#mains.set(name, main);
    this.keys.splice(this.#place(name), 0, name);
  }

  /** Deletes keys, and compacts them away while the rest is looked at. */
  remove(names: readonly string[]): void {
    for (const name of names) {
      expect(this.index.tombstone(bytesOf(name), ++this.#revision, 0)).toBe(true);
      this.keys.splice(this.#place(name), 1);
      this.#mains.delete(name);
    }
    const compaction = this.index.compaction(this.#revision);
    const step = (): boolean => {
      let over = false;
      this.#during(names[0]!, this.#revision, () => {
        over = compaction.step(1);
      });
      return over;
    };
    while (!step());
  }

  #place(name: string): number {
    let low = 0;
    let high = this.keys.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.keys[middle]! < name) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #during(name: string, at: number, change: () => void): void {
    let inside = false;
    const look = (): void => {
      if (inside) return;
      inside = true;
      this.#lookAround(name, at);
      inside = false;
    };
    const stepped = (original: typeof add): typeof add =>
      ((words: Int32Array, index: number, value: number) => {
        look();
        const result = original(words, index, value);
        look();
        return result;
      }) as typeof add;
    Object.assign(Atomics, { add: stepped(add), store: stepped(store) });
    try {
      change();
    } finally {
      Object.assign(Atomics, { add, store });
    }
  }

  #lookAround(name: string, at: number): void {
    const place = this.#place(name);
    const around = this.keys.slice(Math.max(0, place - AROUND), place + AROUND);
    const mains = around.map((key) => this.#mains.get(key)!);
    const end = bytesOf(`${around.at(-1)}~`);
    for (let i = 0; i < around.length; i += 8) {
      const key = bytesOf(around[i]!);
      this.#answer(() => {
        const found = this.#reader.find(key, at, this.#state);
        if (!found || this.#state.main !== mains[i]) this.#fault(around[i]!, name);
      });
      this.#answer(() => {
        this.#out.clear();
        const count = this.#reader.range(key, end, at, 0, this.#out);
        const whole = mains.slice(i).every((main, j) => this.#out.main[j] === main);
        if (!whole || count !== mains.length - i) this.#fault(`${around[i]} and on`, name);
      });
    }
  }

  // Not expect(): it is called a million times.
  #fault(shown: string, changing: string): never {
    throw new Error(`${shown}: a wrong answer while ${changing} changes`);
  }

  #answer(read: () => void): void {
    let looks = 0;
    Atomics.load = ((words: Int32Array, index: number): number => {
      if (++looks > LOOKS_MAX) throw new Waiting();
      return load(words, index);
    }) as typeof load;
    try {
      read();
      this.answers++;
    } catch (error) {
      if (!(error instanceof Waiting)) throw error;
      this.waits++;
    } finally {
      Atomics.load = load;
    }
  }
}

function named(i: number): string {
  return `k${String(i).padStart(5, '0')}`;
}

/** Enough for a third level under KVTUNE_LONG_TESTS=1. */
const KEYS = LONG ? 1400 : 560;
const ORDERS: Readonly<Record<string, (i: number) => number>> = {
  ascending: (i) => i,
  descending: (i) => KEYS - 1 - i,
  scattered: (i) => (i * 577) % KEYS,
};

it.each(Object.keys(ORDERS))('answers whole at every step of growing: %s', (order) => {
  const interleaving = new Interleaving();
  for (let i = 0; i < KEYS; i++) interleaving.put(named(ORDERS[order]!(i)));
  expect(interleaving.keys).toHaveLength(KEYS);
  // Mostly there is nothing to wait for.
  expect(interleaving.waits).toBeGreaterThan(0);
  expect(interleaving.answers).toBeGreaterThan(interleaving.waits);
});

it('answers whole at every step of shrinking', () => {
  const interleaving = new Interleaving();
  for (let i = 0; i < KEYS; i++) interleaving.put(named(i));
  for (let from = 0; from < KEYS - 200; from += 200) {
    interleaving.remove(Array.from({ length: 180 }, (_, i) => named(from + 10 + i)));
  }
  expect(interleaving.answers).toBeGreaterThan(interleaving.waits);
});
