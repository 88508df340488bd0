// Revision keys: byte order is numeric order, also beyond 32 bits, and each reads back as written.

import { expect, it } from 'vitest';
import { Random } from '../../engine/base/random.ts';
import { readRevision, REVISION_KEY_BYTES, writeRevision } from './revision-key.ts';

function keyOf(main: number): Uint8Array {
  const key = new Uint8Array(REVISION_KEY_BYTES);
  writeRevision(key, main);
  return key;
}

const EDGES = [0, 1, 255, 256, 2 ** 31, 2 ** 32 - 1, 2 ** 32, 2 ** 40 + 7, Number.MAX_SAFE_INTEGER];

it('writes 17 bytes as etcd does: main, underscore, sub', () => {
  expect(REVISION_KEY_BYTES).toBe(17);
  expect(Buffer.from(keyOf(0x1_0203_0405)).toString('hex')).toBe(
    `00000001020304055f${'00'.repeat(8)}`,
  );
});

it.each(EDGES)('reads back %d', (main) => {
  expect(readRevision(keyOf(main))).toBe(main);
});

it('orders keys as numbers', () => {
  const random = new Random(20261122);
  const mains = [...EDGES];
  for (let i = 0; i < 5000; i++) mains.push(random.uint32() * 2 ** random.below(21));
  mains.sort((a, b) => a - b);
  for (const [i, main] of mains.entries()) {
    if (i === 0) continue;
    const before = mains[i - 1] ?? 0;
    expect(Math.sign(Buffer.compare(keyOf(before), keyOf(main)))).toBe(Math.sign(before - main));
  }
});

it('leaves nothing of the key that stood there before', () => {
  const key = new Uint8Array(REVISION_KEY_BYTES).fill(0xff);
  writeRevision(key, 5);
  expect(key).toEqual(keyOf(5));
});
