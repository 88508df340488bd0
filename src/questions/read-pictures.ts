// Panels, tables and limits of concurrent-reads: what its cells show besides the verdict. Pure; nothing here
// has a part in the verdict.

import type { Axis, LinesPanel, Panel, Table } from '../record/answer.ts';
import { ratioOf } from '../question/contrast.ts';
import type { Cell, Contrast } from '../question/question.ts';
import { count, list, times } from '../judge/words.ts';
import {
  armPoints,
  armTable,
  axis,
  described,
  levelIn,
  linesOf,
  medianOf,
  pointOf,
  scaled,
  type Metric,
} from './cell-figures.ts';
import { slicesOf, type Told } from './claim-question.ts';
import { costTable } from './read-costs.ts';

const PUBLISHED_GAIN = 1.7;
/** What one range of the recipe took, begun once a second. */
const RECIPE_RANGE_SECONDS = 1.858;

/** The deciding load once more, of concurrent beside global. */
export const BEYOND_CELL = 'concurrent-reads/concurrent-100000';

const isOf =
  (procedure: string, sharePercent?: number) =>
  (cell: Cell): boolean =>
    cell.procedure === procedure &&
    (sharePercent === undefined || cell.factors['sharePercent'] === sharePercent);

export function readPanels(evidence: Told, cells: readonly Cell[]): Panel[] {
  const beside = cells.filter(isOf('reads-beside', 100)).map(withoutGlobal);
  const overKeys = (id: string, title: string, y: Axis, metric: Metric): LinesPanel | undefined => {
    const about = { id, title, y, x: axis('Keys of the long range', '') };
    return linesOf(evidence, about, armPoints(beside, 'standingKeys', metric));
  };
  const [puts, p99] = [axis('Puts', '1/s'), axis('Put p99', 'ms')];
  const readers = {
    ...{ id: 'readers', title: 'Short reads, all threads together, beside 2,000 puts/s' },
    ...{ x: axis('Threads that read', '', 'linear'), y: axis('Reads', '1/s', 'linear') },
  };
  return [
    overKeys('beside', 'Puts beside long reads', puts, 'putsPerSecond'),
    overKeys('alone', 'The same puts without long reads', puts, 'alonePutsPerSecond'),
    overKeys('p99', 'p99 of puts beside long reads', p99, scaled('putP99Us', 1e-3)),
    gainPanel(evidence, cells),
    linesOf(
      evidence,
      readers,
      armPoints(cells.filter(isOf('short-reads')), 'threads', 'readsPerSecond'),
    ),
  ].filter((panel) => panel !== undefined);
}

/** One point of global at each number of keys: that of the deciding cell. */
function withoutGlobal(cell: Cell): Cell {
  return cell.id === BEYOND_CELL
    ? { ...cell, arms: cell.arms.filter(({ name }) => name !== 'global') }
    : cell;
}

function gainOf(over: string, cell: string, figure = 'putsPerSecond'): Contrast {
  const turned = figure === 'putP99Us';
  const [a, b] = turned ? ['global', over] : [over, 'global'];
  return ratioOf({ id: `${over}:${figure}`, words: '', cell, figure, over: a, under: b });
}

/** Cells of the curve over shares, and the one that is its end at 100%. */
function shareCells(cells: readonly Cell[]): Cell[] {
  const beside = cells.filter(isOf('reads-beside'));
  const shares = beside.filter(({ factors }) => factors['sharePercent'] !== 100);
  const keys = shares[0]?.factors['standingKeys'];
  const whole = beside.filter(isOf('reads-beside', 100));
  return [...shares, ...whole.filter(({ factors }) => factors['standingKeys'] === keys)];
}

/** Gains over global by the share of time that a long read takes, beside what the lock alone makes. */
function gainPanel(evidence: Told, cells: readonly Cell[]): LinesPanel | undefined {
  const own = shareCells(cells);
  const about = {
    ...{ id: 'share', title: 'Gain by how much of the time a long read is under way' },
    x: axis('Time with a long read', '%', 'linear'),
    y: axis('Puts/s over those of global', 'x'),
    references: [{ y: PUBLISHED_GAIN, label: 'published: 1.7x' }],
  };
  const gains = ['copy', 'concurrent'].flatMap((lock) =>
    own.flatMap((cell) => pointOf(cell, 'sharePercent', `${lock} / global`, gainOf(lock, cell.id))),
  );
  const panel = linesOf(evidence, about, gains);
  const points = own
    .map(({ factors }) => Number(factors['sharePercent']))
    .filter((share) => share < 100)
    .map((share) => ({ x: share, y: 1 / (1 - share / 100), low: null, high: null }));
  if (panel === undefined || points.length === 0) return panel;
  const theory = { name: '1 / (1 - share)', role: 'labelled' as const, points };
  return { ...panel, series: [...panel.series, theory] };
}

/** Where the claim holds and where not. */
export function readLimits(evidence: Told, cells: readonly Cell[]): string[] {
  const gains = (of: readonly Cell[], figure: string, where: (cell: Cell) => string): string[] =>
    of.flatMap((cell) => {
      const found = described(evidence, gainOf('copy', cell.id, figure));
      return found === undefined ? [] : [`${times(found.value)} ${where(cell)}`];
    });
  const shares = gains(
    shareCells(cells),
    'putsPerSecond',
    ({ factors }) => `at ${String(factors['sharePercent'])}%`,
  );
  const p99s = gains(
    cells.filter(isOf('reads-beside', 100)),
    'putP99Us',
    ({ factors }) => `at ${count(Number(factors['standingKeys']))} keys`,
  );
  const limits: string[] = [];
  if (shares.length > 0) {
    const by = 'by the share of time in which a long read is under way';
    limits.push(`The gain of copy in puts/s, ${by}: ${list(shares)}.`);
  }
  if (p99s.length > 1) limits.push(`The put p99 falls with copy by ${list(p99s)} a range.`);
  return [...limits, ...scalingLimits(evidence, cells)];
}

function scalingLimits(evidence: Told, cells: readonly Cell[]): string[] {
  const readers = cells
    .filter(isOf('short-reads'))
    .filter(({ id }) => slicesOf(evidence.rounds, id).length > 0);
  const [one, most] = [readers[0], readers.at(-1)];
  if (one === undefined || most === undefined || one === most) return [];
  const scales = most.arms.flatMap(({ name: arm }) => {
    const [few, many] = [one, most].map(
      ({ id }) => levelIn(evidence, id, arm, 'readsPerSecond')?.value,
    );
    return few === undefined || many === undefined ? [] : [`${times(many / few)} with ${arm}`];
  });
  if (scales.length === 0) return [];
  return [
    `${String(most.factors['threads'])} threads read single keys at ${list(scales)} the rate of one ` +
      'thread; the thread that puts needs a core too.',
  ];
}

/** Fewer long reads than this in a slice say little of it. */
const LONG_READS_MIN = 2;

/** What the recipe's own pace would make of long reads that are as short as here; and too few of them. */
export function paceCaveats({ rounds }: Told, deciding: Cell): string[] {
  const caveats: string[] = [];
  const ms = medianOf(slicesOf(rounds, deciding.id, 'copy'), 'longReadMs');
  if (ms !== null && ms < 1000) {
    const keys = count(Number(deciding.factors['standingKeys']));
    caveats.push(
      `A range of ${keys} keys takes ${ms.toPrecision(3)} ms here, in the recipe ` +
        `${String(RECIPE_RANGE_SECONDS)} s. Begun once a second, as there, it would hold the lock ` +
        `${(ms / 10).toPrecision(2)}% of the time, and copy would gain about ` +
        `${times(1 / (1 - ms / 1000))} in puts/s.`,
    );
  }
  const few = slicesOf(rounds, deciding.id).filter(
    ({ figures }) => (figures['longReads'] ?? LONG_READS_MIN) < LONG_READS_MIN,
  ).length;
  if (few > 0) {
    caveats.push(`${String(few)} slices of the deciding cell saw fewer than two long reads end.`);
  }
  return caveats;
}

export function readTables({ rounds }: Told, cells: readonly Cell[]): Table[] {
  const etcd = cells.filter(isOf('etcd-beside'));
  const version = String(etcd.flatMap(({ id }) => slicesOf(rounds, id))[0]?.settings['etcd'] ?? '');
  return [
    ...armTable(rounds, {
      caption:
        'Puts without and beside long reads: medians over slices. Short reads are offered at 10,000/s',
      cells: cells.filter(isOf('reads-beside')),
      factors: [
        { title: 'Keys of a range', factor: 'standingKeys' },
        { title: 'Time with a range', unit: '%', factor: 'sharePercent' },
      ],
      armTitle: 'Lock',
      metrics: [
        { title: 'Puts alone', unit: '1/s', metric: 'alonePutsPerSecond' },
        { title: 'Puts beside', unit: '1/s', metric: 'putsPerSecond' },
        { title: 'Put p99 alone', unit: 'us', metric: 'alonePutP99Us' },
        { title: 'Put p99 beside', unit: 'us', metric: 'putP99Us' },
        { title: 'Short reads beside', unit: '1/s', metric: 'shortReadsPerSecond' },
        { title: 'Their p99', unit: 'us', metric: 'shortReadP99Us' },
        { title: 'Long read', unit: 'ms', metric: 'longReadMs' },
        { title: 'Writer waited', unit: '%', metric: scaled('writerWaitedShare', 100) },
      ],
    }),
    ...armTable(rounds, {
      caption: 'Reads of single keys as fast as possible, beside 2,000 puts/s: medians over slices',
      cells: cells.filter(isOf('short-reads')),
      factors: [{ title: 'Threads', factor: 'threads' }],
      armTitle: 'Lock',
      metrics: [
        { title: 'Reads', unit: '1/s', metric: 'readsPerSecond' },
        { title: 'Read p99', unit: 'us', metric: 'readP99Us' },
        { title: 'Puts', unit: '1/s', metric: 'putsPerSecond' },
        { title: 'Put p99', unit: 'us', metric: 'putP99Us' },
      ],
    }),
    ...armTable(rounds, {
      caption:
        `etcd ${version}'s own store in one process, without a log and without a sync for each put: one ` +
        'client in a closed loop beside a range over the whole store',
      ...{ cells: etcd, factors: [], armTitle: 'Reads through' },
      metrics: [
        { title: 'Puts', unit: '1/s', metric: 'putsPerSecond' },
        { title: 'Put p50', unit: 'us', metric: 'putP50Us' },
        { title: 'Put p99', unit: 'us', metric: 'putP99Us' },
        { title: 'Longest', unit: 'us', metric: 'putMaxUs' },
        { title: 'Long read', unit: 'ms', metric: 'longReadMs' },
      ],
      nameOf: (arm) => (arm === 'etcd-shared' ? "3.3's shared lock" : "3.4's copy"),
    }),
    ...costTable(rounds),
  ];
}
