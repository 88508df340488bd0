// The cells of bench-peers: what is done in each measurement, by us and by each peer, with the same settings. A session
// runs each arm once, in a process of its own; every bbolt as it is tells how long commits took, and 1.3.6 with
// the meter is an arm of its own, which tells what the freelist costs, so that the meter slows no row of times.

import type { ReadLock } from '../../engine/index.ts';
import type { Arm, Cell } from '../../src/question/question.ts';
import type { Scalars } from '../../src/record/round.ts';
import { synthesizedDiskBytes } from '../../src/targets/aged-db.ts';
import { recipeByName } from '../../workloads/index.ts';
import { meterOf, OURS, type Bench } from './context.ts';
import { PAGE_BYTES } from './files.ts';
import type { KvFactors } from './kv-procedure.ts';
import type { MvccFactors } from './mvcc-procedure.ts';
import {
  isAged,
  isMvcc,
  type AgedName,
  type LoadName,
  type MeasurementName,
  type MvccName,
} from './rows.ts';
import type { Scale } from './scale.ts';

/** Puts in the buffer while read transactions are timed. */
const PENDING_PUTS = 1000;
const RECIPE = 'kubernetes-mix';
/** Journals, growth, and the churned file. */
const AGED_DISK_RESERVE_BYTES = 2e9;

export type Sides = Pick<Bench, 'peers' | 'etcds' | 'scale'>;

export interface AgedOptions {
  /** With the arm of the meter, which rows of the inside need. */
  readonly metered: boolean;
  /** Whether bbolt checks the files of this cell; once a run is enough. */
  readonly checked: boolean;
}

export function cellOf(name: MeasurementName, sides: Sides, options: AgedOptions): Cell {
  if (isAged(name)) return agedCell(name, sides, options);
  return isMvcc(name) ? mvccCell(name, sides) : kvCell(name, sides);
}

/** What a measurement is about, in words, where its settings do not say it. */
export function wordsOf(name: MeasurementName, { agedBytes, mvccPuts }: Scale): string {
  if (isAged(name)) {
    return `a file of ${(agedBytes / 1e9).toFixed(1)} GB, restored after each run`;
  }
  if (!isMvcc(name)) return '';
  if (name === 'mvcc-put-sequential' || name === 'mvcc-put-random') {
    return (
      `${String(mvccPuts)} puts of 64 B and 256 B, each a transaction, in process: key index, buffer ` +
      'and backend, no log of requests on either side'
    );
  }
  const { readLock, transaction, readKeys } = READS[name];
  return (
    `a transaction of ${String(readKeys)} look-ups in the backend, ${String(PENDING_PUTS)} puts ` +
    `pending, readLock ${readLock} beside etcd's ${transaction}; ratio 0.8: ours may cost 25% more`
  );
}

function cell(
  name: MeasurementName,
  { scale }: Sides,
  about: Pick<Cell, 'procedure' | 'factors' | 'arms'> & Partial<Cell>,
): Cell {
  return {
    ...{
      id: `bench-peers/${name}`,
      title: name,
      role: 'deciding',
      slices: 1,
      sessions: scale.pairs,
    },
    // How long is waited for an arm before it counts as hung: nothing is planned by these.
    ...{ prepareSeconds: 60, openSeconds: 10, sliceSeconds: 20 },
    ...{ diskBytes: 1e9, memoryBytes: 1e9 },
    ...about,
  };
}

function kvCell(name: LoadName, sides: Sides): Cell {
  const [{ plain: checker }] = sides.peers;
  return cell(name, sides, {
    procedure: 'kv',
    factors: { ...kvFactors(name, sides), checker },
    arms: [ours({}), ...bbolts(sides, {})],
  });
}

function kvFactors(name: LoadName, { scale }: Sides): Omit<KvFactors, 'checker'> {
  const { putKeys, putsPerCommit, readKeys } = scale;
  const store = { pageSize: PAGE_BYTES, fillPercent: 0.5, freelist: 'hashmap' } as const;
  const put = { work: 'put', ...store, syncFreelist: false } as const;
  switch (name) {
    case 'put-sequential':
      return { ...put, order: 'sequential', keys: putKeys, putsPerCommit };
    case 'put-random':
      return { ...put, order: 'random', keys: putKeys, putsPerCommit };
    case 'put-single':
      return { ...put, order: 'sequential', keys: scale.singlePuts, putsPerCommit: 1 };
    case 'get-random':
      return { work: 'get', order: 'random', keys: readKeys };
    case 'scan':
      return { work: 'scan', keys: readKeys, passes: scale.scanPasses };
    case 'open-unsynced':
      return { work: 'open', pages: scale.openPages, freelist: 'hashmap' };
  }
}

const FREELISTS: Readonly<Record<AgedName, 'array' | 'hashmap' | 'bitmap'>> = {
  'aged-array': 'array',
  'aged-hashmap': 'hashmap',
  'aged-bitmap': 'bitmap',
};

function agedCell(name: AgedName, sides: Sides, { metered, checked }: AgedOptions): Cell {
  const { scale, peers } = sides;
  const freelist = FREELISTS[name];
  // bbolt has no bitmap: its hashmap is the peer.
  const theirs = { freelist: freelist === 'bitmap' ? 'hashmap' : freelist };
  const meter = metered ? meterOf(peers) : undefined;
  const recipe = recipeByName(RECIPE);
  if (recipe === undefined) throw new Error(`no recipe is called ${RECIPE}`);
  const job = { valueBytes: 10_000, putsPerCommit: 500, commits: scale.agedCommits };
  return cell(name, sides, {
    procedure: 'aged',
    factors: {
      ...{ recipe: RECIPE, dbBytes: scale.agedBytes, syncFreelist: false },
      ...{ ...job, warmUpCommits: 2 },
      ...(checked ? { checker: peers[0].plain } : {}),
    },
    arms: [
      ours({ freelist }),
      ...bbolts(sides, theirs),
      ...(meter === undefined ? [] : [peer('bbolt', meter.name, meter.program, theirs)]),
    ],
    diskBytes: synthesizedDiskBytes(recipe, scale.agedBytes) + AGED_DISK_RESERVE_BYTES,
  });
}

type ReadName = Exclude<MvccName, 'mvcc-put-sequential' | 'mvcc-put-random'>;

/** Our lock, etcd's transaction that it imitates, and the keys that one looks up. */
const READS: Readonly<
  Record<ReadName, { readLock: ReadLock; transaction: string; readKeys: number }>
> = {
  'read-global-1': { readLock: 'global', transaction: 'readtx', readKeys: 1 },
  'read-global-1000': { readLock: 'global', transaction: 'readtx', readKeys: 1000 },
  'read-copy-1': { readLock: 'copy', transaction: 'concurrent', readKeys: 1 },
  'read-copy-1000': { readLock: 'copy', transaction: 'concurrent', readKeys: 1000 },
};

function mvccCell(name: MvccName, sides: Sides): Cell {
  if (name === 'mvcc-put-sequential' || name === 'mvcc-put-random') {
    const order = name === 'mvcc-put-random' ? 'random' : 'sequential';
    const factors: MvccFactors = { puts: sides.scale.mvccPuts, order };
    const arms = [ours({}), ...etcds(sides, {})];
    return cell(name, sides, { procedure: 'mvcc-put', factors: { ...factors }, arms });
  }
  const { readLock, transaction, readKeys } = READS[name];
  return cell(name, sides, {
    ...{ procedure: 'read-cost', factors: { readKeys, pendingPuts: PENDING_PUTS } },
    arms: [ours({ readLock }), ...etcds(sides, { transaction })],
  });
}

function ours(settings: Scalars): Arm {
  return { name: OURS, target: 'engine', settings };
}

function bbolts({ peers }: Sides, settings: Scalars): Arm[] {
  return peers.map(({ version, plain }) => peer('bbolt', version, plain, settings));
}

function etcds({ etcds: programs }: Sides, settings: Scalars): Arm[] {
  return programs.map(({ version, program }) => peer('etcd-mvcc', version, program, settings));
}

function peer(target: string, name: string, program: string, settings: Scalars): Arm {
  return { name, target, settings: { ...settings, program } };
}
