// What a procedure reads of `asked`: a cell's factors with the arm's settings over them, flat. Cells are made by
// questions, so a level that is missing or of another kind is a mistake of ours, and thrown as such.

import { STORE_OPTION_RULES, type StoreOptions } from '../../engine/index.ts';
import type { Scalars } from '../record/round.ts';

export function numberOf(asked: Scalars, name: string): number {
  const level = asked[name];
  if (typeof level !== 'number') throw new Error(`the cell has no factor ${name} that is a number`);
  return level;
}

export function choiceOf<Choice extends string>(
  asked: Scalars,
  name: string,
  choices: readonly Choice[],
): Choice {
  const level = asked[name];
  const found = choices.find((choice) => choice === level);
  if (found === undefined) {
    throw new Error(`${name} '${String(level)}' is not ${choices.join(', ')}`);
  }
  return found;
}

/** The levels that are options of a store; open() checks them. */
export function storeOptionsOf(asked: Scalars): Partial<StoreOptions> {
  const own = Object.entries(asked).filter(([name]) => name in STORE_OPTION_RULES);
  return Object.fromEntries(own);
}

/** `sizes` numbers from `min` to `max`, both included, evenly on a log scale; round ones (300,000) in between. */
export function sizesBetween(min: number, max: number, sizes: number): number[] {
  if (sizes <= 1) return [max];
  const step = Math.log(max / min) / (sizes - 1);
  return Array.from({ length: sizes }, (_, i) =>
    i === 0 ? min : i === sizes - 1 ? max : Number((min * Math.exp(i * step)).toPrecision(1)),
  );
}
