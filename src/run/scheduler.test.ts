// Which session runs next, from made-up standings: nothing is measured, and nothing is judged.

import { describe, expect, it } from 'vitest';
import type { Judged } from '../judge/judge.ts';
import type { Cell, Question } from '../question/question.ts';
import type { Estimate } from '../record/answer.ts';
import { Costs } from './costs.ts';
import { leftOut } from './left-out.ts';
import { Schedule, spread, type Ask, type Situation, type Step } from './scheduler.ts';
import { sessionsToSettle } from './time-to-settle.ts';
import { testCell, testQuestion } from './testing/questions.ts';

/** A session of a test cell, with and without preparing it. */
const SESSION = 8;
const PREPARE = 1;

function estimate(contrast: string, over: Partial<Estimate> = {}): Estimate {
  return {
    ...{ id: contrast, words: '', unit: 'x', kind: 'ratio', cell: '', deciding: true },
    ...{ value: 1.3, low: 1.05, high: 1.6, sessions: 3, slices: 9, alpha: 0.01 },
    ...{ floorWithin: 1.01, floorBetween: 1.02, smallestVisible: 1.2 },
    ...over,
  };
}

/** Where a question stands that has had `had` sessions of each of its deciding cells. */
function standing(question: Question, had = 0, over: Partial<Judged> = {}): Ask {
  const taken = question.looks.filter((look) => look <= had).length;
  const next = question.looks[taken];
  const estimates = question.contrasts.map((one) => estimate(one.id, { sessions: had }));
  return {
    question,
    judged: {
      ...{ verdict: 'inconclusive', settled: false, faults: [], warnings: [], rounds: [] },
      looks: taken,
      estimates: new Map(had < 3 ? [] : estimates.map((one) => [one.id, one])),
      needs:
        next === undefined
          ? []
          : question.contrasts.map(({ cell, arms }) => ({ cell, arms, sessions: next - had })),
      ...over,
    },
  };
}

const settled = { settled: true, needs: [] };

function situation(
  asks: readonly Ask[],
  over: Partial<Omit<Situation, 'sessions' | 'begun'>> & {
    readonly had?: Readonly<Record<string, number>>;
    readonly begun?: Readonly<Record<string, number>>;
  } = {},
): Situation {
  const { had = {}, begun = {}, ...rest } = over;
  return {
    asks,
    sessions: (cell) => had[cell] ?? 0,
    begun: (cell) => begun[cell] ?? had[cell] ?? 0,
    costs: new Costs(),
    secondsLeft: Number.POSITIVE_INFINITY,
    room: { diskBytes: 1e12, memoryBytes: 1e12 },
    prepared: new Set(),
    givenUp: new Set(),
    seed: 1,
    ...rest,
  };
}

const next = (about: Situation): Step | undefined => new Schedule(about).next();
const nextCell = (about: Situation): string | undefined => next(about)?.cell.id;

const curve = (id: string, over: Partial<Cell> = {}): Cell =>
  testCell(id, { role: 'curve', ...over });
const labelled = (id: string): Cell => testCell(id, { role: 'labelled' });

describe('headline questions', () => {
  const head = testQuestion('head', [testCell('head/x')], { priority: 0 });
  const cheap = testQuestion('cheap', [testCell('cheap/x', { sliceSeconds: 0.1 })]);

  it('come before all else, until they are decided', () => {
    expect(nextCell(situation([standing(head), standing(cheap)]))).toBe('head/x');
    const open = [standing(head, 3), standing(cheap)];
    expect(nextCell(situation(open, { had: { 'head/x': 3 } }))).toBe('head/x');
    const decided = [standing(head, 3, settled), standing(cheap)];
    expect(nextCell(situation(decided, { had: { 'head/x': 3 } }))).toBe('cheap/x');
  });

  it('give way where not even a session fits, or after their last look', () => {
    const short = situation([standing(head), standing(cheap)], { secondsLeft: SESSION });
    expect(nextCell(short)).toBe('cheap/x');
    const last = situation([standing(head, 8), standing(cheap)], { had: { 'head/x': 8 } });
    expect(nextCell(last)).toBe('cheap/x');
  });
});

describe('a shared cell', () => {
  const shared = testCell('head/x');
  const [a, b] = shared.arms;
  const four = { ...shared, arms: [a!, b!, { ...a!, name: 'c' }, { ...a!, name: 'd' }] };
  const needing = (id: string, arms: string[], over: Partial<Question> = {}): Ask => {
    const question = testQuestion(id, [four], over);
    return standing(question, 0, { needs: [{ cell: 'head/x', arms, sessions: 3 }] });
  };

  it('is one cell, of the question that brings it first', () => {
    const asks = [needing('one', ['a', 'b']), needing('two', ['a', 'b'])];
    expect(next(situation(asks))).toMatchObject({ cell: four, question: 'one' });
  });

  it('opens what questions as urgent need as well', () => {
    const asks = [
      needing('one', ['d', 'a'], { priority: 0 }),
      needing('two', ['b'], { priority: 0 }),
      needing('later', ['c']),
    ];
    expect(next(situation(asks))?.arms).toEqual(['a', 'b', 'd']);
  });

  it('opens its own arms alone where more would not fit', () => {
    const asks = [needing('one', ['a'], { priority: 0 }), needing('two', ['b'], { priority: 0 })];
    const own = PREPARE + 4;
    expect(next(situation(asks, { secondsLeft: own }))?.arms).toEqual(['a']);
  });
});

describe('other questions', () => {
  const slow = testQuestion('slow', [testCell('slow/x', { sliceSeconds: 3 })]);
  const quick = testQuestion('quick', [testCell('quick/x')]);

  it('get their first look: what was begun, then by priority, then the cheapest first', () => {
    expect(nextCell(situation([standing(slow), standing(quick)]))).toBe('quick/x');
    const begun = situation([standing(slow, 1), standing(quick)], { had: { 'slow/x': 1 } });
    expect(nextCell(begun)).toBe('slow/x');
    const later = testQuestion('later', quick.cells, { priority: 2 });
    expect(nextCell(situation([standing(later), standing(slow)]))).toBe('slow/x');
    const seen = situation([standing(slow), standing(quick, 3)], { had: { 'quick/x': 3 } });
    expect(nextCell(seen)).toBe('slow/x');
  });

  it('pass over a first look that does not fit whole while another does', () => {
    const seconds = PREPARE + 3 * SESSION;
    const about = situation([standing(slow), standing(quick)], { secondsLeft: seconds });
    expect(nextCell(about)).toBe('quick/x');
    expect(next({ ...about, secondsLeft: seconds - 1 })?.cell.id).toBe('quick/x');
    expect(next({ ...about, secondsLeft: PREPARE + SESSION - 1 })).toBeUndefined();
  });

  it('then go on with the one that seems soonest settled', () => {
    const far = estimate('ratio:quick/x', { value: 1.12, low: 1.0, high: 1.25 });
    const near = estimate('ratio:slow/x', { value: 1.6, low: 1.09, high: 2.4 });
    const asks = [
      standing(quick, 3, { estimates: new Map([[far.id, far]]) }),
      standing(slow, 3, { estimates: new Map([[near.id, near]]) }),
    ];
    const had = { 'quick/x': 3, 'slow/x': 3 };
    expect(sessionsToSettle(quick, asks[0]!.judged)).toBeUndefined();
    expect(sessionsToSettle(slow, asks[1]!.judged)).toBe(5);
    expect(nextCell(situation(asks, { had }))).toBe('slow/x');
  });

  it('are looked at again before any curve, as long as the judge asks for it', () => {
    const far = estimate('ratio:quick/x', { value: 1.12, low: 1.0, high: 1.25 });
    const question = { ...quick, cells: [...quick.cells, curve('quick/c'), labelled('quick/l')] };
    const asks = [standing(question, 3, { estimates: new Map([[far.id, far]]) })];
    const order = ['quick/x', 'quick/x', 'quick/c', 'quick/l'];
    const had: Record<string, number> = { 'quick/x': 3 };
    for (const [i, cell] of order.entries()) {
      const now = i < 2 ? asks : [standing(question, 5, settled)];
      expect(nextCell(situation(now, { had, secondsLeft: 1e3 }))).toBe(cell);
      had[cell] = (had[cell] ?? 0) + 1;
    }
  });
});

it('calibrates once, when every question had its first look', () => {
  const calibration = curve('q/bbolt', { calibrates: true });
  const question = testQuestion('q', [testCell('q/x'), curve('q/c'), calibration]);
  const other = testQuestion('o', [testCell('o/x')]);
  const had: Record<string, number> = { 'q/x': 3 };
  expect(nextCell(situation([standing(question, 3), standing(other)], { had }))).toBe('o/x');
  const seen = [standing(question, 3), standing(other, 3)];
  expect(nextCell(situation(seen, { had: { ...had, 'o/x': 3 } }))).toBe('q/bbolt');
  const calibrated = situation(seen, { had: { ...had, 'o/x': 3, 'q/bbolt': 1 } });
  expect(nextCell(calibrated)).toBe('q/x');
});

describe('what decides nothing', () => {
  const cells = [0, 1, 2, 3, 4].map((i) => curve(`q/c${i}`));
  const question = testQuestion('q', [testCell('q/x'), labelled('q/l'), ...cells]);
  const done = { 'q/x': 3 };

  it('is measured last: curves from their ends inwards, then labelled cells, then again', () => {
    const had: Record<string, number> = { ...done };
    const order: string[] = [];
    for (;;) {
      const cell = nextCell(situation([standing(question, 3, settled)], { had }));
      if (cell === undefined) break;
      order.push(cell.slice(2));
      had[cell] = (had[cell] ?? 0) + 1;
    }
    expect(order.join(' ')).toBe('c0 c4 c2 c1 c3 l c0 c4 c2 c1 c3 l');
  });

  it('takes turns among questions', () => {
    const other = testQuestion('o', [testCell('o/x'), curve('o/c0'), curve('o/c1')]);
    const asks = [standing(question, 3, settled), standing(other, 3, settled)];
    const had: Record<string, number> = { ...done, 'o/x': 3 };
    const order = [0, 1, 2, 3].map(() => {
      const cell = nextCell(situation(asks, { had })) ?? '';
      had[cell] = (had[cell] ?? 0) + 1;
      return cell;
    });
    expect(order).toEqual(['q/c0', 'o/c0', 'q/c4', 'o/c1']);
  });

  it('waits while an open question can still be looked at', () => {
    const about = situation([standing(question, 3)], { had: done });
    expect(nextCell(about)).toBe('q/x');
    expect(nextCell({ ...about, secondsLeft: PREPARE + SESSION })).toBe('q/c0');
  });

  it('stops where nothing fits', () => {
    const about = situation([standing(question, 3, settled)], { had: done, secondsLeft: SESSION });
    expect(next(about)).toBeUndefined();
  });
});

describe('the machine', () => {
  const question = testQuestion('q', [testCell('q/x', { diskBytes: 50, memoryBytes: 50 })]);

  it('has to have room for a cell', () => {
    const lacks = (room: Situation['room']): Step | undefined =>
      next(situation([standing(question)], { room }));
    expect(lacks({ diskBytes: 50, memoryBytes: 50 })).toBeDefined();
    expect(lacks({ diskBytes: 49, memoryBytes: 50 })).toBeUndefined();
    expect(lacks({ diskBytes: 50, memoryBytes: 49 })).toBeUndefined();
    const room = { diskBytes: 0, memoryBytes: 50 };
    const prepared = new Set(['q/x']);
    expect(next(situation([standing(question)], { room, prepared }))).toBeDefined();
  });

  it('is not asked again for a cell that was given up, nor for ever for any', () => {
    expect(next(situation([standing(question)], { givenUp: new Set(['q/x']) }))).toBeUndefined();
    expect(next(situation([standing(question)], { begun: { 'q/x': 12 } }))).toBeDefined();
    expect(next(situation([standing(question)], { begun: { 'q/x': 13 } }))).toBeUndefined();
  });
});

describe('questions without contrasts', () => {
  const levels = [0, 1, 2, 3].map((i) => testCell(`s/${i}`, { sessions: 3 }));
  const sweep: Question = { ...testQuestion('s', levels), kind: 'sweep', contrasts: [] };
  const order = (seed: number): string[] => {
    const had: Record<string, number> = {};
    return Array.from({ length: 12 }, () => {
      const cell = nextCell(situation([standing(sweep)], { had, seed })) ?? '';
      had[cell] = (had[cell] ?? 0) + 1;
      return cell;
    });
  };

  it('get their cells measured in turn, in an order of the seed', () => {
    const first = order(1);
    expect([...first.slice(0, 4)].sort()).toEqual(['s/0', 's/1', 's/2', 's/3']);
    expect(first.slice(4, 8)).toEqual(first.slice(0, 4));
    expect(order(1)).toEqual(first);
    expect([2, 3, 4].some((seed) => order(seed)[0] !== first[0])).toBe(true);
  });

  it('end when each has its sessions', () => {
    const had = { 's/0': 3, 's/1': 3, 's/2': 3, 's/3': 3 };
    expect(next(situation([standing(sweep)], { had }))).toBeUndefined();
  });

  it('use what fits of them', () => {
    const about = situation([standing(sweep)], { secondsLeft: PREPARE + SESSION });
    expect(next(about)).toBeDefined();
  });

  it('have a map drawn like a curve', () => {
    const cells = [0, 1, 2].map((i) => curve(`m/${i}`));
    const map: Question = { ...testQuestion('m', cells), kind: 'map', contrasts: [] };
    const claim = testQuestion('q', [testCell('q/x')]);
    expect(nextCell(situation([standing(map), standing(claim)]))).toBe('q/x');
    const asks = [standing(map), standing(claim, 3, settled)];
    expect(nextCell(situation(asks, { had: { 'q/x': 3 } }))).toBe('m/0');
  });
});

describe('leftOut', () => {
  const question = testQuestion('q', [testCell('q/x'), curve('q/c'), curve('q/d')]);

  it('says in a line a question what is missing and what it takes', () => {
    const about = situation([standing(question, 3)], { had: { 'q/x': 3 }, secondsLeft: 4 });
    expect(leftOut(about)).toEqual([
      'q: undecided: 2 more sessions would take about 17.0 s, 4.00 s were left; ' +
        '2 further cells not measured (about 18.0 s)',
    ]);
    const had = { 'q/x': 3, 'q/c': 1, 'q/d': 1 };
    expect(leftOut(situation([standing(question, 3, settled)], { had }))).toEqual([]);
  });

  it('says what the machine lacks', () => {
    const room = { diskBytes: 1e5, memoryBytes: 1e12 };
    expect(leftOut(situation([standing(question)], { room }))[0]).toMatch(
      /^q: not measured: cell q\/x needs 1\.00 MB of disk, 0\.100 MB are free/,
    );
  });
});

describe('secondsToDo', () => {
  it('adds up what is open and what is drawn', () => {
    const question = testQuestion('q', [testCell('q/x'), curve('q/c')]);
    const about = situation([standing(question)]);
    expect(new Schedule(about).secondsToDo()).toBe(PREPARE + 3 * SESSION + PREPARE + 2 * SESSION);
  });
});

it('spread() starts with the ends, then the middle, then the quarters', () => {
  expect(spread([0, 1, 2, 3, 4, 5, 6, 7, 8])).toEqual([0, 8, 4, 2, 6, 1, 3, 5, 7]);
  for (let n = 0; n < 40; n++) {
    const items = Array.from({ length: n }, (_, i) => i);
    expect(spread(items).sort((a, b) => a - b)).toEqual(items);
  }
});
