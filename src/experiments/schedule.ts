// Schedule: which block of an experiment runs next. Deciding cells get their smallest number of blocks
// first, round-robin; then the others, a block each before any gets its second, and spread over their
// list, so that a short budget thins a curve and does not cut it; then deciding cells up to their
// largest number, then the others. A block that does not fit the time left is passed over, and its cell
// is done with: time only runs out. Pure.

import type { ExperimentCell } from './experiment.ts';

/** Never plan to the last second: a block's estimate is a guess. */
const MARGIN = 1.1;

export class Schedule {
  readonly #cells: readonly ExperimentCell[];
  /** Complete blocks by cell, those of an earlier part of the run included. */
  readonly #blocks = new Map<string, number>();
  /** Seconds of a cell's last block, once one has run. */
  readonly #took = new Map<string, number>();
  readonly #closed = new Set<string>();
  #modelled = 0;
  #measured = 0;

  /** `recorded`: complete blocks that a cell has already. */
  constructor(cells: readonly ExperimentCell[], recorded: ReadonlyMap<string, number>) {
    const deciding = cells.filter((cell) => cell.role === 'deciding');
    const others = cells.filter((cell) => cell.role !== 'deciding');
    this.#cells = [...deciding, ...spread(others)];
    for (const [cell, blocks] of recorded) this.#blocks.set(cell, blocks);
  }

  /** The cell whose block comes next, or undefined where nothing is left to do or fits. */
  next(secondsLeft: number): ExperimentCell | undefined {
    const isDeciding = (cell: ExperimentCell): boolean => cell.role === 'deciding';
    const others = (cell: ExperimentCell): boolean => !isDeciding(cell);
    const passes = [
      [isDeciding, 'blocksMin'],
      [others, 'blocksMin'],
      [isDeciding, 'blocksMax'],
      [others, 'blocksMax'],
    ] as const;
    for (const [belongs, bound] of passes) {
      const cell = this.#fewest(
        this.#cells.filter((one) => belongs(one) && this.blocksOf(one) < one[bound]),
        secondsLeft,
      );
      if (cell !== undefined) return cell;
    }
    return undefined;
  }

  /** A block of the cell has ended. */
  done(cell: ExperimentCell, seconds: number): void {
    this.#blocks.set(cell.id, this.blocksOf(cell) + 1);
    this.#took.set(cell.id, seconds);
    this.#measured += seconds;
    this.#modelled += modelSeconds(cell);
  }

  /** The cell gets no further block. */
  close(cell: ExperimentCell): void {
    this.#closed.add(cell.id);
  }

  blocksOf(cell: ExperimentCell): number {
    return this.#blocks.get(cell.id) ?? 0;
  }

  /** Seconds that the cell's next block takes: as its last, or the model at this machine's pace. */
  blockSeconds(cell: ExperimentCell): number {
    const pace = this.#modelled === 0 ? 1 : this.#measured / this.#modelled;
    return this.#took.get(cell.id) ?? modelSeconds(cell) * pace;
  }

  /** Of the cells with the fewest blocks the first that fits. */
  #fewest(cells: readonly ExperimentCell[], secondsLeft: number): ExperimentCell | undefined {
    let best: ExperimentCell | undefined;
    for (const cell of cells) {
      if (this.#closed.has(cell.id)) continue;
      if (best !== undefined && this.blocksOf(best) <= this.blocksOf(cell)) continue;
      if (this.blockSeconds(cell) * MARGIN > secondsLeft) {
        this.close(cell);
        continue;
      }
      best = cell;
    }
    return best;
  }
}

/** Rounds of one block. */
export function roundsOf(cell: ExperimentCell): number {
  return cell.arms.length * (cell.replicates ?? 1);
}

function modelSeconds(cell: ExperimentCell): number {
  return roundsOf(cell) * cell.roundSeconds;
}

/** Ends first, then the middle, then the quarters: any first part is spread over the whole. */
function spread<Item>(items: readonly Item[]): Item[] {
  const order: number[] = [];
  const add = (index: number): void => {
    if (!order.includes(index)) order.push(index);
  };
  const last = items.length - 1;
  if (last >= 0) add(0);
  if (last > 0) add(last);
  for (let parts = 2; order.length < items.length; parts *= 2) {
    for (let part = 1; part < parts; part += 2) add(Math.round((last * part) / parts));
  }
  return order.flatMap((index) => items.slice(index, index + 1));
}
