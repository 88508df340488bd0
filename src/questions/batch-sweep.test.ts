// Every verdict of batch-sweep by its rule, its sentences, maps and tables from made-up rounds.

import { describe, expect, it } from 'vitest';
import type { Round } from '../record/round.ts';
import { batchSweep } from './batch-sweep.ts';
import {
  answered,
  cellOf,
  estimatesOf,
  expectCutsComplete,
  roundsOf,
  type MadeUpArm,
  type MadeUpEstimate,
} from './testing/rounds.ts';

const question = batchSweep.build({ mode: 'default', peers: {} });

const closed = (putsPerSecond: number): MadeUpArm => ({
  figures: { putsPerSecond, commitsPerSecond: 10, commitMs: 5 },
});
const open = (p99Ms: number): MadeUpArm => ({
  figures: { putP50Us: 400, putP99Us: p99Ms * 1e3, putMaxUs: 9e4, commitsPerSecond: 0 },
});

/** Put p99 of the default and throughput of the proposal, over the other's. */
function about(p99: number, throughput: number, warnings: Round['warnings'] = []): Round[] {
  return [
    ...roundsOf(cellOf(question, 'open'), {
      arms: { default: { ...open(10 * p99), warnings }, proposal: open(10) },
      spread: 0.003,
    }),
    ...roundsOf(cellOf(question, 'closed'), {
      arms: { default: closed(50_000), proposal: closed(50_000 * throughput) },
      spread: 0.003,
    }),
  ];
}

/** A grid in which p99 rises with the interval, and throughput with the limit. */
function grid(): Round[] {
  return question.cells
    .filter(({ role }) => role === 'curve')
    .flatMap((cell) => {
      const arms = cell.arms.map(({ name, settings }): [string, MadeUpArm] => {
        const { batchIntervalMs, batchLimit } = settings;
        const rate = 40_000 + 1000 * Math.log(Number(batchLimit));
        return [name, cell.id.endsWith('open') ? open(Number(batchIntervalMs)) : closed(rate)];
      });
      return roundsOf(cell, { arms: Object.fromEntries(arms), spread: 0 });
    });
}

describe('rule of batch-sweep', () => {
  const judge = (values: Record<string, MadeUpEstimate>, floor: number | null = 1.02): string =>
    question.rule(
      estimatesOf(
        question.contrasts,
        { p99: [1.5, 2], throughput: [0.98, 1.01], ...values },
        floor,
      ),
    );

  it.each<[string, Record<string, MadeUpEstimate>, string]>([
    ['p99 falls and throughput is kept', {}, 'reproduced'],
    ['throughput is lower', { throughput: [0.7, 0.8] }, 'partly'],
    ['throughput is not shown to be kept', { throughput: [0.9, 1.1] }, 'partly'],
    ['p99 rises', { p99: [0.5, 0.7] }, 'not-reproduced'],
    ['no gain is possible', { p99: [0.95, 1.1] }, 'not-reproduced'],
    ['a gain is possible', { p99: [0.9, 1.3] }, 'inconclusive'],
    ['p99 is unknown', { p99: null }, 'inconclusive'],
    ['throughput is unknown', { throughput: null }, 'inconclusive'],
  ])('where %s', (_, values, verdict) => {
    expect(judge(values)).toBe(verdict);
  });

  it('holds both figures against the noise of equal arms', () => {
    expect(judge({}, 3)).toBe('inconclusive');
    expect(judge({ p99: [1.05, 1.2] }, 1.1)).toBe('not-reproduced');
    expect(judge({ p99: [1.05, 1.2] }, 1.26)).toBe('inconclusive');
    expect(judge({ throughput: [0.93, 1] }, 1.1)).toBe('reproduced');
    expect(judge({}, null)).toBe('inconclusive');
  });

  it('lists all its cuts', () => {
    expectCutsComplete(question);
  });
});

describe('what batch-sweep says', () => {
  it.each<[number, number, string, RegExp]>([
    [
      2,
      1,
      'reproduced',
      /[12]\.\d\dx .* as long with the default.*: the proposal is better here\.$/,
    ],
    [2, 0.8, 'partly', /lower p99, but throughput is lower\.$/],
    [0.5, 1, 'not-reproduced', /p99 is higher with the proposal\.$/],
    [
      1,
      1,
      'not-reproduced',
      /no gain is shown \(the A\/A floor is 1\.0\dx\), and one of 1\.25x is excl/,
    ],
  ])('of a p99 %fx and throughput %fx', (p99, throughput, verdict, words) => {
    const answer = answered(question, about(p99, throughput));
    expect([answer.verdict, answer.finding]).toEqual([verdict, expect.stringMatching(words)]);
    expect(answer.measured).toMatchObject({ unit: 'x', at: { ratePerSecond: 10_000 } });
  });

  it('of a store that did not keep up', () => {
    const skipped = [{ code: 'skipped', message: 'the store did not keep up' }];
    const { caveats } = answered(question, about(2, 1, skipped));
    expect(caveats.at(-1)).toMatch(/^In 16 of 32 deciding slices the store did not keep up/);
  });

  it('in maps with default, proposal and best marked, and in tables', () => {
    const { panels, tables, limits } = answered(question, [...about(2, 1), ...grid()]);
    expect(panels.map(({ id }) => id)).toEqual([
      ...['default-and-proposal-p99', 'default-and-proposal-throughput'],
      ...[0, 1, 5, 10].flatMap((ms) => [`throughput-${String(ms)}ms`, `p99-${String(ms)}ms`]),
    ]);
    const [lines, , throughput, p99] = panels;
    expect(lines?.kind === 'lines' && lines.series[0]?.points.map(({ x }) => x)).toEqual([
      ...[0, 1, 5, 10],
    ]);
    expect(throughput?.kind === 'heat' && throughput.cells.length).toBe(12);
    expect(p99?.kind === 'heat' && p99.marks.map(({ label }) => label.slice(0, 14))).toEqual([
      ...['proposal: 10 m', 'default: 100 m', 'best: 1 ms, 10'],
    ]);
    expect(limits[0]).toMatch(
      /With syncs as the disk has them: put p99 is 100 ms with the default/,
    );
    expect(limits[0]).toMatch(/of 12 settings 1 ms, 1\S+ has the lowest p99 \(1 ms\)/);
    expect(tables.map(({ rows }) => rows.length)).toEqual([32, 32]);
    // Without a commit within the time there is no time of one.
    expect(tables[1]?.rows[0]?.slice(-2)).toEqual([null, 4]);
  });

  it('runs at most six stores at once, each of its settings once a loop and latency', () => {
    for (const mode of ['quick', 'default', 'full'] as const) {
      for (const { arms } of batchSweep.build({ mode, peers: {} }).cells) {
        expect(arms.length).toBeLessThanOrEqual(6);
      }
    }
    const open = question.cells.filter(({ factors }) => factors['loop'] === 'open');
    expect(open.map(({ factors }) => factors['ratePerSecond'])).toEqual([
      ...[10_000, 10_000, 10_000, 5000, 2000, 1000],
    ]);
  });
});
