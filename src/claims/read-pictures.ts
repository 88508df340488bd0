// Panels, tables and limits of concurrent-reads: what its rounds show besides the cell that judges. Pure;
// nothing here has a part in the verdict.

import type { ClaimRows, ExperimentRound, LinesPanel, Panel, PanelAxis } from '../record/schema.ts';
import { median } from '../stats/quantile.ts';
import {
  compareArms,
  estimate,
  figure,
  levelsOf,
  linesPanel,
  roundsWith,
} from './experiment-rounds.ts';
import type { ReadCosts } from './read-costs.ts';
import { list, times } from './wording.ts';

const LOCKS: readonly string[] = ['global', 'copy', 'concurrent'];
const PUBLISHED_GAIN = 1.7;

const putP99Ms = (round: ExperimentRound): number => figure('putP99Us')(round) / 1e3;

type Rounds = readonly ExperimentRound[];

const axis = (label: string, unit: string, scale: PanelAxis['scale'] = 'log'): PanelAxis => ({
  ...{ label, unit, scale },
});

export function readPanels(rounds: Rounds, unit: () => number): Panel[] {
  const beside = roundsWith(rounds, { measured: 'beside' });
  const x = axis('Keys of the long range', '');
  const overKeys = { x, factor: 'keys' };
  const panels: (Panel | undefined)[] = [
    linesPanel(
      beside,
      {
        ...{ id: 'beside', title: 'Puts beside long reads' },
        ...{ ...overKeys, y: axis('Puts', '1/s'), metric: figure('putsPerSecond') },
      },
      unit,
    ),
    linesPanel(
      beside,
      {
        ...{ id: 'alone', title: 'The same puts without long reads' },
        ...{ ...overKeys, y: axis('Puts', '1/s'), metric: figure('alonePutsPerSecond') },
      },
      unit,
    ),
    linesPanel(
      beside,
      {
        ...{ id: 'p99', title: 'p99 of puts beside long reads' },
        ...{ ...overKeys, y: axis('Put p99', 'ms'), metric: putP99Ms },
      },
      unit,
    ),
    gainPanel(rounds, unit),
    linesPanel(
      roundsWith(rounds, { measured: 'readers' }),
      {
        ...{ id: 'readers', title: 'Short reads, all threads together, beside 2,000 puts/s' },
        ...{ x: axis('Threads that read', '', 'linear'), factor: 'threads' },
        ...{ y: axis('Reads', '1/s', 'linear'), metric: figure('readsPerSecond') },
      },
      unit,
    ),
  ];
  return panels.filter((panel) => panel !== undefined);
}

/** Gains over global by the share of time that a long read takes, beside what the lock alone makes. */
function gainPanel(rounds: Rounds, unit: () => number): LinesPanel | undefined {
  const own = shareRounds(rounds);
  const shares = levelsOf(own, 'sharePercent');
  const series = ['copy', 'concurrent'].flatMap((candidate) => {
    const points = shares.flatMap((sharePercent) => {
      const gain = gainAt(own, sharePercent, candidate, unit);
      return gain.value === null
        ? []
        : [{ x: sharePercent, y: gain.value, low: gain.low, high: gain.high }];
    });
    const name = `${candidate} / global`;
    return points.length === 0 ? [] : [{ name, role: 'curve' as const, points }];
  });
  if (series.length === 0) return undefined;
  const theory = shares
    .filter((share) => share < 100)
    .map((share) => ({ x: share, y: 1 / (1 - share / 100), low: null, high: null }));
  const name = '1 / (1 - share)';
  return {
    ...{
      kind: 'lines',
      id: 'share',
      title: 'Gain by how much of the time a long read is under way',
    },
    x: axis('Time with a long read', '%', 'linear'),
    y: axis('Puts/s over those of global', 'x'),
    series: [
      ...series,
      ...(theory.length === 0 ? [] : [{ name, role: 'labelled' as const, points: theory }]),
    ],
    references: [{ y: PUBLISHED_GAIN, label: 'published: 1.7x' }],
  };
}

/** Cells of the curve over shares, and the one that is its end at 100%. */
function shareRounds(rounds: Rounds): ExperimentRound[] {
  const shares = roundsWith(rounds, { measured: 'share' });
  const [keys] = levelsOf(shares, 'keys');
  if (keys === undefined) return [];
  return [...shares, ...roundsWith(rounds, { measured: 'beside', keys, sharePercent: 100 })];
}

function gainAt(
  own: Rounds,
  sharePercent: number,
  candidate: string,
  unit: () => number,
): ReturnType<typeof compareArms>['ratio'] {
  const arms = { baseline: 'global', candidate, metric: figure('putsPerSecond') };
  return compareArms(roundsWith(own, { sharePercent }), { ...arms, better: 'higher' }, unit).ratio;
}

/** Where the claim holds and where not. */
export function readLimits(rounds: Rounds, unit: () => number): string[] {
  const limits: string[] = [];
  const own = shareRounds(rounds);
  const gains = levelsOf(own, 'sharePercent').flatMap((share) => {
    const { value } = gainAt(own, share, 'copy', unit);
    return value === null ? [] : [`${times(value)} at ${String(share)}%`];
  });
  if (gains.length > 0) {
    limits.push(
      `The gain of copy in puts/s, by the share of time in which a long read is under way: ${list(gains)}.`,
    );
  }
  const lengths = roundsWith(rounds, { measured: 'beside' });
  limits.push(...paceLimits(lengths));
  const p99s = levelsOf(lengths, 'keys').flatMap((keys) => {
    const arms = { baseline: 'global', candidate: 'copy', metric: figure('putP99Us') };
    const { value } = compareArms(
      roundsWith(lengths, { keys }),
      { ...arms, better: 'lower' },
      unit,
    ).ratio;
    return value === null ? [] : [`${times(value)} at ${keys.toLocaleString('en-US')} keys`];
  });
  if (p99s.length > 1) limits.push(`The put p99 falls with copy by ${list(p99s)} a range.`);
  limits.push(...scalingLimits(rounds, unit));
  return limits;
}

/** What the recipe's own pace would make of long reads that are as short as here. */
function paceLimits(lengths: Rounds): string[] {
  const keys = levelsOf(lengths, 'keys').at(-1);
  if (keys === undefined) return [];
  const ms = medianOf(roundsWith(lengths, { keys }, 'concurrent'), 'longReadMs');
  if (ms === null || ms >= 1000) return [];
  return [
    `A range of ${keys.toLocaleString('en-US')} keys takes ${ms.toPrecision(3)} ms here, in the recipe ` +
      `1.858 s. Begun once a second, as there, it would hold the lock ${(ms / 10).toPrecision(2)}% of the ` +
      `time, and copy would gain about ${times(1 / (1 - ms / 1000))} in puts/s.`,
  ];
}

function scalingLimits(rounds: Rounds, unit: () => number): string[] {
  const readers = roundsWith(rounds, { measured: 'readers' });
  const threads = levelsOf(readers, 'threads').at(-1);
  if (threads === undefined || threads < 2) return [];
  const scales = LOCKS.flatMap((lock) => {
    const rate = (count: number): number | undefined =>
      estimate(roundsWith(readers, { threads: count }, lock), figure('readsPerSecond'), unit)
        ?.value;
    const [one, many] = [rate(1), rate(threads)];
    return one === undefined || many === undefined ? [] : [`${times(many / one)} with ${lock}`];
  });
  if (scales.length === 0) return [];
  return [
    `${String(threads)} threads read single keys at ${list(scales)} the rate of one thread; the thread ` +
      'that puts needs a core too.',
  ];
}

export function readRows(rounds: Rounds, costs: ReadCosts): ClaimRows[] {
  const tables = [besideRows(rounds), readerRows(rounds), etcdRows(rounds), costRows(costs)];
  return tables.filter(({ rows }) => rows.length > 0);
}

/** Median over rounds; null where none has it. */
function medianOf(rounds: Rounds, name: string): number | null {
  return median(rounds.map(figure(name)));
}

function besideRows(rounds: Rounds): ClaimRows {
  const all = [
    ...roundsWith(rounds, { measured: 'beside' }),
    ...roundsWith(rounds, { measured: 'share' }),
  ];
  const rows = levelsOf(all, 'keys').flatMap((keys) =>
    levelsOf(roundsWith(all, { keys }), 'sharePercent').flatMap((sharePercent) =>
      LOCKS.flatMap((lock) => {
        const own = roundsWith(all, { keys, sharePercent }, lock);
        if (own.length === 0) return [];
        const of = (name: string): number | null => medianOf(own, name);
        return [
          [
            ...[keys, sharePercent, lock, of('alonePutsPerSecond'), of('putsPerSecond')],
            ...[
              of('alonePutP99Us'),
              of('putP99Us'),
              of('shortReadsPerSecond'),
              of('shortReadP99Us'),
            ],
            ...[of('longReadMs'), percentOf(of('writerWaitedShare'))],
          ],
        ];
      }),
    ),
  );
  return {
    caption:
      'Puts without and beside long reads: medians over rounds. Short reads are asked for at 10,000/s',
    columns: [
      { title: 'Keys of a range', unit: '' },
      { title: 'Time with a range', unit: '%' },
      { title: 'Lock', unit: '' },
      { title: 'Puts alone', unit: '1/s' },
      { title: 'Puts beside', unit: '1/s' },
      { title: 'Put p99 alone', unit: 'us' },
      { title: 'Put p99 beside', unit: 'us' },
      { title: 'Short reads beside', unit: '1/s' },
      { title: 'Their p99', unit: 'us' },
      { title: 'Long read', unit: 'ms' },
      { title: 'Writer waited', unit: '%' },
    ],
    rows,
  };
}

function percentOf(share: number | null): number | null {
  return share === null ? null : 100 * share;
}

function readerRows(rounds: Rounds): ClaimRows {
  const all = roundsWith(rounds, { measured: 'readers' });
  const rows = levelsOf(all, 'threads').flatMap((threads) =>
    LOCKS.flatMap((lock) => {
      const own = roundsWith(all, { threads }, lock);
      if (own.length === 0) return [];
      const of = (name: string): number | null => medianOf(own, name);
      return [
        [threads, lock, of('readsPerSecond'), of('readP99Us'), of('putsPerSecond'), of('putP99Us')],
      ];
    }),
  );
  return {
    caption: 'Reads of single keys as fast as they go, beside 2,000 puts/s: medians over rounds',
    columns: [
      { title: 'Threads', unit: '' },
      { title: 'Lock', unit: '' },
      { title: 'Reads', unit: '1/s' },
      { title: 'Read p99', unit: 'us' },
      { title: 'Puts', unit: '1/s' },
      { title: 'Put p99', unit: 'us' },
    ],
    rows,
  };
}

function etcdRows(rounds: Rounds): ClaimRows {
  const all = roundsWith(rounds, { measured: 'etcd' });
  const names: Readonly<Record<string, string>> = {
    'etcd-shared': "3.3's shared lock",
    'etcd-concurrent': "3.4's copy",
  };
  const rows = Object.entries(names).flatMap(([arm, name]) => {
    const own = all.filter((round) => round.arm === arm);
    if (own.length === 0) return [];
    const of = (figureName: string): number | null => medianOf(own, figureName);
    return [
      [name, of('putsPerSecond'), of('putP50Us'), of('putP99Us'), of('putMaxUs'), of('longReadMs')],
    ];
  });
  const version = String(all[0]?.settings['etcd'] ?? '');
  return {
    caption:
      `etcd ${version}'s own store in one process, no log and no syncs a put: one client in a closed ` +
      'loop beside a range of the whole store',
    columns: [
      { title: 'Reads through', unit: '' },
      { title: 'Puts', unit: '1/s' },
      { title: 'Put p50', unit: 'us' },
      { title: 'Put p99', unit: 'us' },
      { title: 'Longest', unit: 'us' },
      { title: 'Long read', unit: 'ms' },
    ],
    rows,
  };
}

function costRows({ costs }: ReadCosts): ClaimRows {
  return {
    caption:
      "Calibration: cost of one read transaction, ours over etcd's, 200 puts in the buffer, no writer beside",
    columns: [
      { title: 'Keys read', unit: '' },
      { title: 'Lock', unit: '' },
      { title: "etcd's", unit: '' },
      { title: "Ours / etcd's", unit: 'x' },
      { title: '95% interval, low', unit: 'x' },
      { title: 'high', unit: 'x' },
      { title: 'Blocks', unit: '' },
    ],
    rows: costs.map(({ readKeys, lock, called, cost: { ratio } }) => [
      ...[readKeys, lock, called, ratio.value, ratio.low, ratio.high, ratio.rounds],
    ]),
  };
}
