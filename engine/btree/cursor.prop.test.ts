import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Db } from '../db/db.ts';
import { bytesOf, textOf } from '../../scripts/simulation/model.ts';
import { MemoryVfs } from '../vfs/memory-vfs.ts';
import type { Cursor } from './cursor.ts';

const PATH = 'cursor.db';
const BUCKET = bytesOf('b');

/** Keys of few letters, so that seeks hit, miss closely, and fall behind the last one. */
const key = fc.string({
  unit: fc.constantFrom('a', 'b', 'm', '\u00ff'),
  minLength: 1,
  maxLength: 6,
});
const keys = fc.uniqueArray(key, { minLength: 0, maxLength: 150 });
const move = fc.oneof(
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('seek' as const), key }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('find' as const), key }) },
  { weight: 6, arbitrary: fc.record({ kind: fc.constant('next' as const) }) },
  { weight: 6, arbitrary: fc.record({ kind: fc.constant('prev' as const) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('first' as const) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('last' as const) }) },
);
type Move =
  | { readonly kind: 'seek' | 'find'; readonly key: string }
  | { readonly kind: 'next' | 'prev' | 'first' | 'last' };

/** Where the cursor must be after each move: an index into the sorted keys, or nowhere. */
class ModelCursor {
  readonly #keys: readonly string[];
  #at = -1;

  constructor(sorted: readonly string[]) {
    this.#keys = sorted;
  }

  move(step: Move): string | undefined {
    const last = this.#keys.length - 1;
    if (step.kind === 'first') this.#at = 0;
    else if (step.kind === 'last') this.#at = last;
    else if (step.kind === 'find') this.#at = this.#keys.indexOf(step.key);
    else if (step.kind === 'seek') this.#at = this.#keys.findIndex((one) => one >= step.key);
    // A cursor that left the tree, or never entered it, stays outside until it seeks again.
    else if (this.#at >= 0) this.#at += step.kind === 'next' ? 1 : -1;
    if (this.#at > last) this.#at = -1;
    return this.#keys[this.#at];
  }
}

function walk(cursor: Cursor, sorted: readonly string[], moves: readonly Move[]): void {
  const model = new ModelCursor(sorted);
  for (const step of moves) {
    const expected = model.move(step);
    const there = 'key' in step ? cursor[step.kind](bytesOf(step.key)) : cursor[step.kind]();
    expect(there ? textOf(cursor.key()) : undefined).toBe(expected);
    if (expected === undefined) continue;
    expect(textOf(cursor.value())).toBe(valueOf(expected));
    expect(cursor.isBucket).toBe(false);
  }
  cursor.close();
}

function valueOf(text: string): string {
  return text.repeat(text.length);
}

/** Latin-1 text sorts by its code units as its bytes do. */
function sortedKeys(texts: Iterable<string>): string[] {
  return [...texts].sort((a, b) => (a < b ? -1 : 1));
}

describe('Cursor', () => {
  it('moves as an index into the sorted keys does, on pages and on nodes not yet written', () => {
    const edits = fc.array(key, { maxLength: 40 });
    const moves = fc.array(move, { minLength: 1, maxLength: 120 });
    fc.assert(
      fc.property(keys, edits, moves, (stored, changed, steps) => {
        const db = Db.open(PATH, { pageSize: 512, cacheBytes: 128 * 512 }, new MemoryVfs());
        db.write((tx) => {
          const bucket = tx.createBucket(BUCKET);
          for (const text of stored) bucket.put(bytesOf(text), bytesOf(valueOf(text)));
        });
        db.read((tx) => walk(tx.bucket(BUCKET)!.cursor(), sortedKeys(stored), steps));
        const tx = db.beginWrite();
        const bucket = tx.bucket(BUCKET)!;
        const present = new Set(stored);
        for (const text of changed) {
          if (present.delete(text)) {
            bucket.delete(bytesOf(text));
          } else {
            present.add(text);
            bucket.put(bytesOf(text), bytesOf(valueOf(text)));
          }
        }
        walk(bucket.cursor(), sortedKeys(present), steps);
        tx.commit();
        db.read((read) => walk(read.bucket(BUCKET)!.cursor(), sortedKeys(present), steps));
        expect(db.pinnedFrames()).toBe(0);
        db.close();
      }),
      { numRuns: 120, seed: 20261122 },
    );
  });
});
