// The questions of run, ab and sweep: their cells, every verdict, sentences, tables and pictures from made-up rounds.

import { describe, expect, it } from 'vitest';
import { LatencyCounts } from '../measure/latency-counts.ts';
import type { Answer } from '../record/answer.ts';
import type { Health, Round, Scalars } from '../record/round.ts';
import type { LoadRequest } from '../record/run.ts';
import type { Question } from '../question/question.ts';
import { loadFactors } from './load-cell.ts';
import { loadQuestion } from './load.ts';
import {
  answered,
  estimatesOf,
  expectCutsComplete,
  roundOf,
  roundsOf,
  type MadeUpEstimate,
} from './testing/rounds.ts';

const PARAMETERS = { keys: 1000, writeShare: 0.5, rangeShare: 0 };
const CLOSED = loadFactors('read-heavy', PARAMETERS, { clients: 64, seconds: 0.5 });
const OPEN: Scalars = { ...CLOSED, loop: 'open', arrival: 'poisson', ratePerSecond: 2000 };

type RequestArm = LoadRequest['arms'][number];

const arm = (name: string, batchLimit = 100): RequestArm => ({
  ...{ name, config: `batchLimit=${String(batchLimit)}` },
  settings: [
    { name: 'batchLimit', value: batchLimit, origin: 'flag' },
    { name: 'freelist', value: 'hashmap', origin: 'default' },
  ],
});

function request(over: Partial<LoadRequest> = {}): LoadRequest {
  const command = over.command ?? 'ab';
  return {
    ...{ command, workload: 'read-heavy', factors: CLOSED, levels: [], margin: 1.05 },
    arms: command === 'ab' ? [arm('a'), arm('b', 1000)] : [arm('engine')],
    ...{ sessionsMin: 4, sessionsMax: 16, slicesPerSession: 4 },
    ...over,
  };
}

const only = ({ cells: [cell] }: Question): Question['cells'][number] => {
  if (cell === undefined) throw new Error('no cell');
  return cell;
};

const encoded = new Map<number, string>();

/** 98 of half the time, 2 of all of it. */
function histogramOf(p99Us: number): string {
  const known = encoded.get(p99Us);
  if (known !== undefined) return known;
  const counts = new LatencyCounts();
  for (let i = 0; i < 98; i++) counts.record(p99Us * 500);
  for (let i = 0; i < 2; i++) counts.record(p99Us * 1000);
  encoded.set(p99Us, counts.encode());
  return counts.encode();
}

interface Made {
  readonly perSecond?: number;
  readonly p99Us?: number;
}

/** Slices of an arm: reads with that p99, writes with twice that. */
function sliceOf({ perSecond = 10_000, p99Us = 400 }: Made): Partial<Round> {
  return {
    figures: {
      ...{ operationsPerSecond: perSecond, p99Us, p50Us: p99Us / 2 },
      ...{ readPerSecond: perSecond / 2, readP50Us: p99Us / 2, readP99Us: p99Us },
      ...{ writePerSecond: perSecond / 2, writeP50Us: p99Us, writeP99Us: 2 * p99Us },
    },
    histograms: { read: histogramOf(p99Us), write: histogramOf(2 * p99Us) },
  };
}

function measured(
  question: Question,
  arms: Readonly<Record<string, Made>>,
  { sessions = 6, spread = 0.005 } = {},
): Round[] {
  const jitter = (session: number): number => 1 + spread * (session % 2 === 0 ? 1 : -1);
  return roundsOf(only(question), {
    arms: Object.fromEntries(
      Object.entries(arms).map(([name, made], at) => [
        name,
        (session: number) =>
          sliceOf({ ...made, p99Us: (made.p99Us ?? 400) * jitter(session + at) }),
      ]),
    ),
    ...{ sessions, spread },
  });
}

describe('ab', () => {
  const closed = loadQuestion(request());
  const open = loadQuestion(request({ factors: OPEN }));

  it('has one cell with two arms, and looks within its bounds', () => {
    const { id, arms, factors } = only(closed);
    expect([id, factors]).toEqual(['load/read-heavy', CLOSED]);
    // What is the engine's default is not asked for.
    expect(arms.map(({ name, settings }) => [name, settings])).toEqual([
      ['a', { batchLimit: 100 }],
      ['b', { batchLimit: 1000 }],
    ]);
    expect(closed.looks).toEqual([4, 8, 12, 16]);
    expect(loadQuestion(request({ sessionsMin: 2, sessionsMax: 5 })).looks).toEqual([2, 4, 5]);
    expect(loadQuestion(request({ sessionsMin: 3, sessionsMax: 3 })).looks).toEqual([3]);
  });

  it('decides by the rate in a closed loop, by lanes with enough operations in an open one', () => {
    const ids = ({ contrasts }: Question): string[] => contrasts.map(({ id }) => id).sort();
    expect(ids(closed)).toEqual(['rate']);
    expect(ids(open)).toEqual(['p99:read', 'p99:write']);
    const rare = { ...OPEN, writeShare: 0.05 };
    expect(ids(loadQuestion(request({ factors: rare })))).toEqual(['p99:read']);
  });

  it.each<[string, MadeUpEstimate, string]>([
    ['b is shown to be better', [1.06, 1.2], 'better'],
    ['b is shown to be worse', [0.8, 0.9], 'worse'],
    ['b is better, and maybe by less than the margin', [1.03, 1.2], 'better'],
    ['the interval lies within the margin', [0.96, 1.04], 'alike'],
    ['a difference is shown within the margin', [0.96, 0.98], 'alike'],
    ['a loss of 10% is possible', [0.9, 1.04], 'inconclusive'],
    ['there is no interval', { value: 1.2 }, 'inconclusive'],
    ['nothing is known', null, 'inconclusive'],
  ])('where %s', (_, rate, verdict) => {
    expect(closed.rule(estimatesOf(closed.contrasts, { rate }))).toBe(verdict);
  });

  it('never widens the margin to the noise of equal arms', () => {
    const judge = (rate: MadeUpEstimate, floor: number): string =>
      closed.rule(estimatesOf(closed.contrasts, { rate }, floor));
    expect(judge([0.88, 0.94], 1.21)).toBe('inconclusive');
    expect(judge([1.06, 1.2], 1.21)).toBe('inconclusive');
    expect(judge([0.97, 1.03], 1.21)).toBe('alike');
  });

  it.each<[MadeUpEstimate, MadeUpEstimate, string]>([
    [[1.1, 1.3], [0.8, 0.9], 'worse'],
    [[1.1, 1.3], [0.99, 1.01], 'better'],
    [[0.99, 1.01], [0.99, 1.01], 'alike'],
    [[0.99, 1.01], [0.8, 1.2], 'inconclusive'],
    [[0.99, 1.01], null, 'inconclusive'],
  ])('of lanes %j and %j is %s', (read, write, verdict) => {
    const found = estimatesOf(open.contrasts, { 'p99:read': read, 'p99:write': write });
    expect(open.rule(found)).toBe(verdict);
  });

  it('lists all its cuts', () => {
    expectCutsComplete(closed);
    expectCutsComplete(open);
  });

  it.each<[number, string, RegExp]>([
    [1.3, 'better', /^b is better than a; operations\/s, b \/ a: 1\.\d\dx \(interval/],
    [0.8, 'worse', /^b is worse than a; operations\/s, b \/ a: 0\.\d+x/],
    [1, 'alike', /^a and b are alike within 1\.05x; operations\/s, b \/ a: \S+ \(interval/],
  ])('of %f times the rate', (times, verdict, words) => {
    const rounds = measured(closed, { a: {}, b: { perSecond: 10_000 * times } });
    const answer = answered(closed, rounds);
    expect([answer.verdict, answer.finding]).toEqual([verdict, expect.stringMatching(words)]);
    expect(answer.measured?.value).toBeCloseTo(times, 1);
    const [first] = answer.tables[0]?.rows ?? [];
    expect([first?.[0], first?.at(-1)]).toEqual(['operations/s, b / a', verdict]);
  });

  it('of a shown difference below the margin', () => {
    const options = { sessions: 12, spread: 0.001 };
    const rounds = measured(closed, { a: {}, b: { perSecond: 9700 } }, options);
    const { verdict, finding } = answered(closed, rounds);
    expect([verdict, finding]).toEqual(['alike', expect.stringMatching(/but a smaller one/)]);
  });

  it('of what it would take', () => {
    const rounds = measured(closed, { a: {}, b: {} }, { sessions: 16, spread: 0.2 });
    const { verdict, finding } = answered(closed, rounds);
    expect(verdict).toBe('inconclusive');
    expect(finding).toMatch(
      /^Not decided whether b differs from a by more than 1\.05x; operations/,
    );
    expect(finding).toMatch(
      /Smallest difference that could be seen: \d+\.\d%; about \d+ more sess/,
    );
  });

  it('of p99 from the merged histograms of a session', () => {
    const answer = answered(open, measured(open, { a: {}, b: { p99Us: 800 } }));
    expect(answer.verdict).toBe('worse');
    expect(answer.finding).toMatch(
      /p99 of \w+, a \/ b: 0\.\d+x .* and p99 of \w+, a \/ b: 0\.\d+x/,
    );
    const lanes = answer.tables.at(-1);
    expect(lanes?.rows.map((row) => row.slice(0, 3))).toEqual(
      expect.arrayContaining([['b', 'read', 2400]]),
    );
  });

  it('of too few operations for a p99', () => {
    const few = loadQuestion(request({ factors: { ...OPEN, ratePerSecond: 100 } }));
    expect(few.looks).toEqual([4]);
    const { verdict, finding, measured: value } = answered(few, measured(few, { a: {}, b: {} }));
    expect([verdict, value]).toEqual(['inconclusive', null]);
    expect(finding).toMatch(/^No figure decides: no lane has 500 operations a session/);
  });
});

describe('run', () => {
  const question = loadQuestion(request({ command: 'run', sessionsMin: 2 }));
  const health: Health = {
    ...{ bottleneck: false, reason: '', lateNsP50: 100, lateNsP99: 50_000, lateNsMax: 90_000 },
    ...{ skipped: 3, unfinished: 1, cpuShares: [0.5], busyShares: [0.5], ownShares: [0.1] },
  };

  it('says what was measured, by lane', () => {
    const {
      verdict,
      finding,
      measured: rate,
      tables,
    } = answered(question, measured(question, { engine: {} }, { sessions: 2, spread: 0 }));
    expect(verdict).toBe('measured');
    expect(finding).toMatch(
      /^read-heavy: 10,000 operations\/s, a closed loop of 64 clients; write has the longest p99, 800 us/,
    );
    expect(rate).toMatchObject({ unit: '/s', sessions: 2, at: { clients: 64 } });
    expect(rate?.value).toBeCloseTo(10_000);
    // Lanes in which nothing ended are left out.
    expect(tables[0]?.rows.map((row) => row.slice(0, 3))).toEqual([
      ['engine', 'write', 800],
      ['engine', 'read', 800],
    ]);
    expect(tables[0]?.rows[1]?.slice(5).map(Number).map(Math.round)).toEqual([
      ...[200, 200, 400, 400, 400],
    ]);
  });

  it('merges histograms instead of averaging percentiles', () => {
    const rounds = [100, 1000].map((p99Us, session) => {
      return roundOf(only(question), 'engine', { session, ...sliceOf({ p99Us }) });
    });
    const row = answered(question, rounds).tables[0]?.rows.find((one) => one[1] === 'read');
    // 98 of 50 us, 2 of 100, 98 of 500, 2 of 1000.
    expect(row?.[5]).toBeCloseTo(100, 0);
    expect(row?.[7]).toBeCloseTo(500, -1);
  });

  it('tells how the generator did and what was verified', () => {
    const close = roundOf(only(question), 'engine', {
      kind: 'close',
      counts: { verifiedEntries: 1000 },
    });
    const slice = roundOf(only(question), 'engine', { ...sliceOf({}), health });
    const { facts } = answered(question, [slice, close]);
    expect(facts.map(({ label }) => label)).toEqual(['Load generator', 'Verified']);
    expect(facts[0]?.value).toMatch(
      /^99% of starts at most 50\.0 us late, 3 due operations not started/,
    );
    expect(facts[1]?.value).toMatch(
      /^1 of 1 stores held what they acknowledged, 1,000 entries each$/,
    );
  });

  it('is void where a store did not hold what it acknowledged, or nothing ran', () => {
    const warnings = [{ code: 'wrong-data', message: 'key 5 is missing' }];
    const close = roundOf(only(question), 'engine', { kind: 'close', warnings });
    const slice = roundOf(only(question), 'engine', sliceOf({}));
    const { verdict, finding, facts } = answered(question, [slice, close]);
    expect([verdict, finding]).toEqual(['wrong-data', expect.stringMatching(/key 5 is missing/)]);
    expect(facts[0]?.value).toMatch(/^0 of 1 stores/);
    expect(answered(question, []).verdict).toBe('nothing');
    const empty = answered(question, [roundOf(only(question), 'engine')]);
    expect(empty.finding).toBe('Nothing was measured: no operation ended.');
  });
});

describe('sweep', () => {
  const levels = [
    { name: 'batchLimit', levels: [100, 1000] },
    { name: 'batchIntervalMs', levels: [1, 10, 100] },
  ];
  const sweep = (over: Partial<LoadRequest>): Question =>
    loadQuestion(request({ command: 'sweep', sessionsMin: 3, levels, ...over }));
  const asked = (question: Question, rateOf: (factors: Scalars) => number): Answer =>
    answered(
      question,
      question.cells.flatMap((cell) =>
        roundsOf(cell, {
          arms: { engine: sliceOf({ perSecond: rateOf(cell.factors) }) },
          spread: 0.002,
        }),
      ),
    );

  it('has a cell for each combination, whose levels no arm overrides', () => {
    const { cells } = sweep({});
    expect(cells.map(({ id }) => id).slice(0, 2)).toEqual([
      'load/batchLimit=100,batchIntervalMs=1',
      'load/batchLimit=100,batchIntervalMs=10',
    ]);
    expect(cells).toHaveLength(6);
    expect(cells[0]?.factors).toMatchObject({ batchLimit: 100, batchIntervalMs: 1, clients: 64 });
    expect(cells[0]?.arms[0]?.settings).toEqual({});
  });

  it('names the best with one mean in sentence and table, and what is not told from it', () => {
    const rate = ({ batchLimit, batchIntervalMs }: Scalars): number =>
      Number(batchLimit) * 10 + Number(batchIntervalMs) / 1000;
    const { verdict, finding, tables, panels } = asked(sweep({}), rate);
    expect(verdict).toBe('measured');
    const [best] = tables[0]?.rows ?? [];
    expect(best?.slice(0, 2)).toEqual([1000, 100]);
    expect(Number(best?.[2])).toBeCloseTo(10_000, -2);
    expect(finding).toMatch(
      /^read-heavy: most operations\/s at batchLimit=1000, batchIntervalMs=100 \((10,000|9,9\d0)\)/,
    );
    expect(finding).toMatch(/batchIntervalMs=10 and batchLimit=1000, batchIntervalMs=1 cannot be/);
    expect(panels[0]).toMatchObject({ kind: 'heat', better: 'higher' });
    expect(panels[0]?.kind === 'heat' && panels[0].cells).toHaveLength(6);
  });

  it('draws one numeric factor as lines, a line a level of the other', () => {
    const limits = levels.slice(0, 1);
    const one = asked(sweep({ levels: limits }), () => 10_000);
    expect(one.panels[0]).toMatchObject({ kind: 'lines', series: [{ points: [{}, {}] }] });
    const lock = { name: 'readLock', levels: ['global', 'copy'] };
    const [lines] = asked(sweep({ levels: [...limits, lock] }), () => 10_000).panels;
    expect(lines?.kind === 'lines' && lines.series.map(({ name }) => name)).toEqual([
      'readLock global',
      'readLock copy',
    ]);
    expect(asked(sweep({ levels: [lock] }), () => 10_000).panels).toEqual([]);
  });

  it('ranks cells of an open loop by p99, since all have the rate they are offered', () => {
    const { finding } = asked(sweep({ factors: OPEN, levels: levels.slice(0, 1) }), () => 2000);
    expect(finding).toMatch(
      /^read-heavy: lowest p99 of all operations at batchLimit=\d+ \(400 us\)/,
    );
  });
});
