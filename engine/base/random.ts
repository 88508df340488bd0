// Random: seeded, reproducible pseudo-random numbers (sfc32 by Chris Doty-Humphrey, from PractRand;
// 128 bits of state, period of at least 2^32, passes PractRand and BigCrush). One instance is one
// stream; it allocates nothing per draw. Not for secrets.

export class Random {
  #a: number;
  #b: number;
  #c: number;
  #counter = 1;

  /** `seed` is any safe integer; equal seeds give equal streams on every machine. */
  constructor(seed: number) {
    this.#a = seed | 0;
    this.#b = Math.floor(seed / 0x1_0000_0000) | 0;
    this.#c = 0x9e3779b9 | 0;
    for (let round = 0; round < 12; round++) this.uint32();
  }

  /** Uniform integer in [0, 2^32). */
  uint32(): number {
    const sum = (((this.#a + this.#b) | 0) + this.#counter) | 0;
    this.#counter = (this.#counter + 1) | 0;
    this.#a = this.#b ^ (this.#b >>> 9);
    this.#b = (this.#c + (this.#c << 3)) | 0;
    this.#c = (((this.#c << 21) | (this.#c >>> 11)) + sum) | 0;
    return sum >>> 0;
  }

  /** Uniform double in [0, 1) with 53 random bits. */
  unit(): number {
    return ((this.uint32() >>> 5) * 0x400_0000 + (this.uint32() >>> 6)) / 0x20_0000_0000_0000;
  }

  /** Uniform integer in [0, bound); `bound` is 1..2^32. Bias is below bound / 2^53. */
  below(bound: number): number {
    return Math.floor(this.unit() * bound);
  }

  /** Uniform integer in [low, high], both ends included. */
  between(low: number, high: number): number {
    return low + this.below(high - low + 1);
  }

  /** Shuffles `items` in place (Fisher-Yates). */
  shuffle(items: unknown[]): void {
    for (let i = items.length - 1; i > 0; i--) {
      const j = this.below(i + 1);
      const held = items[i];
      items[i] = items[j];
      items[j] = held;
    }
  }

  /** Fills `target` with random bytes. */
  fill(target: Uint8Array): void {
    for (let i = 0; i < target.length; i += 4) {
      const word = this.uint32();
      target[i] = word;
      if (i + 1 < target.length) target[i + 1] = word >>> 8;
      if (i + 2 < target.length) target[i + 2] = word >>> 16;
      if (i + 3 < target.length) target[i + 3] = word >>> 24;
    }
  }

  /** A new stream that shares nothing with this one, drawn from it. */
  fork(): Random {
    return new Random(this.uint32() + this.below(0x20_0000) * 0x1_0000_0000);
  }
}
