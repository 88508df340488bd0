import { expect, it } from 'vitest';
import { claimsView, claimsViewSchema } from './claims-view.ts';
import { answersFileSchema, type Answer, type AnswersFile } from './answer.ts';

const estimate: Answer['estimates'][number] = {
  ...{ id: 'gain', words: 'time, array / hashmap', unit: 'x', kind: 'ratio', cell: 'f/100gb' },
  ...{ deciding: true, value: 20, low: 18, high: 22, sessions: 3, slices: 24, alpha: 0.01 },
  ...{ floorWithin: 1.02, floorBetween: 1.04, smallestVisible: 1.1 },
};

function answer(over: Partial<Answer> = {}): Answer {
  return {
    ...{ question: 'freelist-24x', kind: 'claim', title: 'Freelist', target: 'engine' },
    ...{ verdict: 'reproduced', finding: '20 times' },
    published: { value: 23.69, unit: 'x', what: 'time', source: 'paper' },
    measured: {
      ...{ value: 20, low: 18, high: 22, unit: 'x', what: 'time', sessions: 3 },
      at: { dbBytes: 100e9 },
    },
    estimates: [estimate, { ...estimate, id: 'side', deciding: false, floorWithin: 2 }],
    ...{ rule: 'r', method: 'm', alpha: 0.05, looks: 1 },
    arms: [{ cell: 'f/100gb', arm: 'array', settings: { freelist: 'array' } }],
    ...{ limits: [], caveats: [], warnings: [], tables: [], untested: [], facts: [] },
    panels: [
      {
        ...{ kind: 'lines', id: 'curve', title: 'c', references: [] },
        x: { label: 'size', unit: 'B', scale: 'log' },
        y: { label: 'gain', unit: 'x', scale: 'log' },
        series: [{ name: 's', role: 'curve', points: [{ x: 8e9, y: 3, low: null, high: null }] }],
      },
    ],
    command: 'kvtune reproduce --claims freelist-24x',
    ...over,
  };
}

function file(...answers: Answer[]): AnswersFile {
  return answersFileSchema.parse({
    ...{ schemaVersion: 2, kvtune: '0.1.0', seed: 1, mode: 'default', status: 'finished' },
    ...{ startedAt: '2026-01-01T00:00:00.000Z', host: { fingerprint: 'f' }, answers },
  });
}

it('has claims under the names that version 1 had', () => {
  const view = claimsView(file(answer()));
  expect(claimsViewSchema.parse(view)).toEqual(view);
  expect(view).toMatchObject({
    schemaVersion: 2,
    host: { fingerprint: 'f' },
    claims: [
      {
        id: 'freelist-24x',
        published: { value: 23.69 },
        measured: { value: 20, low: 18, high: 22, rounds: 3, at: { dbBytes: 100e9 } },
        arms: [{ cell: 'f/100gb', name: 'array', settings: { freelist: 'array' } }],
        curve: [{ series: 's', role: 'curve', x: 8e9, value: 3, low: null, high: null }],
        ...{ verdict: 'reproduced', floor: 1.02, rows: [] },
      },
    ],
  });
});

it('leaves out answers that are no claims', () => {
  expect(claimsView(file(answer({ kind: 'map' }), answer())).claims).toHaveLength(1);
});

it('says by the words of version 1 what that had no word for', () => {
  const verdict = (given: Answer['verdict']): string | undefined =>
    claimsView(file(answer({ verdict: given }))).claims[0]?.verdict;
  expect(verdict('nothing')).toBe('inconclusive');
  expect(verdict('wrong-data')).toBe('invalid');
  expect(verdict('exceeded')).toBe('exceeded');
});

it('has nulls for what is not known', () => {
  const unknown = answer({ measured: null, estimates: [], panels: [] });
  delete unknown.published;
  expect(claimsView(file(unknown)).claims[0]).toMatchObject({
    ...{ published: null, measured: null, floor: null, curve: [] },
  });
});
