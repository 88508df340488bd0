// Slow atomics: makes the atomic operations of the calling thread pause now and then, right before or
// right after, so that other threads get in between steps that normally lie nanoseconds apart. Plain
// JavaScript, because reading threads use it as well; slow-atomics.d.ts has its types.

const OPERATIONS = ['add', 'compareExchange', 'exchange', 'load', 'store', 'sub'];
const PAUSE_MS_MAX = 3;

/** One operation in `every` pauses, chosen by `random`; returns what undoes it. */
export function slowAtomics(random, every) {
  const wait = Atomics.wait;
  const nothing = new Int32Array(new SharedArrayBuffer(4));
  const pause = () => {
    if (random.below(2 * every) === 0) wait(nothing, 0, 0, 1 + random.below(PAUSE_MS_MAX));
  };
  const originals = OPERATIONS.map((name) => [name, Atomics[name]]);
  for (const [name, original] of originals) {
    Atomics[name] = (array, index, first, second) => {
      pause();
      const result = original(array, index, first, second);
      pause();
      return result;
    };
  }
  return () => Object.assign(Atomics, Object.fromEntries(originals));
}
