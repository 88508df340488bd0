// Cells and questions for tests of scheduling and measuring: two arms, one contrast a cell, and a rule that asks
// whether their ratio is above or below 1.1. What a test does not name is equal in all.

import { ratioOf } from '../../question/contrast.ts';
import type { Cell, Question } from '../../question/question.ts';
import type { Verdict } from '../../record/answer.ts';

const CUT = 1.1;

/** Preparing takes a second, opening one of its arms one, a slice one: a session of both 8 s. */
export function testCell(id: string, over: Partial<Cell> = {}): Cell {
  return {
    id,
    title: `cell ${id}`,
    role: 'deciding',
    procedure: 'fake',
    factors: { size: 1 },
    arms: [
      { name: 'a', target: 'engine', settings: { kind: 'a' } },
      { name: 'b', target: 'engine', settings: { kind: 'b' } },
    ],
    slices: 3,
    sessions: 2,
    prepareSeconds: 1,
    openSeconds: 1,
    sliceSeconds: 1,
    diskBytes: 1e6,
    memoryBytes: 1e6,
    ...over,
  };
}

/** A claim with one contrast for each deciding cell; 'reproduced' where all are above the cut. */
export function testQuestion(
  id: string,
  cells: readonly Cell[],
  over: Partial<Question> = {},
): Question {
  const deciding = cells.filter((cell) => cell.role === 'deciding');
  const contrasts = deciding.map((cell) =>
    ratioOf({
      ...{ id: `ratio:${cell.id}`, words: 'rate, a / b', cell: cell.id },
      ...{ figure: 'perSecond', over: 'a', under: 'b', cuts: [CUT] },
    }),
  );
  return {
    ...{ id, kind: 'claim', title: id, target: 'engine', ruleText: 'above 1.1', alpha: 0.05 },
    ...{ priority: 1, cells, contrasts, looks: [3, 5, 8] },
    rule: (found) => {
      const sides = contrasts.map((contrast): Verdict => {
        const { low, high } = found.get(contrast.id) ?? { low: null, high: null };
        if (low === null || high === null) return 'inconclusive';
        return low > CUT ? 'reproduced' : high < CUT ? 'not-reproduced' : 'inconclusive';
      });
      return sides.find((side) => side !== 'reproduced') ?? sides[0] ?? 'measured';
    },
    faults: () => [],
    wording: () => ({
      ...{ finding: '', measured: null, limits: [], caveats: [], panels: [], tables: [] },
      facts: [],
    }),
    ...over,
  };
}
