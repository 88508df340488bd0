// Byte helpers on plain Uint8Arrays: ordering, equality, growth. All lengths are bytes. No function
// here allocates unless its name says so. The file format is little-endian and the engine reads it
// through typed arrays, so a big-endian host is refused when this module loads.

import { assert } from './assert.ts';

assert(
  new Uint8Array(new Uint32Array([1]).buffer)[0] === 1,
  'kvtune needs a little-endian machine: the file format is read in place',
);

export const WORD_RANGE = 0x1_0000_0000;

/**
 * Compares a[aStart, aStart+aLength) with b[bStart, bStart+bLength) as unsigned bytes, shorter first.
 * Returns a negative, zero or positive number. Cost: one pass to the first difference.
 */
export function compareRange(
  a: Uint8Array,
  aStart: number,
  aLength: number,
  b: Uint8Array,
  bStart: number,
  bLength: number,
): number {
  const common = aLength < bLength ? aLength : bLength;
  for (let i = 0; i < common; i++) {
    const difference = a[aStart + i]! - b[bStart + i]!;
    if (difference !== 0) return difference;
  }
  return aLength - bLength;
}

/** Copies source[start, start+length) to target at `offset`. Short copies skip the call overhead. */
export function copyRange(
  source: Uint8Array,
  start: number,
  length: number,
  target: Uint8Array,
  offset: number,
): void {
  if (length < 32) {
    for (let i = 0; i < length; i++) target[offset + i] = source[start + i]!;
    return;
  }
  target.set(source.subarray(start, start + length), offset);
}

export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  return compareRange(a, 0, a.length, b, 0, b.length) === 0;
}

/** Little-endian u64 at byte `offset` of `view`, which must be a safe integer; NaN if it is not. */
export function readU64(view: DataView, offset: number): number {
  const high = view.getUint32(offset + 4, true);
  return high < 0x20_0000 ? high * WORD_RANGE + view.getUint32(offset, true) : Number.NaN;
}

export function writeU64(view: DataView, offset: number, value: number): void {
  view.setUint32(offset, value >>> 0, true);
  view.setUint32(offset + 4, Math.floor(value / WORD_RANGE), true);
}
