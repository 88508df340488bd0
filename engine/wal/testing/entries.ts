// Entries for tests of the log: payloads that differ by index, and what a log replays as text. The same
// index and length give the same bytes in every test; what is done with a log is the tests' own.

import { Random } from '../../base/random.ts';
import type { Wal } from '../wal.ts';

/** `length` bytes that only this `index` has. */
export function payloadOf(index: number, length: number): Uint8Array {
  const payload = new Uint8Array(length);
  new Random(index * 7919 + length).fill(payload);
  return payload;
}

/** Index and payload, as hex, of each entry that the log replays. */
export function entriesOf(log: Wal, afterIndex = 0): [number, string][] {
  const entries: [number, string][] = [];
  log.replay(afterIndex, (index, payload) => {
    entries.push([index, Buffer.from(payload).toString('hex')]);
  });
  return entries;
}
