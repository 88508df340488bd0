// LatencyCounts: latencies in nanoseconds, counted while a load runs: buckets of an HDR histogram of three
// digits, in a typed array. record() takes a few nanoseconds and allocates nothing; the library's own
// takes 90. What was counted becomes the library's histogram at the end, without any loss.
//
// Buckets: below 2048 ns one a nanosecond; above, 1024 to each power of two. Values over an hour count as
// an hour.

import { build, encodeIntoCompressedBase64, type Histogram } from 'hdr-histogram-js';

const HALF = 1024;
const HALF_BITS = 10;
export const LATENCY_NS_MAX = 3600e9;
/** 3600e9 is below 2^42. */
const BUCKETS = (42 - HALF_BITS + 1) * HALF;
const WORD = 0x1_0000_0000;

export class LatencyCounts {
  readonly counts: Uint32Array;
  /** Largest value recorded, exact. */
  max = 0;

  /** `counts` as they came from another thread. */
  constructor(counts: Uint32Array = new Uint32Array(BUCKETS), max = 0) {
    this.counts = counts;
    this.max = max;
  }

  record(nanoseconds: number): void {
    const value = nanoseconds > LATENCY_NS_MAX ? LATENCY_NS_MAX : nanoseconds < 0 ? 0 : nanoseconds;
    if (value > this.max) this.max = value;
    const at = bucketOf(value);
    this.counts[at] = (this.counts[at] ?? 0) + 1;
  }

  add(other: LatencyCounts): void {
    const { counts } = this;
    for (let at = 0; at < counts.length; at++) {
      const count = other.counts[at] ?? 0;
      if (count > 0) counts[at] = (counts[at] ?? 0) + count;
    }
    if (other.max > this.max) this.max = other.max;
  }

  get total(): number {
    let total = 0;
    for (const count of this.counts) total += count;
    return total;
  }

  /** The value that `share` of all values do not exceed, to three digits; 0 where there are none. */
  quantile(share: number): number {
    const rank = Math.max(1, Math.ceil(this.total * share));
    let seen = 0;
    for (let at = 0; at < this.counts.length; at++) {
      seen += this.counts[at] ?? 0;
      if (seen >= rank) return Math.min(this.max, highestOf(at));
    }
    return 0;
  }

  /** HDR histogram, V2 encoding, base64. */
  encode(): string {
    return encodeIntoCompressedBase64(this.#histogram());
  }

  #histogram(): Histogram {
    const histogram = build({
      lowestDiscernibleValue: 1,
      highestTrackableValue: LATENCY_NS_MAX,
      numberOfSignificantValueDigits: 3,
      bitBucketSize: 64,
    });
    for (let at = 0; at < this.counts.length; at++) {
      const count = this.counts[at] ?? 0;
      if (count > 0) histogram.recordValueWithCount(lowestOf(at), count);
    }
    return histogram;
  }
}

function bucketOf(value: number): number {
  // Bits above the eleven that count.
  const upper = Math.floor(value / WORD);
  const bits = upper > 0 ? 64 - Math.clz32(upper) : 32 - Math.clz32(value);
  const shift = bits - HALF_BITS - 1;
  if (shift <= 0) return Math.floor(value);
  return shift * HALF + Math.floor(value / 2 ** shift);
}

function lowestOf(bucket: number): number {
  const shift = Math.max(0, Math.floor(bucket / HALF) - 1);
  return (bucket - shift * HALF) * 2 ** shift;
}

function highestOf(bucket: number): number {
  return lowestOf(bucket + 1) - 1;
}
