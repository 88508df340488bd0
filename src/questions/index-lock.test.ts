// Every verdict of index-lock by its rule, its sentences, pictures and tables from made-up rounds.

import { describe, expect, it } from 'vitest';
import type { Round } from '../record/round.ts';
import { indexLock } from './index-lock.ts';
import {
  answered,
  cellOf,
  estimatesOf,
  expectCutsComplete,
  hostOf,
  roundOf,
  roundsOf,
  type MadeUpEstimate,
} from './testing/rounds.ts';

const question = indexLock.build({ mode: 'full', peers: { etcdMvcc: '/etcdmvcc' } });

interface Made {
  readonly name?: string;
  readonly sessions?: number;
  /** Longest put in milliseconds by keys. */
  readonly global?: (keys: number) => number;
  readonly optimistic?: (keys: number) => number;
}

/** Rounds as the claim says: global in proportion to the keys, optimistic short. */
function about(made: Made = {}): Round[] {
  const { name = 'compaction', sessions = 5 } = made;
  const { global = (keys) => keys / 5000, optimistic = () => 4 } = made;
  const cell = cellOf(question, name);
  const { keysMin, keysMax } = cell.factors;
  const keys = [Number(keysMin), Math.sqrt(Number(keysMin) * Number(keysMax)), Number(keysMax)];
  const arm = (longest: (keys: number) => number): Partial<Round> => ({
    figures: { putMaxMs: longest(Number(keysMax)), putP99Us: 900 * longest(Number(keysMax)) },
    series: { keys, putMaxMs: keys.map(longest), readMaxMs: [1, 1, 1], stepMsMax: [3, 3, 3] },
  });
  const arms = { global: arm(global), optimistic: arm(optimistic) };
  return roundsOf(cell, { arms, sessions, spread: 0.02 });
}

describe('rule of index-lock', () => {
  const judge = (values: Record<string, MadeUpEstimate>, floor: number | null = 1.1): string =>
    question.rule(
      estimatesOf(
        question.contrasts,
        { gain: [30, 60], growth: [0.9, 1.1], stall: [3, 9], ...values },
        floor,
      ),
    );

  it.each<[string, Record<string, MadeUpEstimate>, string]>([
    ['all hold', {}, 'reproduced'],
    ['growth may be slower', { growth: [0.7, 1] }, 'partly'],
    ['the gain may be smaller', { gain: [9, 60] }, 'partly'],
    ['optimistic may be slow', { stall: [80, 100] }, 'partly'],
    ['no gain beyond the floor', { gain: [0.9, 5] }, 'not-reproduced'],
    ['optimistic is slower', { gain: [0.1, 0.5] }, 'not-reproduced'],
    ['both no gain and 10x are possible', { gain: [1, 10] }, 'inconclusive'],
    ['the growth is unknown', { growth: null }, 'inconclusive'],
    ['the stall has no interval', { stall: { value: 4 } }, 'inconclusive'],
    ['the gain is unknown', { gain: null }, 'inconclusive'],
  ])('where %s', (_, values, verdict) => {
    expect(judge(values)).toBe(verdict);
  });

  it('needs a floor for partly alone', () => {
    expect(judge({}, null)).toBe('reproduced');
    expect(judge({ growth: [0.1, 0.2] }, null)).toBe('inconclusive');
  });

  it('lists all its cuts', () => {
    expectCutsComplete(question);
  });
});

describe('what index-lock says', () => {
  it('of a stall that is gone', () => {
    const answer = answered(question, about());
    expect(answer.verdict).toBe('reproduced');
    expect(answer.finding).toMatch(
      /^While 1\.00 million keys .* takes 20\d ms with global and \S+ ms with optimistic, a gain of \S+x .* power of \S+ \(interval .*: the stall is gone/,
    );
    expect(answer.measured).toMatchObject({ unit: 's', at: { keys: 1e6, indexLock: 'global' } });
    expect(answer.measured?.value).toBeCloseTo(0.2, 1);
    expect(answer.caveats.join(' ')).toMatch(/PR 9511 of Braintree/);
  });

  it.each<[string, Made, RegExp]>([
    ['global stays flat', { global: () => 80 }, /global was not shown to grow in proportion/],
    [
      'optimistic stalls',
      { optimistic: (keys) => keys / 8000 },
      /10x and optimistic was not shown/,
    ],
  ])('where %s', (_, made, why) => {
    const answer = answered(question, about(made));
    expect(answer.verdict).toBe('partly');
    expect(answer.finding).toMatch(why);
  });

  it('of no gain', () => {
    const answer = answered(question, about({ optimistic: (keys) => keys / 5000 }));
    expect(answer.verdict).toBe('not-reproduced');
    expect(answer.finding).toMatch(/no gain beyond the noise\.$/);
  });

  it('of the size that etcd took, and of more and fewer keys, beside the verdict', () => {
    const etcd = roundOf(cellOf(question, 'etcd'), 'etcd', {
      figures: { walkMs: 1234, putMaxMs: 56 },
      settings: { etcd: '3.5.0' },
    });
    const rounds = [...about(), ...about({ name: 'compaction-small' }), etcd];
    const answer = answered(question, rounds);
    expect(answer.limits[0]).toMatch(/^At 10,000 keys the longest put takes 2\.\d+ ms with global/);
    expect(answer.limits[1]).toMatch(/^etcd 3\.5\.0's own walk over 1\.00 million .* 1,230 ms/);
    const [longest, read] = answer.panels;
    if (longest?.kind !== 'lines') throw new Error('no picture');
    expect(longest.series.map(({ name, points }) => [name, points.length])).toEqual([
      ['global', 6],
      ['optimistic', 6],
    ]);
    expect(longest.series[0]?.points.map(({ x }) => x).sort((a, b) => a - b)).toEqual(
      longest.series[0]?.points.map(({ x }) => x),
    );
    expect(read?.id).toBe('longest-read');
    expect(answer.tables.map(({ rows }) => rows.length)).toEqual([12, 5]);
  });
});

describe('what makes index-lock invalid', () => {
  it.each(['wrong-answers', 'refused-puts', 'wrong-compaction'])('%s', (code) => {
    const [first, ...others] = about();
    if (first === undefined) throw new Error('no rounds');
    const warnings = [{ code, message: 'as a test says' }];
    expect(answered(question, [{ ...first, warnings }, ...others]).verdict).toBe('invalid');
  });

  it('not a file system in memory: nothing is synced', () => {
    const alone = indexLock.build({ mode: 'default', peers: {} });
    expect(answered(alone, about(), { run: { host: hostOf('tmpfs') } }).verdict).toBe('reproduced');
  });
});

it('takes fewer keys where time is short', () => {
  const quick = indexLock.build({ mode: 'quick', peers: {} });
  expect(quick.cells.map(({ id, factors }) => [id, factors['keysMax']])).toEqual([
    ['index-lock/compaction', 3e5],
  ]);
});
