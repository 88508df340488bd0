// Sorts measured rounds for statistics: which belong to a cell, which form a pair, which are two
// runs of one arm. Pure. Invariants: a pair never crosses blocks, an anchor is never taken for an
// arm of its cell, and a block that lacks one side of a pair (an interrupted one) gives no pair.

import type { Cell, Run, Sample } from '../record/schema.ts';
import type { Pair } from '../stats/paired-ratio.ts';

/** A figure of one round, above 0; the ratio of two is what a claim speaks of. */
export type Metric = (sample: Sample) => number;

export interface Pairing {
  readonly pairs: readonly Pair[];
  /** Blocks that hold rounds of one side only. */
  readonly unpaired: number;
}

/** Rounds in which a cell's arms were measured; anchors of other cells are left out. */
export function armRounds(samples: readonly Sample[], cell: Cell, arm?: string): Sample[] {
  return samples.filter(
    (sample) =>
      sample.purpose === 'arm' &&
      sample.cell === cell.id &&
      (arm === undefined || sample.arm === arm),
  );
}

/** Rounds that re-measured `base` beside the rounds of `cell`, in that cell's blocks. */
export function anchorRounds(
  samples: readonly Sample[],
  base: Cell,
  cell: Cell,
  arm: string,
): Sample[] {
  return samples.filter(
    (sample) =>
      sample.purpose === 'anchor' &&
      sample.cell === base.id &&
      sample.beside === cell.id &&
      sample.arm === arm,
  );
}

/** Cells that decide verdicts, by size. */
export function mainCells(run: Run): Cell[] {
  return run.cells
    .filter((cell) => cell.role === 'main')
    .sort((left, right) => left.dbBytes - right.dbBytes);
}

/** One pair a block: the geometric means of both sides' replicates in it, in order of blocks. */
export function pairBlocks(a: readonly Sample[], b: readonly Sample[], metric: Metric): Pairing {
  const left = byBlock(a);
  const right = byBlock(b);
  const blocks = [...new Set([...left.keys(), ...right.keys()])].sort((x, y) => x - y);
  const pairs: Pair[] = [];
  for (const block of blocks) {
    const leftRounds = left.get(block);
    const rightRounds = right.get(block);
    if (leftRounds === undefined || rightRounds === undefined) continue;
    pairs.push({ a: geometricMean(leftRounds, metric), b: geometricMean(rightRounds, metric) });
  }
  return { pairs, unpaired: blocks.length - pairs.length };
}

/** Every two rounds of one arm in one block of one cell, anchors with anchors: the A/A pairs. */
export function equalArmPairs(samples: readonly Sample[], metric: Metric): Pair[] {
  const groups = new Map<string, Sample[]>();
  for (const sample of samples) {
    const { purpose, cell, beside, arm, block } = sample;
    append(groups, JSON.stringify([purpose, cell, beside, arm, block]), sample);
  }
  return [...groups.values()].flatMap((rounds) =>
    rounds.flatMap((first, index) =>
      rounds.slice(index + 1).map((second) => ({ a: metric(first), b: metric(second) })),
    ),
  );
}

function byBlock(samples: readonly Sample[]): Map<number, Sample[]> {
  const blocks = new Map<number, Sample[]>();
  for (const sample of samples) append(blocks, sample.block, sample);
  return blocks;
}

function append<Key>(groups: Map<Key, Sample[]>, key: Key, sample: Sample): void {
  const group = groups.get(key);
  if (group === undefined) groups.set(key, [sample]);
  else group.push(sample);
}

function geometricMean(samples: readonly Sample[], metric: Metric): number {
  let logs = 0;
  for (const sample of samples) logs += Math.log(metric(sample));
  return Math.exp(logs / samples.length);
}
