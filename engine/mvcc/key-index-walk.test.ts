// Walks of the key index into which changes come at every moment: the reader looks at versions through
// Atomics.load, and there, in the same thread, the writer changes the tree before the reader goes on.

import { afterEach, expect, it } from 'vitest';
import { bytesOf } from '../../scripts/simulation/model.ts';
import { createKeyIndex, KeyIndex } from './key-index.ts';
import { KeyIndexReader, KeyState, RevisionList } from './key-index-reader.ts';

const KEYS = 60;
/** Looks at versions. */
const SOON = 12;
const load = Atomics.load.bind(Atomics);

afterEach(() => {
  Atomics.load = load;
});

/** Key i is put as revision i + 1; the walk is at the last of them. */
function walk(
  from: string,
  changes: ReadonlyMap<number, string>,
): { mains: number[]; looks: number } {
  const share = createKeyIndex({ indexLock: 'optimistic', indexBytes: 1024 ** 2 });
  const index = new KeyIndex(share);
  const state = new KeyState();
  const put = (name: string, main: number): void => {
    const key = bytesOf(name);
    index.put(key, key.length, main, 0, state);
  };
  for (let i = 0; i < KEYS; i++) put(`k${String(i).padStart(3, '0')}`, i + 1);
  const reader = new KeyIndexReader(share);
  const out = new RevisionList();
  let looks = 0;
  let inside = false;
  Atomics.load = ((words: Int32Array, at: number): number => {
    if (!inside) {
      const name = changes.get(++looks);
      if (name !== undefined) {
        inside = true;
        put(name, 1000 + looks);
        inside = false;
      }
    }
    return load(words, at);
  }) as typeof Atomics.load;
  const count = reader.range(bytesOf(from), undefined, KEYS, 0, out);
  Atomics.load = load;
  expect(count).toBe(out.length);
  return { mains: [...out.main.subarray(0, out.length)], looks };
}

it('shows every key whenever a leaf is split and the next one changes under it', () => {
  // Behind the last key of what becomes the left leaf, in front of the first of the right one.
  for (const first of [0, 30]) {
    const from = first === 0 ? 'k' : `k${String(first - 1).padStart(3, '0')}x`;
    const expected = Array.from({ length: KEYS - first }, (_, i) => first + i + 1);
    const { looks } = walk(from, new Map());
    for (let split = 1; split <= looks; split++) {
      // What comes soon after meets the walk in the leaf that was split, or in the next.
      for (let change = split + 1; change <= split + SOON; change++) {
        const changes = new Map([
          [split, 'k045y'],
          [change, 'k046y'],
        ]);
        expect(walk(from, changes).mains, `${from}, ${split}, ${change}`).toEqual(expected);
      }
    }
  }
});
