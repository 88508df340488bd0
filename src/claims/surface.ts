// The surface, summed up: ratios of every measured cell, a sentence for each class of cells, and the
// bars that the bitmap freelist is held to. Decides no claim. Pure. Invariants: ratios pair rounds of
// one block; a cell whose rounds did not start from the same bytes is left out; sentences are built
// from the figures they stand beside, and call a difference below NOTABLE none.

import type { StoredRun } from '../record/run-folder.ts';
import type { SurfaceCell, SurfaceRound, SurfaceSummary } from '../record/schema.ts';
import { intervalOf, pairedRatio, type Pair } from '../stats/paired-ratio.ts';
import { median } from '../stats/quantile.ts';
import { ALPHA } from './claim.ts';
import { count, fileSize, list, times } from './wording.ts';

type CellSummary = SurfaceSummary['cells'][number];
type ClassSummary = SurfaceSummary['classes'][number];
type Bar = SurfaceSummary['bars'][number];
type Ratio = CellSummary['hashmapGain'];

const ARMS = ['array', 'hashmap', 'bitmap'] as const;
type Arm = (typeof ARMS)[number];

/** Single rounds of seconds vary by this much; a smaller difference is not spoken of. */
const NOTABLE = 1.25;
/** Values up to this fit a page, and so take single free pages. */
const SMALL_VALUE_BYTES = 4000;
const PAGE_BYTES = 4096;

/** The bitmap's bars. */
const SPEED_MIN = 0.9;
const GROWTH_OVER_ARRAY_MAX = 0.05;
const MEMORY_SHARE_MAX = 1 / 20;
const MEMORY_FREE_PAGES = 8e6;

/** undefined where the run has no surface, or no cell of it was measured. */
export function summarizeSurface(
  { run, surface }: Pick<StoredRun, 'run' | 'surface'>,
  unit: () => number,
): SurfaceSummary | undefined {
  if (surface.length === 0) return undefined;
  const cells = surface.filter(isWhole).map((cell) => summarizeCell(cell, unit));
  return {
    planned: Math.max(run.surface?.planned ?? 0, surface.length),
    measured: cells.length,
    alpha: ALPHA,
    cells,
    classes: classesOf(cells),
    bars: [speedBar(cells), growthBar(cells), memoryBar(cells)].filter((bar) => bar.cells > 0),
  };
}

/** Rounds of all arms, each run as its arm, from the same bytes. */
function isWhole({ rounds }: SurfaceCell): boolean {
  return (
    ARMS.every((arm) => rounds.some((round) => round.arm === arm)) &&
    rounds.every((round) => round.settings['freelist'] === round.arm) &&
    new Set(rounds.map((round) => round.digest)).size === 1
  );
}

function summarizeCell(cell: SurfaceCell, unit: () => number): CellSummary {
  const byArm = (figure: (round: SurfaceRound) => number): Record<Arm, number> => ({
    array: middle(cell, 'array', figure),
    hashmap: middle(cell, 'hashmap', figure),
    bitmap: middle(cell, 'bitmap', figure),
  });
  const completionSeconds = byArm((round) => round.completionSeconds);
  const better = completionSeconds.array <= completionSeconds.hashmap ? 'array' : 'hashmap';
  const { id, factors, dbBytes, freePages, freeSpans } = cell;
  return {
    id,
    factors,
    dbBytes,
    freePages,
    freeSpans,
    blocks: new Set(cell.rounds.map((round) => round.block)).size,
    completionSeconds,
    hashmapGain: ratioOf(cell, ['array', 'hashmap'], unit),
    bitmapGain: ratioOf(cell, [better, 'bitmap'], unit),
    growthShare: byArm(
      ({ counts }) => counts.fileGrowthBytes / PAGE_BYTES / Math.max(1, counts.pagesAllocated),
    ),
    freelistBytes: byArm((round) => round.counts.freelistBytes),
    writesPerCommit: byArm((round) => round.counts.writes / cell.commits),
  };
}

function middle(cell: SurfaceCell, arm: Arm, figure: (round: SurfaceRound) => number): number {
  return median(cell.rounds.filter((round) => round.arm === arm).map(figure)) ?? 0;
}

function ratioOf(cell: SurfaceCell, [a, b]: readonly [Arm, Arm], unit: () => number): Ratio {
  const seconds = (arm: Arm, block: number): number | undefined =>
    cell.rounds.find((round) => round.arm === arm && round.block === block)?.completionSeconds;
  const blocks = [...new Set(cell.rounds.map((round) => round.block))];
  const pairs = blocks.flatMap((block): Pair[] => {
    const [left, right] = [seconds(a, block), seconds(b, block)];
    return left === undefined || right === undefined ? [] : [{ a: left, b: right }];
  });
  const ratio = pairedRatio(pairs, { alpha: ALPHA, unit });
  const interval = intervalOf(ratio);
  return { value: ratio.value ?? 1, low: interval?.low ?? null, high: interval?.high ?? null };
}

function classesOf(cells: readonly CellSummary[]): ClassSummary[] {
  const groups = new Map<string, CellSummary[]>();
  for (const cell of cells) {
    const { recipe, syncFreelist, freePages } = cell.factors;
    const key = JSON.stringify([recipe, syncFreelist, freePages, valuesOf(cell)]);
    groups.set(key, [...(groups.get(key) ?? []), cell]);
  }
  return [...groups.values()].flatMap((group): ClassSummary[] => {
    const [first] = group;
    if (first === undefined) return [];
    const { recipe, syncFreelist, freePages } = first.factors;
    const about = { recipe, syncFreelist, freePages, values: valuesOf(first) };
    return [{ ...about, cells: group.length, sentence: sentenceOf(group, first) }];
  });
}

function valuesOf({ factors }: CellSummary): ClassSummary['values'] {
  return factors.valueBytes <= SMALL_VALUE_BYTES ? 'small' : 'large';
}

function sentenceOf(group: readonly CellSummary[], first: CellSummary): string {
  const { recipe, syncFreelist, freePages } = first.factors;
  const where =
    `${recipe}, ${count(freePages)} free pages (${fileSize(first.dbBytes)}), values of ` +
    (valuesOf(first) === 'small' ? '4 kB and less' : '10 kB and more') +
    (syncFreelist ? ', freelist stored at every commit' : '');
  const gains = group.map((cell) => cell.hashmapGain.value);
  const bitmap = group.map((cell) => cell.bitmapGain.value);
  const cells = group.length === 1 ? '1 cell' : `${String(group.length)} cells`;
  return (
    `${where}: hashmap ${range(gains)} as fast as array, bitmap ${range(bitmap)} as fast as the ` +
    `better of the two (${cells}). ${whoCares(group)}${growthOf(group)}`
  );
}

function range(values: readonly number[]): string {
  const [low, high] = [Math.min(...values), Math.max(...values)];
  return times(low) === times(high) ? times(low) : `${times(low)} to ${times(high)}`;
}

function whoCares(group: readonly CellSummary[]): string {
  const faster = group.filter((cell) => cell.hashmapGain.value >= NOTABLE);
  const slower = group.filter((cell) => cell.hashmapGain.value <= 1 / NOTABLE);
  if (faster.length === group.length) return 'Every such store gains by leaving the array.';
  if (slower.length === group.length) return 'Such a store loses by the hashmap.';
  if (faster.length === 0 && slower.length === 0) {
    return 'Nobody needs to care: no difference above a quarter.';
  }
  const parts = [
    faster.length === 0 ? '' : `stores that commit ${putsOf(faster)} gain by leaving the array`,
    slower.length === 0
      ? ''
      : `${faster.length === 0 ? 'stores' : 'those'} that commit ${putsOf(slower)} lose by the hashmap`,
  ].filter((part) => part !== '');
  const text = parts.join('; ');
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}; the others need not care.`;
}

function putsOf(cells: readonly CellSummary[]): string {
  const bySize = new Map<number, number[]>();
  for (const { factors } of cells) {
    const puts = bySize.get(factors.valueBytes) ?? [];
    bySize.set(factors.valueBytes, [...puts, factors.putsPerCommit]);
  }
  return list(
    [...bySize]
      .sort(([a], [b]) => a - b)
      .map(([bytes, puts]) => {
        const several = puts.sort((a, b) => a - b).map(String);
        const noun = several.at(-1) === '1' ? 'put' : 'puts';
        return `${alternatives(several)} ${noun} of ${String(bytes / 1000)} kB`;
      }),
  );
}

function alternatives(words: readonly string[]): string {
  const last = words.at(-1) ?? '';
  return words.length < 2 ? last : `${words.slice(0, -1).join(', ')} or ${last}`;
}

function growthOf(group: readonly CellSummary[]): string {
  const worst = (arm: Arm): number => Math.max(...group.map((cell) => cell.growthShare[arm] ?? 0));
  if (ARMS.every((arm) => worst(arm) < 0.005)) return ' The file does not grow.';
  const shares = ARMS.map((arm) => `${arm} ${(worst(arm) * 100).toFixed(0)}%`);
  return ` At most so many of the allocated pages grew the file: ${list(shares)}.`;
}

function speedBar(cells: readonly CellSummary[]): Bar {
  const met = cells.filter((cell) => cell.bitmapGain.value >= SPEED_MIN);
  const missed = cells.filter(({ bitmapGain: { high } }) => high !== null && high < SPEED_MIN);
  return barOf('at least 0.9x the speed of the better of array and hashmap', {
    cells,
    met,
    missed,
  });
}

function growthBar(cells: readonly CellSummary[]): Bar {
  const over = ({ growthShare }: CellSummary): number =>
    (growthShare['bitmap'] ?? 0) - (growthShare['array'] ?? 0) * (1 + GROWTH_OVER_ARRAY_MAX);
  const met = cells.filter((cell) => over(cell) <= 0);
  const missed = cells.filter((cell) => over(cell) > 0);
  return barOf("file growth at most the array's + 5%", { cells, met, missed });
}

function memoryBar(all: readonly CellSummary[]): Bar {
  const cells = all.filter((cell) => cell.freePages >= MEMORY_FREE_PAGES);
  const share = ({ freelistBytes }: CellSummary): number =>
    (freelistBytes['bitmap'] ?? 0) / Math.max(1, freelistBytes['hashmap'] ?? 0);
  const met = cells.filter((cell) => share(cell) <= MEMORY_SHARE_MAX);
  const missed = cells.filter((cell) => share(cell) > MEMORY_SHARE_MAX);
  const bar = barOf("memory at most 1/20 of the hashmap's from 8 million free pages on", {
    cells,
    met,
    missed,
  });
  if (cells.length === 0) return bar;
  const [least, most] = [Math.min(...cells.map(share)), Math.max(...cells.map(share))];
  const shares = `measured 1/${(1 / most).toFixed(1)} to 1/${(1 / least).toFixed(1)}`;
  return { ...bar, sentence: `${bar.sentence.slice(0, -1)}; ${shares}.` };
}

function barOf(
  bar: string,
  found: {
    readonly cells: readonly CellSummary[];
    readonly met: readonly CellSummary[];
    readonly missed: readonly CellSummary[];
  },
): Bar {
  const [cells, met, missed] = [found.cells.length, found.met.length, found.missed.length];
  const shown = missed === 0 ? 'in none is it shown to be missed' : `missed in ${String(missed)}`;
  return {
    bar,
    cells,
    met,
    missed: found.missed.map((cell) => cell.id),
    sentence: `bitmap, ${bar}: held in ${String(met)} of ${String(cells)} cells, ${shown}.`,
  };
}
