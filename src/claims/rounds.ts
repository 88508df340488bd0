// Sorts measured rounds for statistics: which belong to a cell, which form a pair, which are two
// runs of one arm. Pure. Invariants: a pair never crosses blocks, an anchor is never taken for an
// arm of its cell, and a block that lacks one side of a pair (an interrupted one) gives no pair.

import type { Cell, Run, Sample } from '../record/schema.ts';
import type { Pair } from '../stats/paired-ratio.ts';

/** Where a round stands; rounds of the freelist's cells and of experiments both have it. */
export interface PlacedRound {
  readonly cell: string;
  readonly arm: string;
  readonly block: number;
  readonly purpose?: Sample['purpose'];
  readonly beside?: string | undefined;
}

/** A figure of one round, above 0; the ratio of two is what a claim speaks of. */
export type Metric<Round extends PlacedRound = Sample> = (round: Round) => number;

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
export function pairBlocks<Round extends PlacedRound>(
  a: readonly Round[],
  b: readonly Round[],
  metric: Metric<Round>,
): Pairing {
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
export function equalArmPairs<Round extends PlacedRound>(
  rounds: readonly Round[],
  metric: Metric<Round>,
): Pair[] {
  const groups = new Map<string, Round[]>();
  for (const round of rounds) {
    const { purpose, cell, beside, arm, block } = round;
    append(groups, JSON.stringify([purpose, cell, beside, arm, block]), round);
  }
  return [...groups.values()].flatMap((equal) =>
    equal.flatMap((first, index) =>
      equal.slice(index + 1).map((second) => ({ a: metric(first), b: metric(second) })),
    ),
  );
}

/** Geometric mean of each block's rounds, by block. */
export function blockMeans<Round extends PlacedRound>(
  rounds: readonly Round[],
  metric: Metric<Round>,
): Map<number, number> {
  const means = new Map<number, number>();
  for (const [block, own] of byBlock(rounds)) means.set(block, geometricMean(own, metric));
  return means;
}

function byBlock<Round extends PlacedRound>(rounds: readonly Round[]): Map<number, Round[]> {
  const blocks = new Map<number, Round[]>();
  for (const round of rounds) append(blocks, round.block, round);
  return blocks;
}

function append<Key, Round>(groups: Map<Key, Round[]>, key: Key, round: Round): void {
  const group = groups.get(key);
  if (group === undefined) groups.set(key, [round]);
  else group.push(round);
}

function geometricMean<Round extends PlacedRound>(
  rounds: readonly Round[],
  metric: Metric<Round>,
): number {
  let logs = 0;
  for (const round of rounds) logs += Math.log(metric(round));
  return Math.exp(logs / rounds.length);
}
