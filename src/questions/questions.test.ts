// What holds of every question that kvtune brings along, in every mode, with and without peers.

import { describe, expect, it } from 'vitest';
import { levelFault } from '../question/factor.ts';
import { factorsFor } from '../question/factors.ts';
import type { Cell, Question } from '../question/question.ts';
import type { Scalars } from '../record/round.ts';
import { MODES } from '../record/run.ts';
import { CLAIM_SOURCES, QUESTION_IDS, QUESTION_SOURCES, questionsFor } from './questions.ts';

const PEERS = [{}, { bbolt: '/bboltpeer', etcdMvcc: '/etcdmvcc' }];

const all = MODES.flatMap((mode) =>
  PEERS.map((peers) => ({
    name: `${mode}, ${'bbolt' in peers ? 'with' : 'without'} peers`,
    questions: questionsFor(QUESTION_IDS, mode, peers),
  })),
);

describe.each(all)('questions of a run: $name', ({ questions }) => {
  const cells = questions.flatMap((question) => question.cells);

  it('are those asked for, the surface only where it has cells', () => {
    const ids = questions.map(({ id }) => id);
    expect(ids.filter((id) => id !== 'surface')).toEqual(CLAIM_SOURCES.map(({ id }) => id));
    expect(questions.every((question) => question.cells.length > 0)).toBe(true);
  });

  it('share a cell only where it is the same', () => {
    const known = new Map<string, Cell>();
    for (const cell of cells) expect(known.get(cell.id) ?? cell).toEqual(cell);
    for (const cell of cells) known.set(cell.id, cell);
  });

  it('name their cells, arms and factors as the record and the factor table do', () => {
    for (const { id, arms, factors, procedure } of cells) {
      expect(QUESTION_IDS).toContain(id.split('/', 1)[0]);
      expect(new Set(arms.map(({ name }) => name)).size).toBe(arms.length);
      expect(arms.length).toBeGreaterThan(0);
      for (const asked of arms.map(({ settings }) => ({ ...factors, ...settings }))) {
        checkLevels(procedure, asked);
      }
    }
  });

  it('cost something: no plan takes a cell for free', () => {
    for (const cell of cells) {
      const { slices, openSeconds, sliceSeconds, memoryBytes } = cell;
      // Cells that decide follow the looks.
      const sessions = cell.role === 'deciding' ? 1 : cell.sessions;
      for (const figure of [slices, sessions, openSeconds, sliceSeconds, memoryBytes]) {
        expect(figure, cell.id).toBeGreaterThan(0);
      }
    }
  });

  it('rest on contrasts of cells and arms that they bring', () => {
    for (const question of questions) checkContrasts(question);
  });
});

/** Levels of the factors that the table knows; these two procedures take no others. */
function checkLevels(procedure: string, asked: Scalars): void {
  const { workload } = asked;
  const factors = factorsFor(procedure === 'load' ? String(workload) : undefined);
  for (const [name, level] of Object.entries(asked)) {
    const factor = factors.get(name);
    if (factor === undefined) expect(['load', 'freelist-job'], name).not.toContain(procedure);
    else expect(levelFault(factor, level), name).toBeUndefined();
  }
}

function checkContrasts({ cells, contrasts, looks, rule, id }: Question): void {
  expect([...looks].sort((a, b) => a - b)).toEqual(looks);
  expect(new Set(contrasts.map((contrast) => contrast.id)).size).toBe(contrasts.length);
  for (const contrast of contrasts) {
    const cell = cells.find((one) => one.id === contrast.cell);
    expect(cell?.role, contrast.id).toBe(contrast.supporting === true ? 'curve' : 'deciding');
    const arms = cell?.arms.map(({ name }) => name) ?? [];
    for (const arm of contrast.arms) expect(arms, contrast.id).toContain(arm);
    expect(contrast.cuts.length).toBeGreaterThan(0);
  }
  if (contrasts.length > 0) expect(rule(new Map()), id).toBe('inconclusive');
}

it('are listed once each, the headline first', () => {
  expect(new Set(QUESTION_IDS).size).toBe(QUESTION_SOURCES.length);
  expect(QUESTION_IDS.slice(0, 2)).toEqual(['freelist-24x', 'capacity-50x']);
  const priorities = questionsFor(QUESTION_IDS, 'default', {}).map(({ priority }) => priority);
  expect([...priorities].sort((a, b) => a - b)).toEqual(priorities);
});

it('refuses an id that is none', () => {
  expect(() => questionsFor(['no-such'], 'default', {})).toThrow('no question is called no-such');
});
