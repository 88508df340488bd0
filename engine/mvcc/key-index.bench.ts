// What the key index takes of memory beside the keys themselves, once keys were put in ascending order
// and once at random, which leaves nodes and separators half used. Counted, but held to a bar.

import { assert } from '../base/assert.ts';
import type { BenchReadings, BenchSetting, BenchTrial } from '../base/bench-case.ts';
import { Random } from '../base/random.ts';
import { createKeyIndex, KeyIndex } from './key-index.ts';
import { KeyState } from './key-index-reader.ts';

const SEED = 20261124;
const INDEX_BYTES = 512 * 1024 ** 2;
const BYTES_MOST = 200;
const ORDERS = ['ascending', 'at random'] as const;

export function trials({ size }: BenchSetting): readonly BenchTrial[] {
  const keys = size === 'tiny' ? 5000 : 1_000_000;
  const title = size === 'tiny' ? 'tiny' : '1M keys';
  return [
    {
      group: `key index: memory, ${title}`,
      conditions: `${keys} keys of 46 B, one revision each`,
      figures: ORDERS.map((order) => ({
        ...{ name: `beside the key, put ${order}`, unit: 'B/key', bar: { most: BYTES_MOST } },
        of: (readings: BenchReadings) => readings[order]!,
      })),
      exact: true,
      prepare: () => ({
        round: () => Object.fromEntries(ORDERS.map((order) => [order, bytesBeside(order, keys)])),
        close: () => undefined,
      }),
    },
  ];
}

function bytesBeside(order: (typeof ORDERS)[number], keys: number): number {
  const index = new KeyIndex(createKeyIndex({ indexLock: 'optimistic', indexBytes: INDEX_BYTES }));
  const numbers = Array.from({ length: keys }, (_, i) => i);
  if (order === 'at random') new Random(SEED).shuffle(numbers);
  const state = new KeyState();
  for (const [i, number] of numbers.entries()) {
    const key = Buffer.from(
      `/registry/pods/some-namespace/name-${String(number).padStart(11, '0')}`,
    );
    index.put(key, key.length, i + 2, 0, state);
  }
  assert(index.keys === keys && index.keyBytes === 46 * keys, 'every key is in the index once');
  return (index.bytesUsed - index.keyBytes) / keys;
}
