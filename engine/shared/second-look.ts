// secondLook(): reads a word again that guards what was just read without a lock: if it still has the value
// that it had before, what was read in between belongs together.
//
// x64 keeps loads in order, so there an atomic load is enough, and threads that read the same word share its
// cache line. Elsewhere a plain load may be satisfied after an atomic one that follows it; a
// read-modify-write waits for all before it, at the price of the line going from thread to thread.

const LOADS_IN_ORDER = process.arch === 'x64' || process.arch === 'ia32';

export function secondLook(words: Int32Array, index: number): number {
  return LOADS_IN_ORDER ? Atomics.load(words, index) : Atomics.add(words, index, 0);
}
