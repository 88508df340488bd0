// The cells of the freelist's claims: one fixed job on aged files of 2 to 100 GB, with an array and a hashmap
// freelist. Invariants: the 100 GB cell alone decides; its job and recipe were fixed before anything was
// measured; the smallest size stands beside every larger one in the same sessions, so that sizes are compared
// side by side in time. Both claims bring the same cells: ids are equal, and a run measures each once. Looks, limits,
// the check of the array against bbolt's, and the picture over sizes are alike for both as well.

import { recipeByName } from '../../workloads/index.ts';
import { gigabytes } from '../judge/words.ts';
import { linesPanel, type LinesAbout } from '../judge/panels.ts';
import type { Arm, Cell, Peers } from '../question/question.ts';
import type { Estimate, LinesPanel, Role } from '../record/answer.ts';
import type { Round, Scalars, Warning } from '../record/round.ts';
import type { Mode } from '../record/run.ts';
import { synthesizedDiskBytes } from '../targets/aged-db.ts';
import { axis, medianOf } from './cell-figures.ts';
import { HEADLINE_LOOKS, LAYER, slicesOf, type Claim } from './claim-question.ts';

const ID = 'freelist-24x';
export const MAIN_CELL = `${ID}/100gb`;
const CALIBRATION_CELL = `${ID}/calibration`;

/** The size that capacity is counted from. */
export const ANCHOR_BYTES = 2e9;
export const MAIN_BYTES = 100e9;
const CURVE_BYTES: readonly number[] = [8e9, 25e9, 50e9];
const LABELLED_BYTES = 25e9;

/**
 * The main job: values of 10 kB; 500 puts a commit, which is the author's own 5,000 puts/s at etcd's
 * 100 ms; 10 commits, one second of that load.
 */
const MAIN_JOB = { valueBytes: 10_000, putsPerCommit: 500, commits: 10, warmUpCommits: 2 };
const SMALL_JOB = { ...MAIN_JOB, valueBytes: 500, commits: 40 };
/** Every commit grows the file, by the same pages in both arms: a shorter job shows it. */
const WORST_JOB = { ...MAIN_JOB, commits: 4 };
/** The cost a commit is what counts, and bbolt takes its time. */
const CALIBRATION_JOB = { ...MAIN_JOB, commits: 3, warmUpCommits: 1 };

/** Journals and growth of all arms. */
const DISK_RESERVE_BYTES = 1.5e9;
/** A process: runtime and page cache; and what its freelist takes. */
const MEMORY_BYTES_BASE = 300e6;
const MEMORY_BYTES_A_PAGE = 9;
const LAYOUT_SECONDS_A_GB = 0.15;

/** Slices a session of either arm; an arm without a number is left out. */
type Slices = Readonly<Partial<Record<'array' | 'hashmap', number>>>;

interface About {
  readonly name: string;
  readonly title: string;
  readonly role: Role;
  readonly recipe?: string;
  readonly dbBytes: number;
  readonly job?: typeof MAIN_JOB;
  readonly arms: readonly Arm[];
  readonly sessions: number;
}

/** All cells that a mode has, in the order in which they are worth measuring. */
export function freelistCells(mode: Mode, peers: Peers): readonly Cell[] {
  const sessions = mode === 'full' ? 4 : 2;
  const calibration = peers.bbolt === undefined ? [] : [{ ...calibrationCell(), calibrates: true }];
  const quick = mode === 'quick';
  const many = quick ? 2 : 4;
  const main = freelistCell({
    ...{ name: '100gb', title: '100 GB', role: 'deciding', dbBytes: MAIN_BYTES },
    arms: [
      ...pair(MAIN_BYTES, { array: 1, hashmap: many }),
      ...anchors({ ...(quick ? {} : { array: 2 }), hashmap: many }),
    ],
    sessions: 3,
  });
  if (quick) return [main, ...calibration];
  const curve = CURVE_BYTES.toReversed().map((dbBytes) =>
    freelistCell({
      ...{ name: `${String(dbBytes / 1e9)}gb`, title: gigabytes(dbBytes), role: 'curve', dbBytes },
      arms: [...pair(dbBytes, { array: 1, hashmap: 2 }), ...anchors({ array: 2, hashmap: 2 })],
      sessions,
    }),
  );
  const labelled = { role: 'labelled', dbBytes: LABELLED_BYTES, sessions } as const;
  const small = freelistCell({
    ...labelled,
    ...{ name: 'small-values-25gb', title: '25 GB, 0.5 kB values' },
    ...{ recipe: 'small-values', job: SMALL_JOB },
    arms: pair(LABELLED_BYTES, { array: 2, hashmap: 2 }),
  });
  const worst = freelistCell({
    ...labelled,
    ...{ name: 'worst-case-25gb', title: '25 GB, no run fits' },
    ...{ recipe: 'worst-case', job: WORST_JOB },
    arms: pair(LABELLED_BYTES, { array: 1, hashmap: 2 }),
  });
  return [main, ...calibration, ...curve, small, worst];
}

/** Cells of the main job, smallest file first. */
export function sizeCells(cells: readonly Cell[]): Cell[] {
  return cells
    .filter(({ id, role }) => id !== CALIBRATION_CELL && role !== 'labelled')
    .sort((a, b) => bytesOf(a) - bytesOf(b));
}

/** Size of a cell's file. */
export function bytesOf({ factors }: Pick<Cell, 'factors'>): number {
  return Number(factors['dbBytes']);
}

function calibrationCell(): Cell {
  const seconds = arraySeconds(LABELLED_BYTES) / 3;
  const settings = { freelist: 'array' };
  return freelistCell({
    ...{ name: 'calibration', title: "25 GB, a short job: our array beside bbolt's" },
    ...{ role: 'curve', dbBytes: LABELLED_BYTES, job: CALIBRATION_JOB },
    arms: [
      { name: 'array-short', target: 'engine', settings, slices: 2, sliceSeconds: seconds },
      { name: 'bbolt-array', target: 'bbolt', settings, slices: 2, sliceSeconds: 2 * seconds },
    ],
    sessions: 1,
  });
}

/** Array and hashmap on a file of this size. */
function pair(dbBytes: number, slices: Slices, suffix = '', over: Scalars = {}): Arm[] {
  return (['array', 'hashmap'] as const).flatMap((freelist): Arm[] => {
    const own = slices[freelist];
    if (own === undefined) return [];
    const sliceSeconds = freelist === 'array' ? arraySeconds(dbBytes) : 0.8;
    const settings = { freelist, ...over };
    return [
      { name: `${freelist}${suffix}`, target: 'engine', settings, slices: own, sliceSeconds },
    ];
  });
}

/** The same job on the smallest file. */
function anchors(slices: Slices): Arm[] {
  return pair(ANCHOR_BYTES, slices, '-2gb', { dbBytes: ANCHOR_BYTES });
}

/** On 2 cores of a virtual machine: the array looks at ids in proportion to the file. */
function arraySeconds(dbBytes: number): number {
  return 0.6 + (0.085 * dbBytes) / 1e9;
}

function freelistCell(about: About): Cell {
  const { name, title, role, dbBytes, job = MAIN_JOB, arms, sessions } = about;
  const recipe = recipeByName(about.recipe ?? 'kubernetes-mix');
  if (recipe === undefined) throw new Error(`no recipe is called ${about.recipe ?? ''}`);
  const fileBytes = ({ settings }: Arm): number => Number(settings['dbBytes'] ?? dbBytes);
  const files = [...new Set(arms.map(fileBytes))];
  const sum = (values: readonly number[]): number => values.reduce((all, one) => all + one, 0);
  return {
    id: `${ID}/${name}`,
    ...{ title, role, procedure: 'freelist-job' },
    factors: { recipe: recipe.name, dbBytes, ...job, syncFreelist: false },
    ...{ arms, slices: 1, sessions },
    prepareSeconds: 1 + (LAYOUT_SECONDS_A_GB * sum(files)) / 1e9,
    openSeconds: 1,
    sliceSeconds: 1,
    diskBytes: sum(files.map((bytes) => synthesizedDiskBytes(recipe, bytes))) + DISK_RESERVE_BYTES,
    memoryBytes: sum(
      arms.map((arm) => MEMORY_BYTES_BASE + (fileBytes(arm) / 4096) * MEMORY_BYTES_A_PAGE),
    ),
  };
}

/** What both claims are alike in. */
export const FREELIST_CLAIM: Pick<Claim, 'priority' | 'looks' | 'faults' | 'facts'> = {
  ...{ priority: 0, looks: HEADLINE_LOOKS },
  faults: ({ rounds }) => baselineFaults(rounds),
  facts: (rounds) => baselineFacts(rounds),
};

export const FREELIST_LIMITS: readonly string[] = [
  LAYER,
  'etcd has used hashmap by default since 3.5 (3.4 had it behind a flag); bbolt by itself ' +
    'still defaults to array.',
];

/** What was measured on a file of some size. */
export interface SizePoint {
  readonly line: string;
  readonly role: Role;
  readonly bytes: number;
  readonly estimate: Estimate;
}

/** Ratios over the size of the file; undefined without a point. */
export function sizePanel(
  about: Pick<LinesAbout, 'id' | 'title' | 'references'> & { readonly label: string },
  points: readonly SizePoint[],
): LinesPanel | undefined {
  return linesPanel(
    { ...about, x: axis('Database size', 'GB'), y: axis(about.label, 'x') },
    points.map(({ bytes, ...point }) => ({ ...point, x: bytes / 1e9 })),
  );
}

/** Ours may cost this many times bbolt's, and look at 1% more or fewer ids. */
const CALIBRATION_RATIO_MAX = 1.25;
const PROBES_TOLERANCE = 0.01;

/** Our array arm beside bbolt's on the same file: whether it is an honest baseline, and in words. */
interface Baseline {
  readonly isHonest: boolean;
  readonly words: string;
}

/** Undefined where bbolt was not at hand. */
function baselineOf(rounds: readonly Round[]): Baseline | undefined {
  const arms = ['array-short', 'bbolt-array'].map((arm) => slicesOf(rounds, CALIBRATION_CELL, arm));
  const [ours = 0, peers = 0] = arms.map(
    (slices) =>
      medianOf(slices, ({ figures }) => {
        const { freelistSeconds = 0, releaseSeconds = 0 } = figures;
        return freelistSeconds + releaseSeconds;
      }) ?? 0,
  );
  if (ours <= 0 || peers <= 0) return undefined;
  const [probesOurs, probesPeer] = arms.map((slices) => medianOf(slices, 'probesPerAllocation'));
  const ratio = ours / peers;
  const peer = `bbolt ${String(arms[1]?.[0]?.settings['bbolt'] ?? '')}`.trim();
  const spends = `spends ${ratio.toFixed(2)} times what ${peer} spends in its freelist on the same file`;
  const isCheap = ratio <= CALIBRATION_RATIO_MAX;
  // Where both sides count the ids that they look at for an allocation.
  if (typeof probesOurs !== 'number' || typeof probesPeer !== 'number') {
    return { isHonest: isCheap, words: spends };
  }
  const probes = `${probesOurs.toFixed(1)} against ${probesPeer.toFixed(1)} probes an allocation`;
  const isAlike = Math.abs(probesOurs / probesPeer - 1) <= PROBES_TOLERANCE;
  return { isHonest: isCheap && isAlike, words: `${spends}, at ${probes}` };
}

function baselineFaults(rounds: readonly Round[]): Warning[] {
  const baseline = baselineOf(rounds);
  if (baseline === undefined || baseline.isHonest) return [];
  return [
    {
      code: 'dishonest-baseline',
      message: `the array arm ${baseline.words}; at most 1.25 times are allowed`,
      remedy: 'npm run bench:peers shows both',
    },
  ];
}

function baselineFacts(rounds: readonly Round[]): { label: string; value: string }[] {
  const baseline = baselineOf(rounds);
  if (baseline === undefined) return [];
  return [{ label: 'Baseline', value: `The array arm ${baseline.words}.` }];
}
