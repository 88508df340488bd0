// Stepping, for tests: atomic operations as places to stop at. Threads meet in shared memory through atomics
// only, so where one of two acts in one thread stops before and after each of its own, and the other goes on
// there, each meeting of the two can be tried, the same in every run. Reading a message is a place as well:
// the reader has no atomics between finding one and looking whether it was kept. Test support; not part of
// the engine.

import { KeyValueView } from '../mvcc/key-value.ts';

const OPERATIONS = ['load', 'add', 'sub', 'store', 'exchange', 'compareExchange'] as const;
type Operation = (words: Int32Array, index: number, ...values: number[]) => number;
type Read = (this: KeyValueView, source: Uint8Array, start: number, length: number) => KeyValueView;
type Operations = Record<(typeof OPERATIONS)[number], Operation>;

/** What a wait is cut off by: who is waited for waits here. */
export class Waiting extends Error {}

/**
 * Runs `work` in steps: `pause` is called between them, and nothing that it does is a step; `work` may name steps
 * of its own by calling what it gets. `loadsEarly`: an atomic load behind a pause was done before the pause, as on
 * arm64, where plain loads that the program has in front of it may come later.
 */
export function inSteps<T>(
  work: (step: () => void) => T,
  pause: () => void,
  loadsEarly = false,
): T {
  let pausing = false;
  const before = new EarlierWords();
  const stop = (): void => {
    if (pausing) return;
    pausing = true;
    try {
      pause();
    } finally {
      pausing = false;
    }
  };
  const view = KeyValueView.prototype as { read: Read };
  const { read } = view;
  const atomics = Atomics as unknown as Operations;
  const originals = OPERATIONS.map((name) => [name, atomics[name]] as const);
  for (const [name, original] of originals) {
    atomics[name] = (words, index, ...values): number => {
      if (pausing) {
        if (loadsEarly) before.note(words, index);
        return original(words, index, ...values);
      }
      const early = name === 'load' ? before.get(words, index) : undefined;
      before.clear();
      if (!loadsEarly) stop();
      const result = early ?? original(words, index, ...values);
      stop();
      return result;
    };
  }
  view.read = function (source, start, length) {
    stop();
    read.call(this, source, start, length);
    stop();
    return this;
  };
  try {
    return work(stop);
  } finally {
    view.read = read;
    Object.assign(atomics, Object.fromEntries(originals));
  }
}

/** What words held before they were changed. */
class EarlierWords {
  readonly #words = new Map<ArrayBufferLike, Map<number, number>>();

  note(words: Int32Array, index: number): void {
    const at = words.byteOffset / 4 + index;
    let earlier = this.#words.get(words.buffer);
    if (earlier === undefined) {
      earlier = new Map();
      this.#words.set(words.buffer, earlier);
    }
    if (!earlier.has(at)) earlier.set(at, words[index]!);
  }

  get(words: Int32Array, index: number): number | undefined {
    return this.#words.get(words.buffer)?.get(words.byteOffset / 4 + index);
  }

  clear(): void {
    if (this.#words.size > 0) this.#words.clear();
  }
}

/** Runs `work`; throws Waiting once it has looked at shared memory more than `looksMax` times. */
export function withoutWaiting<T>(work: () => T, looksMax: number): T {
  const { load } = Atomics;
  let looks = 0;
  Atomics.load = ((words: Int32Array, index: number): number => {
    if (++looks > looksMax) throw new Waiting();
    return load(words, index);
  }) as typeof load;
  try {
    return work();
  } finally {
    Atomics.load = load;
  }
}
