// The key index against a plain history: a Map from key to its revisions. Both locks answer the same.

import { describe, expect, it } from 'vitest';
import { EngineError } from '../base/errors.ts';
import { Random } from '../base/random.ts';
import { bytesOf } from '../testing/model.ts';
import { createKeyIndex, KeyIndex } from './key-index.ts';
import { KeyIndexReader, KeyState, RevisionList } from './key-index-reader.ts';
import { INDEX_LOCKS, type IndexLock } from './options.ts';

const LONG = process.env['KVTUNE_LONG_TESTS'] === '1';
/** Fewer in every run; all of them under KVTUNE_LONG_TESTS=1. */
const HISTORIES = LONG ? 60 : 15;

interface Revision {
  readonly main: number;
  readonly sub: number;
  readonly createMain: number;
  /** 0: a tombstone. */
  readonly version: number;
}

class History {
  readonly keys = new Map<string, Revision[]>();

  put(key: string, main: number, sub: number): Revision {
    const before = this.keys.get(key)?.at(-1);
    const lives = before !== undefined && before.version > 0;
    const revision = {
      main,
      sub,
      createMain: lives ? before.createMain : main,
      version: lives ? before.version + 1 : 1,
    };
    this.#add(key, revision);
    return revision;
  }

  tombstone(key: string, main: number, sub: number): boolean {
    if ((this.keys.get(key)?.at(-1)?.version ?? 0) === 0) return false;
    this.#add(key, { main, sub, createMain: 0, version: 0 });
    return true;
  }

  at(key: string, main: number): Revision | undefined {
    const found = this.keys.get(key)?.findLast((revision) => revision.main <= main);
    return found === undefined || found.version === 0 ? undefined : found;
  }

  range(key: string, end: string | undefined, main: number): Revision[] {
    const names = [...this.keys.keys()].sort((a, b) => (a < b ? -1 : 1));
    const inside = names.filter((name) => name >= key && (end === undefined || name < end));
    return inside.flatMap((name) => this.at(name, main) ?? []);
  }

  compact(main: number): void {
    for (const [key, revisions] of this.keys) {
      const last = revisions.findLastIndex((revision) => revision.main <= main);
      if (last < 0) continue;
      const left = revisions.slice(revisions[last]!.version > 0 ? last : last + 1);
      if (left.length === 0) this.keys.delete(key);
      else this.keys.set(key, left);
    }
  }

  #add(key: string, revision: Revision): void {
    const revisions = this.keys.get(key);
    if (revisions === undefined) this.keys.set(key, [revision]);
    else revisions.push(revision);
  }
}

function latin1(key: string): Uint8Array {
  return Buffer.from(key, 'latin1');
}

function revisionOf({ main, sub, createMain, version }: KeyState): Revision {
  return { main, sub, createMain, version };
}

/** Keys that share much, little, or all but their length; now and then very long ones. */
function randomKey(random: Random): string {
  const kind = random.below(10);
  if (kind < 5) return `/registry/pods/ns-${random.below(5)}/pod-${random.below(60)}`;
  if (kind < 7) return 'a'.repeat(1 + random.below(40));
  if (kind < 8) return String.fromCharCode(random.below(256), random.below(4));
  if (kind < 9) return `${'long-'.repeat(200)}${random.below(20)}`;
  return `k${random.below(400)}`;
}

function expectSame(reader: KeyIndexReader, history: History, main: number, random: Random): void {
  const state = new KeyState();
  for (let i = 0; i < 8; i++) {
    const key = randomKey(random);
    const expected = history.at(key, main);
    const found = reader.find(latin1(key), main, state);
    expect(found).toBe(expected !== undefined);
    if (expected !== undefined) expect(revisionOf(state)).toEqual(expected);
  }
  const list = new RevisionList();
  const [from, to] = [randomKey(random), randomKey(random)];
  const end = random.below(4) === 0 ? undefined : to;
  const expected = history.range(from, end, main);
  const bound = end === undefined ? undefined : latin1(end);
  expect(reader.count(latin1(from), bound, main)).toBe(expected.length);
  const limit = random.below(2) * (1 + random.below(30));
  const some = limit === 0 ? expected : expected.slice(0, limit);
  expect(reader.range(latin1(from), bound, main, limit, list)).toBe(some.length);
  const got = Array.from({ length: list.length }, (_, i) => [list.main[i], list.sub[i]]);
  expect(got).toEqual(some.map((revision) => [revision.main, revision.sub]));
}

function runHistory(indexLock: IndexLock, seed: number): void {
  const random = new Random(seed);
  const share = createKeyIndex({ indexLock, indexBytes: 16 * 1024 ** 2 });
  const index = new KeyIndex(share);
  const reader = new KeyIndexReader(share);
  const history = new History();
  const state = new KeyState();
  let compacted = 0;
  const changes = 100 + random.below(1500);
  for (let main = 2; main < changes; main++) {
    for (let sub = 0; sub <= random.below(3); sub++) {
      const key = randomKey(random);
      const bytes = latin1(key);
      if (random.below(4) === 0) {
        expect(index.tombstone(bytes, main, sub)).toBe(history.tombstone(key, main, sub));
      } else {
        index.put(bytes, bytes.length, main, sub, state);
        expect(revisionOf(state)).toEqual(history.put(key, main, sub));
      }
    }
    if (random.below(200) === 0) {
      compacted += random.below(main - compacted);
      history.compact(compacted);
      const walk = index.compaction(compacted);
      while (!walk.step(1 + random.below(50)));
      expect(index.keys).toBe(history.keys.size);
    }
    if (random.below(40) === 0) {
      const at = Math.max(compacted, main - random.below(main - compacted + 1));
      expectSame(reader, history, at, random);
    }
  }
  const revisions = [...history.keys.values()].reduce((sum, list) => sum + list.length, 0);
  expect(index.revisions).toBe(revisions);
  // Everything goes, and so does its memory.
  const last = changes + 1;
  for (const key of history.keys.keys()) index.tombstone(latin1(key), last, 0);
  while (!index.compaction(last).step(100_000));
  expect(index.keys).toBe(0);
  expect(index.keyBytes).toBe(0);
  expect(index.bytesUsed).toBeLessThan(2000);
}

describe.each(INDEX_LOCKS)('key index, lock %s', (indexLock) => {
  it('answers as a plain history does, through compactions', () => {
    for (let seed = 0; seed < HISTORIES; seed++) {
      try {
        runHistory(indexLock, seed);
      } catch (error) {
        throw new Error(`history of seed ${seed}`, { cause: error });
      }
    }
  });

  it('grows to many keys in any order, and takes back what was restored', () => {
    for (const order of ['ascending', 'descending', 'random']) {
      const index = new KeyIndex(createKeyIndex({ indexLock, indexBytes: 64 * 1024 ** 2 }));
      const random = new Random(5);
      const names = Array.from({ length: 20_000 }, (_, i) => `key-${String(i).padStart(8, '0')}`);
      if (order === 'descending') names.reverse();
      if (order === 'random') random.shuffle(names);
      const state = new KeyState();
      names.forEach((name, i) => {
        state.main = i + 2;
        state.sub = 0;
        state.createMain = i + 2;
        state.version = 1;
        index.restore(bytesOf(name), name.length, state);
      });
      expect(index.count(bytesOf('key'), undefined, 30_000)).toBe(20_000);
      expect(index.keys).toBe(20_000);
      const beyondKeys = (index.bytesUsed - index.keyBytes) / index.keys;
      expect(beyondKeys).toBeLessThan(90);
      names.forEach((name, i) => {
        expect(index.find(bytesOf(name), 30_000, state)).toBe(true);
        if (state.main !== i + 2) expect.fail(`${name} has revision ${state.main}`);
      });
    }
  });

  it('refuses what does not fit, and stays as it was', () => {
    const index = new KeyIndex(createKeyIndex({ indexLock, indexBytes: 1024 ** 2 }));
    const state = new KeyState();
    let keys = 0;
    try {
      for (; ; keys++) {
        const key = latin1(`key-${String(keys).padStart(60, '0')}`);
        index.put(key, key.length, keys + 2, 0, state);
      }
    } catch (error) {
      expect(error).toBeInstanceOf(EngineError);
      expect((error as EngineError).code).toBe('NO_SPACE');
    }
    expect(keys).toBeGreaterThan(1000);
    expect(index.keys).toBe(keys);
    expect(index.count(latin1('key'), undefined, keys + 2)).toBe(keys);
  });

  it('refuses a long key whose separators would not fit either', () => {
    const keyBytes = 100_000;
    // The 61st key splits the root: two more copies of a key are needed for it, but only then.
    for (let room = 60; room < 66; room += 0.25) {
      const index = new KeyIndex(createKeyIndex({ indexLock, indexBytes: room * keyBytes }));
      const state = new KeyState();
      let code = 'none';
      for (let i = 0; code === 'none'; i++) {
        const key = latin1(String(i).padStart(keyBytes, '0'));
        try {
          index.put(key, key.length, i + 2, 0, state);
        } catch (error) {
          expect(error).toBeInstanceOf(EngineError);
          ({ code } = error as EngineError);
          expect(index.count(latin1('0'), undefined, i + 2)).toBe(i);
        }
      }
      expect(code).toBe('NO_SPACE');
    }
  });
});
