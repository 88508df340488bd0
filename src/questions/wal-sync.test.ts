// Every verdict of wal-sync by its rule, its sentences, pictures, tables and bar from made-up rounds.

import { describe, expect, it } from 'vitest';
import type { Round } from '../record/round.ts';
import type { Cell } from '../question/question.ts';
import {
  answered,
  cellOf,
  estimatesOf,
  expectCutsComplete,
  roundsOf,
  type MadeUpArm,
  type MadeUpEstimate,
} from './testing/rounds.ts';
import { walSync } from './wal-sync.ts';

const question = walSync.build({ mode: 'default', peers: {} });
const DISK_SYNC_US = 200;

interface Made {
  /** Puts a second of group / each. */
  readonly gain?: number;
  /** Puts a second of each, as a part of one put a sync. */
  readonly ofBound?: number;
}

function about(cell: Cell, { gain = 10, ofBound = 0.95 }: Made = {}): Round[] {
  const bound = 1e6 / (DISK_SYNC_US + Number(cell.factors['syncDelayMs']) * 1e3);
  const arm = (putsPerSecond: number, putsPerSync?: number) => (): MadeUpArm => ({
    figures: {
      ...{ putsPerSecond, putP50Us: 900, putP99Us: 2000 },
      ...{ diskSyncUs: DISK_SYNC_US, boundPerSecond: bound },
      ...(putsPerSync === undefined ? {} : { putsPerSync, walSyncUs: 210 }),
    },
  });
  return roundsOf(cell, {
    arms: {
      each: arm(bound * ofBound, 1),
      group: arm(bound * ofBound * gain, 50),
      none: arm(90_000),
    },
    spread: 0.003,
  });
}

const deciding = (own: Made = {}, slow: Made = { gain: 55, ofBound: 0.99 }): Round[] => [
  ...about(cellOf(question, '64-256-0'), own),
  ...about(cellOf(question, '64-256-5'), slow),
];

describe('rule of wal-sync', () => {
  const judge = (values: Record<string, MadeUpEstimate>, floor: number | null = 1.02): string =>
    question.rule(
      estimatesOf(
        question.contrasts,
        {
          ...{ 'gain-0ms': [8, 10], 'bound-0ms': [0.9, 1] },
          ...{ 'gain-5ms': [40, 60], 'bound-5ms': [0.95, 1.01], ...values },
        },
        floor,
      ),
    );

  it.each<[string, Record<string, MadeUpEstimate>, string]>([
    ['all hold', {}, 'reproduced'],
    ['the gain is smaller', { 'gain-0ms': [3, 4] }, 'partly'],
    ['the gain may be smaller', { 'gain-5ms': [15, 30] }, 'partly'],
    ['each lies below its bound', { 'bound-0ms': [0.5, 0.6] }, 'partly'],
    ['each lies above its bound', { 'bound-5ms': [1.2, 1.3] }, 'partly'],
    ['group is slower', { 'gain-0ms': [0.5, 0.8] }, 'not-reproduced'],
    ['no gain as asked for is possible', { 'gain-5ms': [0.9, 15] }, 'not-reproduced'],
    ['the gain asked for is possible, and none', { 'gain-0ms': [0.9, 6] }, 'inconclusive'],
    ['a gain is unknown', { 'gain-5ms': null }, 'inconclusive'],
    ['a bound is unknown', { 'bound-0ms': null }, 'inconclusive'],
  ])('where %s', (_, values, verdict) => {
    expect(judge(values)).toBe(verdict);
  });

  it('holds gains against the noise of equal arms', () => {
    expect(judge({ 'gain-0ms': [3, 4] }, 3.5)).toBe('not-reproduced');
    expect(judge({ 'gain-0ms': [3, 4] }, 6)).toBe('inconclusive');
    expect(judge({ 'gain-0ms': [3, 4] }, null)).toBe('inconclusive');
  });

  it('lists all its cuts', () => {
    expectCutsComplete(question);
  });
});

describe('what wal-sync says', () => {
  it('of gain and bound in both cells', () => {
    const { verdict, finding, measured, estimates } = answered(question, deciding());
    expect(verdict).toBe('reproduced');
    expect(finding).toMatch(
      /^With 64 writers .* (9|10)\.\d+x \(interval .*\) on the disk as it is/,
    );
    expect(finding).toMatch(/each reaches 9[45]\.\d% of one put a sync and 5\d\.\dx/);
    expect(measured).toMatchObject({ unit: 'x', at: { writers: 64, syncDelayMs: 0 } });
    expect(estimates.find(({ id }) => id === 'bound-5ms')?.value).toBeCloseTo(0.99, 1);
  });

  it.each<[string, Made, RegExp]>([
    ['the gain is small', { gain: 3 }, /the gain was not shown to be 5\.00x on the disk as it is/],
    [
      'each is slow',
      { ofBound: 0.5 },
      /each was not shown to be within 25% .* on the disk as it is/,
    ],
  ])('where %s', (_, own, why) => {
    const answer = answered(question, deciding(own));
    expect([answer.verdict, answer.finding]).toEqual(['partly', expect.stringMatching(why)]);
  });

  it('where group is slower', () => {
    const answer = answered(question, deciding({ gain: 0.5 }));
    expect(answer.verdict).toBe('not-reproduced');
    expect(answer.finding).toMatch(/no gain as asked for in one of the two\.$/);
  });

  it('in pictures, limits and tables, the bar of the log among them', () => {
    const rounds = question.cells.flatMap((cell) => about(cell));
    const { panels, tables, limits } = answered(question, rounds);
    expect(panels.map(({ id }) => id)).toEqual([
      ...['writers-0ms', 'writers-1ms', 'writers-5ms', 'writers-10ms', 'bytes', 'shared'],
    ]);
    const [own] = panels;
    expect(
      own?.kind === 'lines' && own.series.map(({ name, points }) => [name, points.length]),
    ).toEqual([
      ['each', 4],
      ['group', 4],
      ['none (unsafe)', 4],
    ]);
    expect(own?.kind === 'lines' && own.references[0]?.label).toMatch(
      /one put a sync: 5,0\d\d puts/,
    );
    expect(limits).toHaveLength(3);
    expect(limits.join(' ')).toMatch(/One writer gains nothing: .* without any sync reach 90,/);
    const [bar, all] = tables;
    expect(bar?.rows.map((row) => row.at(-1))).toEqual(['met', 'missed']);
    expect(all?.rows).toHaveLength(question.cells.flatMap(({ arms }) => arms).length);
    // What 'none' syncs, it syncs for no put's sake.
    expect(all?.rows.find((row) => row[3] === 'none (unsafe)')?.slice(7, 9)).toEqual([null, null]);
  });
});
