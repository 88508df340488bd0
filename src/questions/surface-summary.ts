// The surface, summed up: ratios of every measured cell, a sentence for each class of cells, and the bars that the
// bitmap freelist is held to. Pure. Invariants: a cell that lacks an arm is left out; sentences are built from
// the figures they stand beside, and call a difference below NOTABLE none.

import { count, fileSize, list, times } from '../judge/words.ts';
import { ratioOf } from '../question/contrast.ts';
import type { Evidence } from '../question/question.ts';
import type { Estimate } from '../record/answer.ts';
import { countRatio, described, medianOf, type Metric } from './cell-figures.ts';
import { capital, intervalOf, slicesOf } from './claim-question.ts';
import type { Place, SurfaceCell } from './surface-cells.ts';

export const ARMS = ['array', 'hashmap', 'bitmap'] as const;
export type Arm = (typeof ARMS)[number];
type ByArm = Readonly<Record<Arm, number>>;

/** A cell that was measured in all arms. */
export interface Measured {
  readonly place: Place;
  readonly dbBytes: number;
  readonly freePages: number;
  readonly seconds: ByArm;
  /** Completion time, array / hashmap, and better of the two / bitmap. */
  readonly hashmapGain: Estimate & { readonly value: number };
  readonly bitmapGain: Estimate & { readonly value: number };
  /** Share of the allocated pages that grew the file. */
  readonly growthShare: ByArm;
  readonly freelistBytes: ByArm;
}

/** Slices of seconds vary by this much; a smaller difference is not spoken of. */
const NOTABLE = 1.25;
/** Values up to this fit a page, and so take single free pages. */
const SMALL_VALUE_BYTES = 4000;
const PAGE_BYTES = 4096;

/** The bitmap's bars. */
const SPEED_MIN = 0.9;
const GROWTH_OVER_ARRAY_MAX = 0.05;
const MEMORY_SHARE_MAX = 1 / 20;
const MEMORY_FREE_PAGES = 8e6;

export function measuredCells(evidence: Evidence, cells: readonly SurfaceCell[]): Measured[] {
  return cells.flatMap(({ place, cell }): Measured[] => {
    const figure = (arm: Arm, metric: Metric): number =>
      medianOf(slicesOf(evidence.rounds, cell.id, arm), metric) ?? 0;
    const byArm = (metric: Metric): ByArm => ({
      array: figure('array', metric),
      hashmap: figure('hashmap', metric),
      bitmap: figure('bitmap', metric),
    });
    const gain = (over: Arm, under: Arm): Measured['hashmapGain'] | undefined => {
      const about = { id: `${cell.id}:${under}`, words: `completion time, ${over} / ${under}` };
      const contrast = { ...about, cell: cell.id, figure: 'completionSeconds', over, under };
      return described(evidence, ratioOf(contrast));
    };
    const seconds = byArm('completionSeconds');
    const hashmapGain = gain('array', 'hashmap');
    const bitmapGain = gain(seconds.array <= seconds.hashmap ? 'array' : 'hashmap', 'bitmap');
    if (hashmapGain === undefined || bitmapGain === undefined) return [];
    return [
      {
        ...{ place, seconds, hashmapGain, bitmapGain, dbBytes: Number(cell.factors['dbBytes']) },
        freePages: figure('array', ({ state }) => Number(state['freePages'])) || place.freePages,
        growthShare: byArm(countRatio('fileGrowthBytes', 'pagesAllocated', 1 / PAGE_BYTES)),
        freelistBytes: byArm(({ counts }) => counts['freelistBytes']),
      },
    ];
  });
}

/** Cells by a key, in the order of their first ones. */
export function groupsOf(
  cells: readonly Measured[],
  keyOf: (cell: Measured) => string,
): [key: string, group: [Measured, ...Measured[]]][] {
  const groups = new Map<string, [Measured, ...Measured[]]>();
  for (const cell of cells) {
    const key = keyOf(cell);
    const known = groups.get(key);
    if (known === undefined) groups.set(key, [cell]);
    else known.push(cell);
  }
  return [...groups];
}

/** One sentence for each class of cells that were measured. */
export function classSentences(cells: readonly Measured[]): string[] {
  const groups = groupsOf(cells, (cell) => {
    const { recipe, syncFreelist, freePages } = cell.place;
    return JSON.stringify([recipe, syncFreelist, freePages, isSmall(cell)]);
  });
  return groups.map(([, group]) => sentenceOf(group));
}

function isSmall({ place }: Measured): boolean {
  return place.valueBytes <= SMALL_VALUE_BYTES;
}

function sentenceOf(group: readonly [Measured, ...Measured[]]): string {
  const [first] = group;
  const { recipe, syncFreelist, freePages } = first.place;
  const where =
    `${recipe}, ${count(freePages)} free pages (${fileSize(first.dbBytes)}), values of ` +
    (isSmall(first) ? '4 kB and less' : '10 kB and more') +
    (syncFreelist ? ', freelist stored at every commit' : '');
  const hashmap = range(group.map((cell) => cell.hashmapGain.value));
  const bitmap = range(group.map((cell) => cell.bitmapGain.value));
  const cells = group.length === 1 ? '1 cell' : `${String(group.length)} cells`;
  return (
    `${where}: hashmap ${hashmap} as fast as array, bitmap ${bitmap} as fast as the better of the ` +
    `two (${cells}). ${gainers(group)}${growthWords(group)}`
  );
}

export function range(values: readonly number[]): string {
  const [low, high] = [times(Math.min(...values)), times(Math.max(...values))];
  return low === high ? low : `${low} to ${high}`;
}

function gainers(group: readonly Measured[]): string {
  const faster = group.filter((cell) => cell.hashmapGain.value >= NOTABLE);
  const slower = group.filter((cell) => cell.hashmapGain.value <= 1 / NOTABLE);
  if (faster.length === group.length) return 'Every such store gains by leaving the array.';
  if (slower.length === group.length) return 'Such a store loses by the hashmap.';
  if (faster.length + slower.length === 0) return 'No difference above a quarter.';
  const parts = [
    ...(faster.length === 0 ? [] : [`commits of ${putsOf(faster)} gain by leaving the array`]),
    ...(slower.length === 0 ? [] : [`commits of ${putsOf(slower)} lose by the hashmap`]),
  ].join('; ');
  return `${capital(parts)}; elsewhere no difference above a quarter.`;
}

/** '1 put of 10 kB and 100 or 1000 puts of 0.5 kB'. */
function putsOf(cells: readonly Measured[]): string {
  const bySize = groupsOf(cells, ({ place }) => String(place.valueBytes));
  return list(
    bySize
      .sort(([a], [b]) => Number(a) - Number(b))
      .map(([bytes, group]) => {
        const puts = group.map(({ place }) => place.putsPerCommit).sort((a, b) => a - b);
        const several = puts.map(String);
        const last = several.pop() ?? '';
        const alternatives = several.length === 0 ? last : `${several.join(', ')} or ${last}`;
        const unit = last === '1' ? 'put' : 'puts';
        return `${alternatives} ${unit} of ${String(Number(bytes) / 1000)} kB`;
      }),
  );
}

function growthWords(group: readonly Measured[]): string {
  const worst = (arm: Arm): number => Math.max(...group.map((cell) => cell.growthShare[arm]));
  if (ARMS.every((arm) => worst(arm) < 0.005)) return ' The file does not grow.';
  const shares = ARMS.map((arm) => `${arm} ${(worst(arm) * 100).toFixed(0)}%`);
  return ` Largest share of the allocated pages that grew the file: ${list(shares)}.`;
}

/** How the bitmap does against its bars, a sentence each. */
export function barSentences(all: readonly Measured[]): string[] {
  const slowest = ({ bitmapGain }: Measured): number =>
    // One session has no interval; a single one is trusted to NOTABLE.
    intervalOf(bitmapGain)?.high ?? bitmapGain.value * NOTABLE;
  const overGrowth = ({ growthShare: { bitmap, array } }: Measured): boolean =>
    bitmap > array * (1 + GROWTH_OVER_ARRAY_MAX);
  const memoryShare = ({ freelistBytes }: Measured): number =>
    freelistBytes.bitmap / Math.max(1, freelistBytes.hashmap);
  const large = all.filter((cell) => cell.freePages >= MEMORY_FREE_PAGES);
  const shares = large.map(memoryShare);
  const measured = `; measured 1/${(1 / Math.max(...shares)).toFixed(1)} to 1/${(1 / Math.min(...shares)).toFixed(1)}`;
  return [
    ...barOf('at least 0.9x the speed of the better of array and hashmap', all, {
      isMet: ({ bitmapGain }) => bitmapGain.value >= SPEED_MIN,
      isMissed: (cell) => slowest(cell) < SPEED_MIN,
    }),
    ...barOf("file growth at most the array's + 5%", all, { isMissed: overGrowth }),
    ...barOf("memory at most 1/20 of the hashmap's from 8 million free pages on", large, {
      isMissed: (cell) => memoryShare(cell) > MEMORY_SHARE_MAX,
      more: measured,
    }),
  ];
}

/** None without a cell that it is about. What is not missed is met, where nothing else is said. */
function barOf(
  bar: string,
  cells: readonly Measured[],
  about: {
    readonly isMissed: (cell: Measured) => boolean;
    readonly isMet?: (cell: Measured) => boolean;
    readonly more?: string;
  },
): string[] {
  if (cells.length === 0) return [];
  const { isMissed, isMet = (cell: Measured) => !isMissed(cell), more = '' } = about;
  const [met, missed] = [cells.filter(isMet).length, cells.filter(isMissed).length];
  const shown = missed === 0 ? 'shown to be missed in none' : `missed in ${String(missed)}`;
  return [
    `bitmap, ${bar}: held in ${String(met)} of ${String(cells.length)} cells, ${shown}${more}.`,
  ];
}
