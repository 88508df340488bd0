// Keys of the store's benches, the same in every thread: names as Kubernetes gives them, numbered, all of
// one length, in the order of their numbers. Written into one array, so that making one allocates nothing.

const PREFIX = '/registry/pods/default/pod-';
const DIGITS = 8;
const ZERO = 48;

export const BENCH_KEY_BYTES: number = PREFIX.length + DIGITS;

export class BenchKey {
  /** The key set last. */
  readonly bytes: Uint8Array = Buffer.from(PREFIX + '0'.repeat(DIGITS));

  /** Makes `bytes` the key of that number, below 10^8; returns it. */
  set(number: number): Uint8Array {
    let rest = number;
    for (let at = BENCH_KEY_BYTES - 1; at >= PREFIX.length; at--) {
      const tens = Math.floor(rest / 10);
      this.bytes[at] = ZERO + rest - 10 * tens;
      rest = tens;
    }
    return this.bytes;
  }
}
