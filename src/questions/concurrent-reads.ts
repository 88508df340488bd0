// Claim: reads that do not block the writer raise write throughput and lower its latency beside long reads, and
// change nothing without them. The published comparison is etcd 3.3's shared lock against 3.4's copy of the read
// buffer: copy / global decides; concurrent, which no etcd has, stands beside it.
//
// Load: etcd PR 10523's, in the workload long-reads. 10 clients put 10 kB to 100 keys in a closed loop and 10 read
// single keys at 10,000/s, first alone, then beside a range over the whole store that is always under way: in
// the recipe a range took 1.858 s and one was started each second.

import { READ_LOCKS, type ReadLock } from '../../engine/index.ts';
import type { Verdict } from '../record/answer.ts';
import type { Mode } from '../record/run.ts';
import { ratioOf } from '../question/contrast.ts';
import type { Cell, Contrast, Estimates, Peers, Question } from '../question/question.ts';
import { count, list, times } from '../judge/words.ts';
import {
  claimSource,
  FLOOR,
  INTERVAL,
  intervalIn,
  measuredOf,
  ratioWords,
  sideOf,
  type Told,
} from './claim-question.ts';
import { described, hasValue } from './cell-figures.ts';
import { costCaveats, costCells, costFaults } from './read-costs.ts';
import { BEYOND_CELL, paceCaveats, readLimits, readPanels, readTables } from './read-pictures.ts';

const ID = 'concurrent-reads';
const TITLE = 'Reads that do not block the writer spare puts the wait for long reads';
const THROUGHPUT_GAIN = 1.7;
/** -90%. */
const P99_GAIN = 10;
/** What counts as no difference without long reads. */
const ALONE_BAND = 1.1;
/** Most of the error goes to the control: the two gains are a hundred times what is asked of them. */
const CONTROL_WEIGHT = 8;

/** The two of the published comparison. */
const PUBLISHED_LOCKS: readonly ReadLock[] = ['global', 'copy'];

/** Keys of the store, all of them read by a long range. */
const KEYS = 100_000;
const QUICK_KEYS = 10_000;
const CURVE_KEYS: readonly number[] = [1000, 10_000];
const LARGE_KEYS = 1_000_000;
/** etcd's default quota of 2 GiB does not hold them. */
const QUOTA_BYTES = 16 * 1024 ** 3;
/**
 * A band of 10% takes so many sessions: processes of one arm differ by 5% however many slices each has. A look before
 * would cost them a fifth of their width and settle nothing.
 */
const LOOKS: Readonly<Record<Mode, readonly number[]>> = {
  quick: [5],
  default: [8],
  full: [8, 14],
};
/**
 * Slices without long reads in turn, which have a band of 10% to hold, against those with: beside them the
 * locks differ a hundredfold, and a blocked put takes a second.
 */
const SLICES = 12;
const BESIDE_EVERY = 12;
/** Percent of the time in which a long read is under way. */
const SHARES: readonly number[] = [10, 40, 80];
const SHARE_KEYS = 10_000;
const READER_THREADS: readonly number[] = [1, 2, 4];
/** Of a key with its value in the store, its index and the page cache. */
const DISK_BYTES_A_KEY = 2500;
const MEMORY_BYTES_A_KEY = 1800;
const ARM_BYTES = 250e6;

const PUBLISHED: NonNullable<Question['published']> = {
  value: THROUGHPUT_GAIN,
  unit: 'x',
  what: 'write throughput beside long reads, etcd 3.4 / 3.3; its p99 latency fell by 90%',
  source:
    'etcd 3.4 changelog and release announcement (2019-08-30): "write throughput is increased by 70% ' +
    'and P99 write latency is reduced by 90% in the presence of long-running reads"; PR 10523 (jingyih, ' +
    'design by jpbetz, Google), whose recipe is used here. Length and pace of the long reads behind the ' +
    'two figures were not published',
};

const RULE =
  'Decided by 10 clients that put in a closed loop, first alone, then beside a range over the whole store ' +
  '(100,000 keys; 10,000 with --quick) that is always under way; copy against global, paired within ' +
  `sessions, each by its ${INTERVAL}. Reproduced if, beside long reads, puts/s rise and their p99 falls, ` +
  `both beyond the ${FLOOR}, the intervals reach 1.7x and a tenth, and without long reads the interval of ` +
  'puts/s lies within 0.91x to 1.10x. Exceeded if, besides, the two intervals lie wholly beyond 1.7x and ' +
  'below a tenth. Partly if puts/s or p99 improve beyond the floor and one of the others fails; without ' +
  'long reads puts/s fail where their interval lies wholly outside 0.91x to 1.10x. Not-reproduced if ' +
  'neither improves and no interval reaches the published figure. Inconclusive otherwise. Invalid if a ' +
  'session did not run as its arm or got wrong answers, if the work folder is in memory, or if a read of ' +
  "1,000 keys costs over 1.25 times etcd's own with global (ReadTx) or with copy (ConcurrentReadTx).";

const CAVEATS: readonly string[] = [
  'etcd has the copy since 3.4 (PR 10523 by jingyih, designed by jpbetz, both of Google, not Alibaba). It ' +
    'slowed writes and short reads until 3.5 (PRs 12896 and 12933), where one copy serves many reads. ' +
    'concurrent exists in this engine alone.',
  'Log and syncs are included; consensus, network and gRPC are not, and the clients run in the thread of ' +
    'the store. The gain is larger than etcd could show end to end.',
  'The gain follows from how long a long read holds the lock: with global about 1 / (1 - share of the ' +
    'time). A gain of 1.7x is a lock that long reads hold 41% of the time.',
  'What etcd before 3.4 locked was the backend of one member, not the database as a whole.',
];

export const concurrentReads = claimSource({
  ...{ id: ID, title: TITLE, published: PUBLISHED, ruleText: RULE, caveats: CAVEATS, looks: LOOKS },
  cells: cellsOf,
  contrasts: (cells) => contrastsOf(decidingOf(cells).id),
  rule,
  faults: ({ rounds }) => costFaults(rounds),
  wording: (told) => {
    const { cells, estimates, rounds } = told;
    const deciding = decidingOf(cells);
    return {
      finding: findingOf(told, deciding),
      measured: measuredOf(estimates.get('puts'), {
        ...{ unit: 'x', what: 'puts/s beside long reads, copy / global' },
        at: { standingKeys: deciding.factors['standingKeys'] ?? 0, sharePercent: 100 },
      }),
      limits: readLimits(told, cells),
      caveats: [...paceCaveats(told, deciding), ...costCaveats(rounds)],
      panels: readPanels(told, cells),
      tables: readTables(told, cells),
    };
  },
});

function decidingOf(cells: readonly Cell[]): Cell {
  const [deciding] = cells;
  if (deciding === undefined) throw new Error(`${ID} has no deciding cell`);
  return deciding;
}

/** The deciding cell first. */
function cellsOf(mode: Mode, { etcdMvcc }: Peers): readonly Cell[] {
  const hasPeer = etcdMvcc !== undefined;
  const calibration = hasPeer ? costCells([1000]) : [];
  const deciding = besideCell(mode === 'quick' ? QUICK_KEYS : KEYS, {
    role: 'deciding',
    arms: PUBLISHED_LOCKS,
  });
  if (mode === 'quick') return [{ ...deciding, slices: SLICES }, ...calibration];
  const curve = { role: 'curve', sessions: mode === 'full' ? 3 : 1 } as const;
  return [
    deciding,
    ...calibration,
    beyondCell(curve),
    ...CURVE_KEYS.map((keys) => besideCell(keys, curve)),
    ...SHARES.map((share) => shareCell(share, curve)),
    ...READER_THREADS.map((threads) => readersCell(threads, curve)),
    ...(hasPeer ? [...costCells([1]), etcdCell()] : []),
    ...(mode === 'full' ? [largeCell()] : []),
  ];
}

interface About {
  readonly role: Cell['role'];
  readonly sessions?: number;
  readonly arms?: readonly ReadLock[];
}

function besideCell(keys: number, { role, sessions = 0, arms = READ_LOCKS }: About): Cell {
  const decides = role === 'deciding';
  const [aloneSeconds, besideSeconds] = [decides ? 0.1 : 0.6, keys < KEYS ? 0.4 : 0.8];
  const besideEvery = decides ? BESIDE_EVERY : 1;
  return {
    id: `${ID}/beside-${String(keys)}`,
    title: `puts beside ranges of ${count(keys)} keys`,
    ...{ role, procedure: 'reads-beside', sessions, slices: decides ? SLICES : 2 },
    factors: { standingKeys: keys, sharePercent: 100, aloneSeconds, besideSeconds, besideEvery },
    arms: arms.map((readLock) => ({ name: readLock, target: 'engine', settings: { readLock } })),
    prepareSeconds: 0.5 + keys * 15e-6,
    openSeconds: 1 + keys * 3e-6,
    // A phase ends with a batch of the store: half of one more than it is long.
    sliceSeconds: 0.2 + aloneSeconds + besideSeconds / besideEvery,
    diskBytes: (arms.length + 1) * keys * DISK_BYTES_A_KEY + arms.length * ARM_BYTES,
    memoryBytes: arms.length * (keys * MEMORY_BYTES_A_KEY + ARM_BYTES),
  };
}

function largeCell(): Cell {
  const cell = besideCell(LARGE_KEYS, { role: 'labelled', sessions: 2 });
  return { ...cell, factors: { ...cell.factors, quotaBytes: QUOTA_BYTES } };
}

/** The deciding load, by the lock that no etcd has. */
function beyondCell(about: About): Cell {
  const cell = besideCell(KEYS, { ...about, arms: ['global', 'concurrent'] });
  return { ...cell, id: BEYOND_CELL, title: `${cell.title}, global and concurrent` };
}

function shareCell(sharePercent: number, about: About): Cell {
  const cell = besideCell(SHARE_KEYS, { ...about, arms: PUBLISHED_LOCKS });
  return {
    ...cell,
    id: `${ID}/share-${String(sharePercent)}`,
    title: `puts, a long read under way ${String(sharePercent)}% of the time`,
    factors: { ...cell.factors, sharePercent },
  };
}

function readersCell(threads: number, about: About): Cell {
  const seconds = 0.6;
  return {
    ...besideCell(SHARE_KEYS, about),
    id: `${ID}/readers-${String(threads)}`,
    title: `short reads of ${String(threads)} ${threads === 1 ? 'thread' : 'threads'}`,
    procedure: 'short-reads',
    factors: { threads, standingKeys: SHARE_KEYS, seconds },
    sliceSeconds: 0.1 + seconds,
  };
}

function etcdCell(): Cell {
  return {
    ...besideCell(KEYS, { role: 'labelled', sessions: 1 }),
    id: `${ID}/etcd-${String(KEYS)}`,
    title: `etcd's own store beside ranges of ${count(KEYS)} keys`,
    procedure: 'etcd-beside',
    factors: { standingKeys: KEYS, seconds: 1 },
    arms: ['shared', 'concurrent'].map((transaction) => ({
      ...{ name: `etcd-${transaction}`, target: 'etcd-mvcc', settings: { transaction } },
    })),
    ...{ slices: 1, prepareSeconds: 0, openSeconds: 0.2, sliceSeconds: 4 },
  };
}

function contrastsOf(cell: string): Contrast[] {
  return [
    ratioOf({
      ...{ id: 'puts', words: 'puts/s beside long reads, copy / global', cell },
      ...{ figure: 'putsPerSecond', over: 'copy', under: 'global', cuts: [1, THROUGHPUT_GAIN] },
    }),
    ratioOf({
      ...{ id: 'p99', words: 'put p99 beside long reads, global / copy', cell },
      ...{ figure: 'putP99Us', over: 'global', under: 'copy', cuts: [1, P99_GAIN] },
    }),
    ratioOf({
      ...{ id: 'alone', words: 'puts/s without long reads, copy / global', cell },
      ...{ figure: 'alonePutsPerSecond', over: 'copy', under: 'global' },
      ...{ cuts: [1 / ALONE_BAND, ALONE_BAND], weight: CONTROL_WEIGHT },
    }),
  ];
}

function rule(found: Estimates): Verdict {
  const [puts, p99] = [intervalIn(found, 'puts'), intervalIn(found, 'p99')];
  const alone = controlOf(found);
  if (puts === undefined || p99 === undefined || alone === 'unknown') return 'inconclusive';
  const sides = [sideOf(found.get('puts')), sideOf(found.get('p99'))];
  if (sides.includes('unknown')) return 'inconclusive';
  const reaches = puts.high >= THROUGHPUT_GAIN && p99.high >= P99_GAIN;
  if (reaches && sides.every((side) => side === 'above') && alone !== 'fails') {
    if (alone === 'open') return 'inconclusive';
    return puts.low > THROUGHPUT_GAIN && p99.low > P99_GAIN ? 'exceeded' : 'reproduced';
  }
  if (sides.includes('above')) return 'partly';
  const isWide = puts.high >= THROUGHPUT_GAIN || p99.high >= P99_GAIN;
  return isWide ? 'inconclusive' : 'not-reproduced';
}

/** Whether puts/s without long reads are shown to be alike, shown to differ, or neither. */
function controlOf(found: Estimates): 'holds' | 'fails' | 'open' | 'unknown' {
  const alone = intervalIn(found, 'alone');
  if (alone === undefined) return 'unknown';
  if (alone.low >= 1 / ALONE_BAND && alone.high <= ALONE_BAND) return 'holds';
  return alone.high < 1 / ALONE_BAND || alone.low > ALONE_BAND ? 'fails' : 'open';
}

function findingOf(told: Told, { factors }: Cell): string {
  const { estimates, decided } = told;
  const [puts, p99, alone] = ['puts', 'p99', 'alone'].map((name) => estimates.get(name));
  const beside = `Beside ranges of ${count(Number(factors['standingKeys']))} keys that are always under way`;
  const parts: string[] = [];
  if (hasValue(puts)) parts.push(`copy carries ${ratioWords(puts)} the puts/s of global`);
  if (hasValue(p99)) parts.push(`its put p99 is ${ratioWords(p99)} lower`);
  if (parts.length === 0) return 'No session of it was measured.';
  if (hasValue(alone)) parts.push(`without long reads its puts/s are ${ratioWords(alone)}`);
  const ours = described(
    told,
    ratioOf({
      ...{ id: 'concurrent', words: '', cell: BEYOND_CELL },
      ...{ figure: 'putsPerSecond', over: 'concurrent', under: 'global' },
    }),
  );
  const beyond =
    ours === undefined
      ? ''
      : `; concurrent, without any lock, carries ${times(ours.value)} as many`;
  return `${beside}, ${list(parts)}${beyond}: ${reasonOf(estimates, decided)}.`;
}

function reasonOf(found: Estimates, decided: Verdict): string {
  if (decided === 'exceeded') {
    return 'beyond the published 1.7x and -90%, and no difference without long reads';
  }
  if (decided === 'reproduced') return 'as published';
  if (decided === 'not-reproduced') return 'no gain beyond the noise';
  if (decided === 'inconclusive') {
    return controlOf(found) === 'open'
      ? 'too little to show that nothing changes without long reads'
      : 'too little to decide';
  }
  return `a gain beyond the noise, but ${list(missedOf(found))}`;
}

function missedOf(found: Estimates): string[] {
  const missed: string[] = [];
  const { high: puts = 0 } = intervalIn(found, 'puts') ?? {};
  const { high: p99 = 0 } = intervalIn(found, 'p99') ?? {};
  if (sideOf(found.get('puts')) !== 'above') missed.push('puts/s are not shown to rise');
  else if (puts < THROUGHPUT_GAIN) missed.push('puts/s stay below 1.7x');
  if (sideOf(found.get('p99')) !== 'above') missed.push('the p99 is not shown to fall');
  else if (p99 < P99_GAIN) missed.push('the p99 stays above a tenth');
  const control = controlOf(found);
  if (control === 'fails') missed.push('puts/s differ without long reads too');
  if (control === 'open') missed.push('puts/s are not shown to be alike without long reads');
  return missed;
}
