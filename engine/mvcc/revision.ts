// Revision: {main, sub} numbers every change: main the transaction, sub the change within it. Encoded
// as etcd does (server/storage/mvcc/revision.go), so that bbolt's byte order is the order of changes:
// main as 8 bytes big-endian, '_', sub as 8 bytes big-endian; a 't' behind it marks a tombstone.

import { assert } from '../base/assert.ts';
import { WORD_RANGE } from '../base/bytes.ts';
import { EngineError } from '../base/errors.ts';

export const REVISION_BYTES = 17;
export const TOMBSTONE_BYTES = 18;

const SEPARATOR = 0x5f;
const TOMBSTONE = 0x74;
const SUB_AT = 9;

/** Writes a revision key to the start of `target`, 18 bytes long; returns its length. */
export function encodeRevision(
  target: Uint8Array,
  main: number,
  sub: number,
  tombstone = false,
): number {
  writeBig(target, 0, main);
  target[8] = SEPARATOR;
  writeBig(target, SUB_AT, sub);
  if (!tombstone) return REVISION_BYTES;
  target[REVISION_BYTES] = TOMBSTONE;
  return TOMBSTONE_BYTES;
}

/** A revision key as it stands in `source` from `at` on; reusable. */
export class RevisionKey {
  main = 0;
  sub = 0;
  tombstone = false;

  /** Throws CORRUPT when the bytes are no revision key. */
  read(source: Uint8Array, at: number, length: number): void {
    const shaped =
      (length === REVISION_BYTES ||
        (length === TOMBSTONE_BYTES && source[at + REVISION_BYTES] === TOMBSTONE)) &&
      source[at + 8] === SEPARATOR;
    if (!shaped) throw new EngineError('CORRUPT', `a revision key of ${length} bytes is malformed`);
    this.main = readBig(source, at);
    this.sub = readBig(source, at + SUB_AT);
    this.tombstone = length === TOMBSTONE_BYTES;
    if (!Number.isSafeInteger(this.main) || !Number.isSafeInteger(this.sub)) {
      throw new EngineError('CORRUPT', 'a revision key holds a number beyond 2^53');
    }
  }
}

/** Writes `value`, a safe integer, as 8 bytes big-endian. */
export function writeBig(target: Uint8Array, at: number, value: number): void {
  assert(value >= 0, 'revisions are never negative');
  const high = Math.floor(value / WORD_RANGE);
  const low = value >>> 0;
  target[at] = high >>> 24;
  target[at + 1] = high >>> 16;
  target[at + 2] = high >>> 8;
  target[at + 3] = high;
  target[at + 4] = low >>> 24;
  target[at + 5] = low >>> 16;
  target[at + 6] = low >>> 8;
  target[at + 7] = low;
}

/** Reads 8 bytes big-endian; not exact from 2^53 on. */
export function readBig(source: Uint8Array, at: number): number {
  const high =
    ((source[at]! << 24) | (source[at + 1]! << 16) | (source[at + 2]! << 8) | source[at + 3]!) >>>
    0;
  const low =
    ((source[at + 4]! << 24) |
      (source[at + 5]! << 16) |
      (source[at + 6]! << 8) |
      source[at + 7]!) >>>
    0;
  return high * WORD_RANGE + low;
}
