// Panels, tables and limits of index-lock: what its rounds show besides what judges. Pure; nothing here has
// a part in the verdict.

import type { ClaimRows, ExperimentRound, Panel, PanelAxis } from '../record/schema.ts';
import { median } from '../stats/quantile.ts';
import { figure, levelsOf, linesPanel, roundsWith } from './experiment-rounds.ts';

const LOCKS: readonly string[] = ['global', 'optimistic'];

const putP99Ms = (round: ExperimentRound): number => figure('putP99Us')(round) / 1e3;

type Rounds = readonly ExperimentRound[];

export function indexPanels(rounds: Rounds, unit: () => number): Panel[] {
  const compacted = roundsWith(rounds, { measured: 'compact' });
  const x: PanelAxis = { label: 'Keys compacted', unit: '', scale: 'log' };
  const y = (label: string, of: string): PanelAxis => ({ label, unit: of, scale: 'log' });
  const panels = [
    {
      ...{ id: 'longest-put', title: 'Longest put during the compaction' },
      ...{ y: y('Longest put', 'ms'), metric: figure('putMaxMs') },
      references: [{ y: 100, label: 'etcd calls it slow' }],
    },
    {
      ...{ id: 'put-p99', title: 'p99 of puts from the start of the compaction on' },
      ...{ y: y('Put p99', 'ms'), metric: putP99Ms },
    },
    {
      ...{ id: 'longest-read', title: 'Longest read of another thread meanwhile' },
      ...{ y: y('Longest read', 'ms'), metric: figure('readMaxMs') },
    },
  ];
  return panels
    .map((panel) => linesPanel(compacted, { ...panel, x, factor: 'keys' }, unit))
    .filter((panel) => panel !== undefined);
}

export function indexLimits(rounds: Rounds): string[] {
  const limits: string[] = [];
  const compacted = roundsWith(rounds, { measured: 'compact' });
  const [least] = levelsOf(compacted, 'keys');
  const longest = (lock: string): number | null =>
    least === undefined
      ? null
      : median(roundsWith(compacted, { keys: least }, lock).map(figure('putMaxMs')));
  const [global, optimistic] = [longest('global'), longest('optimistic')];
  if (least !== undefined && global !== null && optimistic !== null) {
    limits.push(
      `At ${least.toLocaleString('en-US')} keys the longest put takes ${ms(global)} with global and ` +
        `${ms(optimistic)} with optimistic.`,
    );
  }
  const etcd = roundsWith(rounds, { measured: 'etcd' });
  const walk = median(etcd.map(figure('walkMs')));
  const put = median(etcd.map(figure('putMaxMs')));
  const [keys] = levelsOf(etcd, 'keys');
  if (keys !== undefined && walk !== null && put !== null) {
    const version = String(etcd[0]?.settings['etcd'] ?? '');
    limits.push(
      `etcd ${version}'s own walk over ${keys.toLocaleString('en-US')} such keys took ${ms(walk)} on this ` +
        `machine, its longest put meanwhile ${ms(put)}, commits to disk included: what 3.3 would have ` +
        'stood still for is about the former.',
    );
  }
  limits.push(
    'The work of a compaction is no less: it is cut into steps between which puts go on.',
  );
  return limits;
}

function ms(value: number): string {
  return `${Number(value.toPrecision(3)).toLocaleString('en-US')} ms`;
}

export function indexRows(rounds: Rounds): ClaimRows[] {
  const all = roundsWith(rounds, { measured: 'compact' });
  const rows = levelsOf(all, 'keys').flatMap((keys) =>
    LOCKS.flatMap((lock) => rowOf(roundsWith(all, { keys }, lock), [keys, lock])),
  );
  const etcd = roundsWith(rounds, { measured: 'etcd' });
  const etcdRows = levelsOf(etcd, 'keys').flatMap((keys) => {
    const own = roundsWith(etcd, { keys });
    return rowOf(own, [keys, `etcd ${String(own[0]?.settings['etcd'] ?? '')}`]);
  });
  if (rows.length + etcdRows.length === 0) return [];
  return [
    {
      caption: 'Puts and reads while keys are compacted: medians over rounds',
      columns: [
        { title: 'Keys', unit: '' },
        { title: 'Lock', unit: '' },
        { title: 'Longest put', unit: 'ms' },
        { title: 'Put p99', unit: 'us' },
        { title: 'Longest before', unit: 'ms' },
        { title: 'p99 before', unit: 'us' },
        { title: 'Longest read', unit: 'ms' },
        { title: 'Read p99', unit: 'us' },
        { title: 'Longest step', unit: 'ms' },
        { title: 'Whole walk', unit: 'ms' },
      ],
      rows: [...rows, ...etcdRows],
    },
  ];
}

function rowOf(own: Rounds, head: readonly (string | number)[]): (string | number | null)[][] {
  if (own.length === 0) return [];
  const of = (name: string): number | null => median(own.map(figure(name)));
  return [
    [
      ...head,
      ...[of('putMaxMs'), of('putP99Us'), of('beforePutMaxMs'), of('beforePutP99Us')],
      ...[of('readMaxMs'), of('readP99Us'), of('stepMsMax'), of('walkMs')],
    ],
  ];
}
