// The life that ages a store: what it may do to an object, the size of its batches, and its end.

import { describe, expect, it } from 'vitest';
import { Random } from '../../engine/base/random.ts';
import { SizeList } from '../distributions/size-list.ts';
import { ChurnStream } from './churn-stream.ts';
import type { Churn } from './recipe.ts';

const churn: Churn = {
  values: new SizeList([{ weight: 1, bytesMin: 100, bytesMax: 200 }]),
  putsPerCommit: 10,
  compactAtShare: 0.5,
  deletesPerCommit: 7,
};
const SEED = 20261122;
const STEPS_MAX = 1_000_000;

interface Life {
  readonly puts: readonly number[];
  readonly sizes: readonly number[];
  /** Revisions deleted, by compaction. */
  readonly deleted: readonly (readonly number[])[];
  /** Puts before each compaction. */
  readonly putsAt: readonly number[];
  /** Steps between two commits, with their kind. */
  readonly batches: readonly { readonly kind: string; readonly steps: number }[];
}

/** Lives until `putsAt` puts are reached one after the other; compacts at each, finishes at the last. */
function live(putsAt: readonly number[], seed: number, after = 0): Life {
  const stream = new ChurnStream(churn, new Random(seed), after);
  const puts: number[] = [];
  const sizes: number[] = [];
  const deleted: number[][] = [];
  const batches: { kind: string; steps: number }[] = [];
  let batch = { kind: '', steps: 0 };
  for (let step = 0; step < STEPS_MAX; step++) {
    const did = stream.next();
    if (did === 'end') return { puts, sizes, deleted, putsAt, batches };
    if (did === 'commit') {
      batches.push(batch);
      batch = { kind: '', steps: 0 };
      const due = putsAt[deleted.length];
      if (due !== undefined && puts.length >= due) {
        deleted.push([]);
        if (deleted.length === putsAt.length) stream.finish();
        else stream.compact();
      }
      continue;
    }
    if (batch.kind === '') batch.kind = did;
    expect(did).toBe(batch.kind);
    batch.steps++;
    if (did === 'put') {
      puts.push(stream.revision);
      sizes.push(stream.valueBytes);
      expect(stream.puts).toBe(stream.revision);
    } else {
      deleted.at(-1)?.push(stream.revision);
    }
  }
  throw new Error('the life has no end');
}

describe('ChurnStream', () => {
  it('puts ascending revisions after the one it is given', () => {
    const { puts, sizes } = live([200], SEED, 1000);
    expect(puts).toEqual(puts.map((_, i) => 1001 + i));
    expect(sizes.every((bytes) => bytes >= 100 && bytes <= 200)).toBe(true);
  });

  it('deletes each superseded revision once, in order, and about half of all', () => {
    const { puts, deleted } = live([6000, 10_000], SEED);
    const all = deleted.flat();
    expect(deleted).toHaveLength(2);
    expect(new Set(all).size).toBe(all.length);
    for (const compaction of deleted) {
      expect(compaction).toEqual([...compaction].sort((a, b) => a - b));
    }
    const known = new Set(puts);
    expect(all.every((revision) => known.has(revision))).toBe(true);
    // Objects are overwritten at most once: there is one deleted revision for each overwrite, and an
    // overwriting revision itself is never superseded, so at most half of all revisions go.
    expect(all.length).toBeLessThanOrEqual(puts.length / 2);
    expect(all.length / puts.length).toBeGreaterThan(0.45);
  });

  it('deletes nothing that was put after the compaction began', () => {
    const { deleted } = live([500, 3000], SEED);
    const [first = [], second = []] = deleted;
    expect(Math.max(...first)).toBeLessThanOrEqual(500);
    // Objects that waited for their overwrite at the first compaction are superseded later.
    expect(second.some((revision) => revision > 500)).toBe(true);
  });

  it('ends each batch with a commit, at the size asked for', () => {
    const { batches, deleted } = live([600, 1000], SEED);
    const puts = batches.filter((batch) => batch.kind === 'put');
    expect(puts).toHaveLength(100);
    expect(puts.every((batch) => batch.steps === 10)).toBe(true);
    const deletes = batches.filter((batch) => batch.kind === 'delete').map((batch) => batch.steps);
    const expected = deleted.flatMap(({ length }) => [
      ...Array.from({ length: Math.floor(length / 7) }, () => 7),
      ...(length % 7 === 0 ? [] : [length % 7]),
    ]);
    expect(deletes).toEqual(expected);
    expect(batches.every((batch) => batch.steps > 0)).toBe(true);
  });

  it('ends at once when nothing is superseded', () => {
    const stream = new ChurnStream(churn, new Random(SEED));
    stream.finish();
    expect(stream.next()).toBe('end');
  });

  it('repeats by seed', () => {
    expect(live([600, 1000], 3)).toEqual(live([600, 1000], 3));
    expect(live([600, 1000], 3).deleted).not.toEqual(live([600, 1000], 4).deleted);
  });
});
