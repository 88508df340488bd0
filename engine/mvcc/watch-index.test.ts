// WatchIndex against a plain list: whatever was added and removed, a key finds those who hold it.

import { expect, it } from 'vitest';
import { Random } from '../base/random.ts';
import { bytesOf } from '../testing/model.ts';
import { END_OF_KEYS } from './mvcc-reader.ts';
import { WatchIndex, type KeyRange } from './watch-index.ts';

interface Item {
  readonly id: number;
  readonly range: KeyRange;
}

function randomKey(random: Random): Uint8Array {
  const key = new Uint8Array(1 + random.below(3));
  for (let i = 0; i < key.length; i++) key[i] = random.below(4) * 85;
  return key;
}

function randomRange(random: Random): KeyRange {
  const key = randomKey(random);
  const kind = random.below(5);
  if (kind === 0) return { key, end: END_OF_KEYS };
  const end = randomKey(random);
  if (kind < 3 || Buffer.compare(key, end) >= 0) return { key, end: undefined };
  return { key, end };
}

function holds({ key, end }: KeyRange, asked: Uint8Array): boolean {
  if (end === undefined) return Buffer.compare(key, asked) === 0;
  const within = end === END_OF_KEYS || Buffer.compare(asked, end) < 0;
  return Buffer.compare(key, asked) <= 0 && within;
}

it.each([1, 2, 3])('finds what a list finds, seed %i', (seed) => {
  const random = new Random(seed);
  const index = new WatchIndex<Item>();
  const items: Item[] = [];
  let found = 0;
  for (let step = 0; step < 4000; step++) {
    if (items.length > 0 && random.below(100) < (step % 1000 < 500 ? 20 : 70)) {
      const [item] = items.splice(random.below(items.length), 1);
      index.delete(item!.range, item!);
    } else if (items.length < 200) {
      const item = { id: step, range: randomRange(random) };
      items.push(item);
      index.add(item.range, item);
    }
    expect(index.size).toBe(items.length);
    const padded = new Uint8Array([7, ...randomKey(random), 9]);
    const key = padded.subarray(1, padded.length - 1);
    const matches: Item[] = [];
    index.match(padded, 1, key.length, matches);
    const ids = matches.map(({ id }) => id).sort((a, b) => a - b);
    const expected = items.filter(({ range }) => holds(range, key)).map(({ id }) => id);
    expect(ids).toEqual(expected.sort((a, b) => a - b));
    found += ids.length;
  }
  expect(found).toBeGreaterThan(1000);
});

it('keeps the empty end and the end of all keys apart', () => {
  const index = new WatchIndex<string>();
  index.add({ key: bytesOf('b'), end: bytesOf('c') }, 'prefix');
  index.add({ key: bytesOf('b'), end: END_OF_KEYS }, 'rest');
  const asked = (key: string): string[] => {
    const found: string[] = [];
    index.match(bytesOf(key), 0, key.length, found);
    return found.sort();
  };
  expect(asked('a')).toEqual([]);
  expect(asked('bz')).toEqual(['prefix', 'rest']);
  expect(asked('c')).toEqual(['rest']);
  index.delete({ key: bytesOf('b'), end: END_OF_KEYS }, 'rest');
  expect(asked('c')).toEqual([]);
});
