// Ranges of a VfsFile call. Every implementation checks them alike, so that a caller's mistake fails
// in memory as it does on disk. A bad range is a bug of the engine, hence an assertion.

import { assert } from '../base/assert.ts';

export function checkRange(
  bytes: Uint8Array,
  offset: number,
  length: number,
  position: number,
): void {
  assert(
    offset >= 0 && length >= 0 && offset + length <= bytes.length,
    `range ${offset}+${length} lies outside a buffer of ${bytes.length}`,
  );
  checkPosition(position);
}

/** Returns `position`. Node would take a negative one as "where the file stands": never meant. */
export function checkPosition(position: number): number {
  assert(Number.isSafeInteger(position) && position >= 0, `no file position: ${position}`);
  return position;
}
