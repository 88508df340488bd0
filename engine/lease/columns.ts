// Columns: typed arrays side by side that hold one value a slot, and how they grow. By a quarter, so
// that at most a fifth of a column stands empty: what a lease costs is counted in bytes here.

const CAPACITY_MIN = 64;

/** What marks the end of a list of slots or records, and the absence of one. */
export const NONE = 0xffff_ffff;

/** The capacity that follows `capacity` and holds `wanted` slots. */
export function grownCapacity(capacity: number, wanted: number): number {
  return Math.max(CAPACITY_MIN, wanted, Math.ceil(capacity * 1.25));
}

/** A copy of `column` with room for `length` values; new ones are 0. */
export function grownWords(column: Uint32Array, length: number): Uint32Array<ArrayBuffer> {
  const grown = new Uint32Array(length);
  grown.set(column);
  return grown;
}

/** A copy of `column` with room for `length` values; new ones are 0. */
export function grownDoubles(column: Float64Array, length: number): Float64Array<ArrayBuffer> {
  const grown = new Float64Array(length);
  grown.set(column);
  return grown;
}
