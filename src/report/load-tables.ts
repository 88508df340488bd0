// The tables of a run, an ab or a sweep: lanes, comparisons, what was asked for, every round. Figures are
// formatted here and nowhere later.

import type { LoadRun } from '../record/load-schema.ts';
import { OPERATIONS_PER_SECOND } from '../record/load-schema.ts';
import type { ExperimentRound } from '../record/schema.ts';
import type { LaneSummary, LoadComparison, VerdictFile } from '../record/verdict-schema.ts';
import type { Fact } from './conditions.ts';
import {
  formatCount,
  formatDuration,
  formatEstimate,
  formatScalar,
  formatShare,
  formatSignificant,
  wordsOf,
} from './format.ts';
import type { Table } from './tables.ts';

type Row = readonly string[];

/** A line a lane; `arm` and `cell` where there are several. */
export function laneTable({ lanes, command }: VerdictFile, caption = 'By lane'): Table {
  const where: readonly (readonly [string, (lane: LaneSummary) => string])[] =
    command === 'run' ? [] : command === 'ab' ? [['Arm', armOf]] : [['Cell', cellOf]];
  const failed = lanes.some(({ errors }) => errors > 0);
  const heads = ['ops/s', 'p50', 'p90', 'p99', 'p99.9', 'max', 'service p99', 'ops'];
  return {
    caption,
    columns: [
      ...[...where.map(([title]) => title), 'Lane'].map(left),
      ...[...heads, ...(failed ? ['errors'] : [])].map(right),
    ],
    rows: lanes.map((lane): Row => [
      ...where.map(([, text]) => text(lane)),
      lane.lane,
      formatSignificant(lane.perSecond, 3),
      ...[lane.p50Us, lane.p90Us, lane.p99Us, lane.p999Us, lane.maxUs, lane.serviceP99Us].map(
        microseconds,
      ),
      formatCount(lane.operations),
      ...(failed ? [formatCount(lane.errors)] : []),
    ]),
  };
}

/** What a latency of no operation would be is nothing. */
function microseconds(us: number): string {
  return us === 0 ? '-' : formatDuration(us / 1e6);
}

export function comparisonTable({ comparisons, alpha }: VerdictFile): Table {
  const deciding = comparisons.filter((one) => one.deciding).length;
  const level = formatShare(1 - alpha / Math.max(1, deciding));
  const value = (figure: number, unit: string): string =>
    unit === 'us' ? microseconds(figure) : `${formatSignificant(figure, 3)}${unit}`;
  return {
    caption: `b against a: above 1 is better; intervals of ${level}`,
    columns: [
      ...['Figure', ''].map(left),
      ...['a', 'b', 'b times as good', 'Equal arms', 'Pairs'].map(right),
      left('Verdict'),
    ],
    rows: comparisons.map((one: LoadComparison): Row => [
      figureWords(one.figure),
      one.deciding ? 'decides' : '',
      value(one.a, one.unit),
      value(one.b, one.unit),
      formatEstimate({ value: one.ratio, low: one.low, high: one.high }, 'x'),
      `${formatSignificant(one.floor, 3)}x`,
      formatCount(one.pairs),
      one.verdict,
    ]),
  };
}

/** operationsPerSecond is 'operations per second', readP99Us 'read p99'. */
function figureWords(figure: string): string {
  return wordsOf(figure.replace(/Us$/, '')).trim();
}

export function planFacts(plan: LoadRun): Fact[] {
  const { shape, clientsByThread, seconds, warmUpSeconds, operations, repeat } = plan;
  const clients = clientsByThread.reduce((sum, count) => sum + count, 0);
  const load =
    shape.kind === 'closed'
      ? 'closed loop: each client starts its next operation when the last has ended'
      : `open loop: ${formatCount(shape.ratePerSecond)}/s due, ${shape.arrival} arrivals; latency ` +
        'counts from the intended start';
  return [
    { label: 'Workload', value: plan.workload },
    { label: 'Parameters', value: named(plan.parameters) },
    { label: 'Load', value: load },
    {
      label: 'Clients',
      value: `${formatCount(clients)}; in each generating thread: ${clientsByThread.join(', ')}`,
    },
    {
      label: 'A round',
      value:
        `${formatDuration(seconds)} after ${formatDuration(warmUpSeconds)} of warm-up` +
        (operations > 0 ? `, or ${formatCount(operations)} operations` : ''),
    },
    { label: 'Rounds asked for', value: formatCount(repeat) },
    {
      label: 'Target',
      value: 'bundled engine, in process: storage layer only, no network, no consensus',
    },
    ...plan.arms.map(({ name, config, settings }) => ({
      label: plan.arms.length === 1 ? 'Configuration' : `Configuration ${name}`,
      value: `${config}: ${named(
        Object.fromEntries(
          settings
            .filter(({ origin }) => origin !== 'default')
            .map((setting) => [setting.name, setting.value]),
        ),
      )}`.replace(/: $/, ''),
    })),
  ];
}

function named(values: Readonly<Record<string, string | number | boolean>>): string {
  return Object.entries(values)
    .map(([name, value]) => `${name} ${formatScalar(value)}`)
    .join(', ');
}

/** Every round in the order in which it ran. */
export function loadRoundTable(rounds: readonly ExperimentRound[]): Table {
  return {
    caption: 'Every round, in the order it ran',
    columns: [
      left('Cell'),
      ...['Block', 'Place'].map(right),
      left('Arm'),
      ...['ops/s', 'Late p99', 'Skipped', 'CPU of generators', 'Preload', 'Round'].map(right),
      ...['Steady', 'Verified'].map(left),
    ],
    rows: rounds.flatMap(({ load, ...round }): Row[] =>
      load === undefined
        ? []
        : [
            [
              ...[round.cell, formatCount(round.block), formatCount(round.position), round.arm],
              formatSignificant(round.figures[OPERATIONS_PER_SECOND], 3),
              microseconds(load.health.lateNsP99 / 1e3),
              formatCount(load.health.skipped),
              load.health.cpuShares.map(formatShare).join(', '),
              ...[formatDuration(load.preloadSeconds), formatDuration(round.seconds)],
              load.steady ? 'yes' : 'no',
              load.verification === undefined ? 'no' : load.verification.ok ? 'ok' : 'FAILED',
            ],
          ],
    ),
  };
}

function armOf({ arm }: LaneSummary): string {
  return arm;
}

function cellOf({ cell }: LaneSummary): string {
  return cell;
}

function left(title: string): Table['columns'][number] {
  return { title, align: 'left' };
}

function right(title: string): Table['columns'][number] {
  return { title, align: 'right' };
}
