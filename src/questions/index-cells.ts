// The cells of index-lock: a compaction of the key index over a range of keys, with one lock for its whole walk and
// in steps; and etcd's own store beside it where its harness is at hand. Nothing is synced.

import type { Cell, Peers } from '../question/question.ts';
import type { Mode } from '../record/run.ts';

const ID = 'index-lock';
export const LOCKS = ['global', 'optimistic'] as const;
export const CELL = `${ID}/compaction`;
export const ETCD_CELL = `${ID}/etcd`;

/** Keys, how many sizes between them, and seconds of puts from the start of a compaction on. */
interface Sizes {
  readonly keysMin: number;
  readonly keysMax: number;
  readonly sizes: number;
  readonly seconds: number;
}

export function indexCells(mode: Mode, peers: Peers): readonly Cell[] {
  const quick = mode === 'quick';
  const deciding = compactionCell(
    { name: 'compaction', role: 'deciding', sessions: 3 },
    quick
      ? { keysMin: 3e4, keysMax: 3e5, sizes: 3, seconds: 0.2 }
      : { keysMin: 1e5, keysMax: 1e6, sizes: 3, seconds: 0.6 },
  );
  if (quick) return [deciding];
  const small = compactionCell(
    { name: 'compaction-small', role: 'curve', sessions: 2 },
    { keysMin: 1e4, keysMax: 3e4, sizes: 2, seconds: 0.6 },
  );
  const large = compactionCell(
    { name: 'compaction-large', role: 'labelled', sessions: 2 },
    { keysMin: 3e6, keysMax: 1e7, sizes: 2, seconds: 0.6 },
  );
  return [
    deciding,
    small,
    ...(mode === 'full' ? [large] : []),
    ...(peers.etcdMvcc === undefined ? [] : [etcdCell()]),
  ];
}

function compactionCell(
  { name, role, sessions }: { name: string; role: Cell['role']; sessions: number },
  factors: Sizes,
): Cell {
  const { keysMin, keysMax, sizes, seconds } = factors;
  const keysAll = ((keysMin + keysMax) / 2) * sizes;
  return {
    id: `${ID}/${name}`,
    title: `${keysMin.toLocaleString('en-US')} to ${keysMax.toLocaleString('en-US')} keys compacted`,
    ...{ role, sessions, procedure: 'compaction-stall', factors: { ...factors }, slices: 1 },
    arms: LOCKS.map((indexLock) => ({
      name: indexLock,
      target: 'engine',
      settings: { indexLock },
    })),
    ...{ prepareSeconds: 0, openSeconds: 1 },
    sliceSeconds: sizes * (0.5 + 1.75 * seconds) + keysAll * 2.5e-6,
    // A few MB, of which nothing is synced: a file system in memory does no harm.
    diskBytes: 0,
    memoryBytes: LOCKS.length * (300e6 + keysMax * 300),
  };
}

function etcdCell(): Cell {
  const keys = 1e6;
  return {
    id: ETCD_CELL,
    title: `etcd's own store, ${keys.toLocaleString('en-US')} keys compacted`,
    ...{ role: 'labelled', procedure: 'etcd-compaction', factors: { keys } },
    arms: [{ name: 'etcd', target: 'etcd-mvcc', settings: {} }],
    ...{ slices: 1, sessions: 1, prepareSeconds: 0, openSeconds: 0.5, sliceSeconds: 8 },
    ...{ diskBytes: 1e9, memoryBytes: 1.5e9 },
  };
}
