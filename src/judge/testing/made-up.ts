// A made-up question of two arms for tests of the judge, with rounds as a session would record them. What a test does
// not name is that of a quiet, honest round. Nothing here is measured.

import type { Cell, Question } from '../../question/question.ts';
import { ratioOf } from '../../question/contrast.ts';
import type { Round } from '../../record/round.ts';
import { plannedOf, roundOf, runOf } from '../../questions/testing/rounds.ts';
import type { Measured } from '../judged.ts';
import { sideOf } from '../sides.ts';

export function madeUpCell(over: Partial<Cell> = {}): Cell {
  return {
    ...{ id: 'made-up/main', title: 'a cell', role: 'deciding', procedure: 'load' },
    factors: { threads: 1 },
    arms: ['a', 'b'].map((name) => ({ name, target: 'engine', settings: { lock: name } })),
    ...{ slices: 4, sessions: 3, prepareSeconds: 0, openSeconds: 0, sliceSeconds: 1 },
    ...{ diskBytes: 1, memoryBytes: 1 },
    ...over,
  };
}

/** Whether b does more than a. */
export function madeUpQuestion(over: Partial<Question> = {}): Question {
  return {
    ...{ id: 'made-up', kind: 'claim', title: 'A question', target: 'engine', ruleText: 'A rule.' },
    ...{ alpha: 0.05, priority: 1, cells: [madeUpCell()], looks: [3, 5, 8] },
    contrasts: [gainIn('made-up/main')],
    rule: (found) => {
      const side = sideOf(found.get('gain'));
      if (side === 'unknown') return 'inconclusive';
      return side === 'above' ? 'reproduced' : 'not-reproduced';
    },
    faults: () => [],
    wording: () => ({
      ...{ finding: 'b does more.', measured: null, limits: [], caveats: [] },
      ...{ panels: [], tables: [], facts: [] },
    }),
    ...over,
  };
}

export function gainIn(cell: string): Question['contrasts'][number] {
  return ratioOf({
    ...{ id: 'gain', words: 'operations/s, b / a', cell },
    ...{ figure: 'operationsPerSecond', over: 'b', under: 'a' },
  });
}

/** Sessions of four slices an arm; b does `ratio` times as much, and sessions scatter by `spread`. */
export function madeUpRounds(
  sessions: number,
  {
    ratio = 2,
    spread = 0.01,
    cell = madeUpCell(),
    of = (round: Round): Partial<Round> => round,
  }: {
    readonly ratio?: number;
    readonly spread?: number;
    readonly cell?: Cell;
    /** What is different in a round. */
    readonly of?: (round: Round) => Partial<Round>;
  } = {},
): Round[] {
  const scatter = [1, -1, 0.6, -0.6, 0.2, -0.2, 0.8, -0.8];
  const rounds: Round[] = [];
  for (let session = 0; session < sessions; session++) {
    for (let position = 0; position < 8; position++) {
      const arm = position % 2 === 0 ? 'a' : 'b';
      const replicate = Math.floor(position / 2);
      const wobble = (scatter[session % 8] ?? 0) * spread;
      const slice = (scatter[(replicate + session) % 8] ?? 0) * 0.001;
      const operationsPerSecond = 1000 * (arm === 'b' ? ratio * Math.exp(wobble) : 1) * (1 + slice);
      const round = roundOf(cell, arm, {
        ...{ session, position, replicate, block: replicate },
        figures: { operationsPerSecond },
      });
      rounds.push({ ...round, ...of(round) });
    }
  }
  return rounds;
}

export function measuredOf(
  rounds: readonly Round[],
  {
    cells = [madeUpCell()],
    run = {},
  }: { readonly cells?: readonly Cell[]; readonly run?: Partial<Measured['run']> } = {},
): Measured {
  const planned = cells.map((cell) => plannedOf(cell));
  return { run: runOf(planned, run), rounds, cells: planned };
}
