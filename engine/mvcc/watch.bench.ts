// Microbenchmarks of watching: what a put costs beside nobody, beside ten thousand watchers of other
// single keys, beside a thousand watchers of ranges that do not hold the key, and where one of them, or a
// hundred watchers of the key, get it. The bar: watchers of other keys cost next to nothing.
//
// Puts go through index and write buffer to a Db in memory; what is committed is committed between runs.

import { assert } from '../base/assert.ts';
import type { BenchCase, BenchRun, BenchSetting } from '../base/bench-case.ts';
import { leaseId } from '../base/ids.ts';
import { Db } from '../db/db.ts';
import { MemoryVfs } from '../vfs/memory-vfs.ts';
import { Mvcc } from './mvcc.ts';
import { WatchHub } from './watch-hub.ts';

const NO_LEASE = leaseId(0n);
const KEYS = 1000;
const VALUE_BYTES = 64;

interface Scale {
  readonly title: string;
  readonly operations: number;
  readonly runs: number;
  readonly watchers: number;
  readonly ranges: number;
}

/** Adds watchers to the hub; returns how many of them get each put. */
type AddWatchers = (hub: WatchHub, scale: Scale) => number;

const ARMS: readonly { readonly name: string; readonly add: AddWatchers }[] = [
  { name: 'nobody watches', add: () => 0 },
  { name: 'other keys', add: watchKeys },
  { name: 'other ranges', add: watchRanges },
  {
    name: 'other ranges, and one that holds the key',
    add: (hub, scale) => watchRanges(hub, scale) + watchPuts(hub, 1),
  },
  { name: '100 that get it', add: (hub) => watchPuts(hub, 100) },
];

export function cases({ size }: BenchSetting): readonly BenchCase[] {
  const scale: Scale =
    size === 'tiny'
      ? { title: 'tiny', operations: 100, runs: 3, watchers: 500, ranges: 100 }
      : {
          title: '10k watchers of keys, 1k of ranges',
          operations: 5000,
          runs: 20,
          watchers: 10_000,
          ranges: 1000,
        };
  return ARMS.map(({ name, add }) => ({
    group: `watch: put, ${scale.title}`,
    name,
    operation: 'put',
    operations: scale.operations,
    runs: scale.runs,
    prepare: () => putRun(scale, add),
  }));
}

function watchKeys(hub: WatchHub, { watchers }: Scale): number {
  for (let i = 0; i < watchers; i++) hub.watch({ key: keyOf('watched', i) }, () => undefined);
  return 0;
}

function watchRanges(hub: WatchHub, { ranges }: Scale): number {
  for (let i = 0; i < ranges; i++) {
    const range = { key: keyOf('watched', 2 * i), end: keyOf('watched', 2 * i + 1) };
    hub.watch(range, () => undefined);
  }
  return 0;
}

function watchPuts(hub: WatchHub, count: number): number {
  const range = { key: keyOf('registry', 0), end: keyOf('registry', KEYS) };
  for (let i = 0; i < count; i++) {
    hub.watch(range, (watcher) => {
      while (watcher.take() !== undefined);
    });
  }
  return count;
}

function keyOf(prefix: string, n: number): Uint8Array {
  return new TextEncoder().encode(`/${prefix}/some/namespace/${String(n).padStart(8, '0')}`);
}

function putRun(scale: Scale, add: AddWatchers): BenchRun {
  const { operations } = scale;
  const db = Db.open('db', { cacheBytes: 16 * 1024 ** 2 }, new MemoryVfs());
  const mvcc = new Mvcc(
    db,
    {
      readLock: 'concurrent',
      batchLimit: 1e8,
      batchIntervalMs: 3_600_000,
      bufferEntries: 1024 ** 2,
      bufferBytes: 256 * 1024 ** 2,
      indexLock: 'optimistic',
      indexBytes: 512 * 1024 ** 2,
      compactionBatch: 10_000,
      compactionPauseMs: 0,
    },
    { some: false, attach: () => undefined, detach: () => undefined },
  );
  const hub = new WatchHub(mvcc);
  const getting = add(hub, scale);
  const keys = Array.from({ length: KEYS }, (_, i) => keyOf('registry', i));
  const value = { u8: new Uint8Array(VALUE_BYTES).fill(120), start: 0, length: VALUE_BYTES };
  let puts = 0;
  return {
    before: () => {
      // Every run meets the same: one revision of each key, nothing pending.
      if (mvcc.revision > mvcc.compacted) mvcc.compact(mvcc.revision);
      mvcc.finishCompaction();
      mvcc.backend.commit();
    },
    run: () => {
      for (let i = 0; i < operations; i++) {
        const key = keys[puts++ % KEYS]!;
        mvcc.begin();
        mvcc.put(key, key.length, value, NO_LEASE);
        mvcc.end();
      }
      return mvcc.revision;
    },
    verify: () => {
      const { events, behind, full } = hub.stats();
      assert(mvcc.revision === 1 + puts, `${mvcc.revision} revisions after ${puts} puts`);
      assert(events === (getting > 0 ? puts : 0), `${events} events of ${puts} puts`);
      assert(behind + full === 0, 'nobody falls behind');
    },
  };
}
