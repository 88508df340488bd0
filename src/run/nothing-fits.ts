// NothingFits: the time or the machine is too small for a single session of what is asked. Refused before the host is
// profiled where the plan alone can tell, so that a mistyped budget is no wait.

import type { Cell, Question } from '../question/question.ts';
import { seconds } from '../judge/words.ts';
import { cellsOf } from './cells.ts';
import { Costs } from './costs.ts';

export class NothingFits extends Error {
  override readonly name = 'NothingFits';
  readonly lacks: 'time' | 'room';

  constructor(lacks: NothingFits['lacks'], message: string) {
    super(message);
    this.lacks = lacks;
  }
}

/** `besides`: seconds that the run takes around its sessions. */
export function tooShort(
  budgetSeconds: number,
  besides: number,
  about: { readonly questions: readonly Question[]; readonly costs: Costs },
): NothingFits {
  const shortest = shortestSeconds(about.questions, about.costs);
  return new NothingFits(
    'time',
    `a budget of ${seconds(budgetSeconds)} is too short: the shortest session takes about ` +
      `${seconds(shortest)}, and ${seconds(besides)} go to profiling the host`,
  );
}

/** Seconds of the shortest session that would be of use, by what is known of the cells' costs. */
export function shortestSeconds(questions: readonly Question[], costs: Costs): number {
  const contrasts = questions.flatMap((question) => question.contrasts);
  const shortest = (cell: Cell): number => {
    const asked = contrasts.filter((contrast) => contrast.cell === cell.id);
    const all = cell.arms.map((arm) => arm.name);
    const choices = asked.length === 0 ? [all] : asked.map(({ arms }) => arms);
    const sessions = choices.map((arms) => costs.sessionSeconds(cell, arms));
    return costs.prepareSeconds(cell) + Math.min(...sessions);
  };
  return Math.min(...[...cellsOf(questions).values()].map(({ cell }) => shortest(cell)));
}
