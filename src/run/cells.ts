// The cells of a run's questions. Questions may share a cell: of those with one id the first counts, and belongs to
// the question that brings it.

import type { Cell, Question } from '../question/question.ts';
import type { PlannedCell } from '../record/run.ts';

export interface PlacedCell {
  readonly cell: Cell;
  /** Id of the question that brings it. */
  readonly question: string;
}

/** By id. */
export function cellsOf(questions: readonly Question[]): ReadonlyMap<string, PlacedCell> {
  const cells = new Map<string, PlacedCell>();
  for (const { id: question, cells: own } of questions) {
    for (const cell of own) if (!cells.has(cell.id)) cells.set(cell.id, { cell, question });
  }
  return cells;
}

/** As run.json holds them; those that an earlier part of the run planned and nobody asks for now stay. */
export function plannedCells(
  questions: readonly Question[],
  previous: readonly PlannedCell[],
): PlannedCell[] {
  const placed = cellsOf(questions);
  const planned = [...placed.values()].map(({ cell, question }): PlannedCell => {
    const { id, title, role, procedure, factors } = cell;
    const prepared = previous.find((one) => one.id === id)?.prepared;
    const arms = cell.arms.map(({ name, target, settings }) => ({
      ...{ name, target, settings: { ...settings } },
    }));
    return {
      ...{ question, id, title, role, procedure, factors: { ...factors }, arms },
      ...(prepared === undefined ? {} : { prepared }),
    };
  });
  return [...previous.filter(({ id }) => !placed.has(id)), ...planned];
}
