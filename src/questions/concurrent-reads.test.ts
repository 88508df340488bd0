// Every verdict of concurrent-reads by its rule, the calibration that voids it, its sentences, pictures and
// tables from made-up rounds.

import { describe, expect, it } from 'vitest';
import type { Round } from '../record/round.ts';
import { concurrentReads } from './concurrent-reads.ts';
import {
  answered,
  cellOf,
  estimatesOf,
  expectCutsComplete,
  hostOf,
  roundsOf,
  type MadeUpArm,
  type MadeUpEstimate,
} from './testing/rounds.ts';

const PEERS = { etcdMvcc: '/etcdmvcc' };
const question = concurrentReads.build({ mode: 'default', peers: PEERS });

/** Puts beside long reads, their p99, puts alone. */
type Figures = readonly [puts: number, p99Us: number, alone: number];

const arm = ([putsPerSecond, putP99Us, alonePutsPerSecond]: Figures): MadeUpArm => ({
  figures: {
    ...{ putsPerSecond, putP99Us, alonePutsPerSecond, alonePutP99Us: 900 },
    ...{ longReads: 9, longReadMs: 60, shortReadsPerSecond: 9000, shortReadP99Us: 80 },
    writerWaitedShare: 0.4,
  },
});

const GLOBAL: Figures = [1000, 100_000, 4000];

function beside(copy: Figures, name = 'beside-100000', sessions = 8): Round[] {
  const arms = { global: arm(GLOBAL), copy: arm(copy), concurrent: arm([8000, 900, 4000]) };
  return roundsOf(cellOf(question, name), { arms, sessions });
}

/** Cost of a read of our two locks in microseconds, of etcd's 400 and 600. */
function costs(global: number, copy: number, name = 'cost-1000'): Round[] {
  const us = (transactionUs: number): MadeUpArm => ({ figures: { transactionUs } });
  const arms = {
    ...{ global: us(global), copy: us(copy) },
    ...{ 'etcd-readtx': us(400), 'etcd-concurrent': us(600) },
  };
  return roundsOf(cellOf(question, name), { arms, sessions: 1, spread: 0 });
}

describe('rule of concurrent-reads', () => {
  const judge = (values: Record<string, MadeUpEstimate>, floor: number | null = 1.02): string =>
    question.rule(
      estimatesOf(
        question.contrasts,
        { puts: [1.5, 1.9], p99: [9, 11], alone: [0.97, 1.03], ...values },
        floor,
      ),
    );

  it.each<[string, Record<string, MadeUpEstimate>, string]>([
    ['all is as published', {}, 'reproduced'],
    ['both gains are beyond', { puts: [4, 5], p99: [20, 30] }, 'exceeded'],
    ['one gain is beyond', { puts: [4, 5] }, 'reproduced'],
    ['puts rise less', { puts: [1.2, 1.5] }, 'partly'],
    ['the p99 falls less', { p99: [2, 3] }, 'partly'],
    ['the p99 rises', { p99: [0.4, 0.5] }, 'partly'],
    ['puts differ without long reads', { alone: [1.2, 1.3] }, 'partly'],
    ['the control is too wide to be shown', { alone: [0.34, 2.72] }, 'inconclusive'],
    ['the control reaches over its margin', { alone: [1, 1.12] }, 'inconclusive'],
    ['nothing gains', { puts: [0.98, 1.1], p99: [0.9, 1.2] }, 'not-reproduced'],
    ['both fall', { puts: [0.5, 0.6], p99: [0.5, 0.6] }, 'not-reproduced'],
    ['a gain as published is possible', { puts: [0.9, 1.8], p99: [0.9, 1.2] }, 'inconclusive'],
    ['the puts are unknown', { puts: null }, 'inconclusive'],
    ['the control is unknown', { alone: null }, 'inconclusive'],
    ['the p99 has no interval', { p99: { value: 12 } }, 'inconclusive'],
  ])('where %s', (_, values, verdict) => {
    expect(judge(values)).toBe(verdict);
  });

  it('finds no gain within the noise of equal arms, or without knowing it', () => {
    expect(judge({}, 2)).toBe('partly');
    expect(judge({ puts: [1.1, 1.8], p99: [1.1, 11] }, 2)).toBe('inconclusive');
    expect(judge({}, null)).toBe('inconclusive');
  });

  it('lists all its cuts', () => {
    expectCutsComplete(question);
  });
});

describe('what concurrent-reads says', () => {
  it('of a gain beyond the published one', () => {
    const rounds = [...beside([5000, 4000, 4000]), ...costs(400, 500)];
    const { verdict, finding, measured, caveats } = answered(question, rounds);
    expect(verdict).toBe('exceeded');
    expect(finding).toMatch(
      /^Beside ranges of 100,000 keys .* copy carries \S+x \(interval .*8 sessions\) the puts\/s of global/,
    );
    expect(finding).toMatch(/beyond the published 1\.7x and -90%, and no difference without/);
    expect(measured).toMatchObject({ unit: 'x', at: { standingKeys: 100_000 } });
    expect(measured?.value).toBeCloseTo(5, 0);
    expect(caveats.join(' ')).toMatch(/takes \d+\.\d ms here, in the recipe 1\.858 s/);
  });

  it('of the lock that no etcd has, beside the verdict', () => {
    const rounds = [...beside([5000, 4000, 4000]), ...beside(GLOBAL, 'concurrent-100000')];
    expect(answered(question, rounds).finding).toMatch(
      /without any lock, carries \d\.\d\dx as many/,
    );
  });

  it.each<[string, Figures, RegExp]>([
    ['puts stay below', [1300, 5000, 4000], /puts\/s stay below 1\.7x/],
    ['the p99 stays above', [2000, 50_000, 4000], /the p99 stays above a tenth/],
    ['the control differs', [2000, 5000, 8000], /puts\/s differ without long reads too/],
    ['only the p99 falls', [1000, 5000, 4000], /puts\/s are not shown to rise/],
  ])('where %s', (_, copy, why) => {
    const answer = answered(question, beside(copy));
    expect(answer.verdict).toBe('partly');
    expect(answer.finding).toMatch(why);
  });

  it('where nothing gains, and where nothing was measured', () => {
    expect(answered(question, beside(GLOBAL)).finding).toMatch(/no gain beyond the noise\.$/);
    expect(answered(question, [])).toMatchObject({ verdict: 'nothing', measured: null });
  });

  it('nothing where a baseline is dearer than etcd, or the disk is memory', () => {
    const rounds = beside([5000, 4000, 4000]);
    const dear = answered(question, [...rounds, ...costs(600, 500)]);
    expect(dear.verdict).toBe('invalid');
    expect(dear.warnings[0]).toMatchObject({ code: 'dishonest-baseline' });
    expect(dear.warnings[0]?.message).toMatch(
      /1,000 keys with global costs 1\.50x what etcd's ReadTx/,
    );
    const run = { host: hostOf('tmpfs') };
    expect(answered(question, rounds, { run }).verdict).toBe('invalid');
  });

  it('of cheap reads and of dear reads of one key, which void nothing', () => {
    const rounds = [
      ...beside([5000, 4000, 4000]),
      ...costs(100, 600),
      ...costs(900, 600, 'cost-1'),
    ];
    const { verdict, caveats } = answered(question, rounds);
    expect(verdict).toBe('exceeded');
    expect(caveats.filter((caveat) => caveat.startsWith('Not within 25%'))).toHaveLength(2);
    const alone = answered(question, beside([5000, 4000, 4000]));
    expect(alone.caveats.join(' ')).toMatch(/not compared with etcd's own/);
  });

  it('in pictures and tables', () => {
    const readers = [1, 2].flatMap((threads) =>
      roundsOf(cellOf(question, `readers-${String(threads)}`), {
        arms: { copy: { figures: { readsPerSecond: 1e5 * threads, readP99Us: 30 } } },
      }),
    );
    const shares = beside([1600, 9000, 4000], 'share-40', 3);
    const curve = beside([2500, 9000, 4000], 'beside-10000', 3);
    const etcd = roundsOf(cellOf(question, 'etcd-100000'), {
      arms: { 'etcd-shared': { figures: { putsPerSecond: 10 }, settings: { etcd: '3.5.0' } } },
    });
    const rounds = [...beside([5000, 4000, 4000]), ...readers, ...shares, ...curve, ...etcd];
    const { panels, tables, limits } = answered(question, [...rounds, ...costs(400, 500)]);
    expect(panels.map(({ id }) => id)).toEqual(['beside', 'alone', 'p99', 'share', 'readers']);
    const [lines, , , share] = panels;
    expect(
      lines?.kind === 'lines' && lines.series.map(({ name, points }) => [name, points.length]),
    ).toEqual([
      ['global', 2],
      ['copy', 2],
      ['concurrent', 1],
    ]);
    expect(share?.kind === 'lines' && share.series.map(({ name }) => name)).toEqual([
      'copy / global',
      'concurrent / global',
      '1 / (1 - share)',
    ]);
    expect(limits.join(' ')).toMatch(/1\.\d\dx at 40% and 2\.\d\dx at 100%/);
    expect(limits.join(' ')).toMatch(/2 threads read single keys at \d\.\d\dx with copy/);
    expect(tables.map(({ rows }) => rows.length)).toEqual([7, 2, 1, 2]);
    expect(tables[2]?.caption).toMatch(/^etcd 3\.5\.0's own store/);
  });

  it('decides at fewer keys in a quick run, and without a peer brings no cell of it', () => {
    const quick = concurrentReads.build({ mode: 'quick', peers: {} });
    expect(quick.cells.map(({ id }) => id)).toEqual(['concurrent-reads/beside-10000']);
    const ids = concurrentReads.build({ mode: 'full', peers: {} }).cells.map(({ id }) => id);
    expect(ids).toContain('concurrent-reads/beside-1000000');
    expect(ids.filter((id) => id.includes('etcd') || id.includes('cost'))).toEqual([]);
  });
});
