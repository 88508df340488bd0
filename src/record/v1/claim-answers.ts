// Claims of version 1, its surface and its calibration as answers. Taken over as they were judged then: only
// their shape changes. A curve becomes a picture of lines and a table, figures of arms become tables. Pure.

import type { Answer, LinesPanel } from '../answer.ts';
import { tableOf, type ColumnOf } from './rows.ts';
import type { CalibrationV1, ClaimV1, SurfaceV1 } from './schema.ts';

type Point = ClaimV1['curve'][number];
type Arm = ClaimV1['arms'][number];

/** Claims whose measured figure is another quantity than the published one. */
const MEASURED_WHAT: ReadonlyMap<string, string> = new Map([
  ['capacity-50x', 'put latency with hashmap, relative to the 2 GB file'],
]);
const FREELISTS = ['array', 'hashmap', 'bitmap'];

export function claimAnswer(claim: ClaimV1): Answer {
  const { measured, published, floor } = claim;
  return {
    ...NOTHING,
    ...{ question: claim.id, kind: 'claim', title: claim.title, target: claim.target },
    ...{ verdict: claim.verdict, finding: claim.finding, published },
    measured:
      measured === null
        ? null
        : {
            ...{ value: measured.value, low: measured.low, high: measured.high },
            ...{ unit: published.unit, what: whatOf(claim) },
            ...{ sessions: measured.rounds, at: measured.at },
          },
    ...{ rule: claim.rule, method: claim.method, alpha: claim.alpha },
    arms: claim.arms.map(({ cell, name, settings }) => ({ cell, arm: name, settings })),
    ...{ limits: claim.limits, caveats: claim.caveats ?? [], warnings: claim.warnings },
    panels: [...curvePanel(claim), ...(claim.panels ?? [])],
    tables: [
      ...tableOf('The curve', claim.curve, CURVE),
      ...armTables(claim),
      ...(claim.rows ?? []),
    ],
    command: claim.command,
    facts:
      floor > 1
        ? [{ label: 'Noise floor (A/A)', value: `${short(floor)}x between equal arms` }]
        : [],
  };
}

export function surfaceAnswer(surface: SurfaceV1, command: string): Answer {
  const { planned, measured, cells, classes, bars, alpha } = surface;
  type Cell = (typeof cells)[number];
  const each = (title: string, unit: string, of: (cell: Cell, arm: string) => number | undefined) =>
    FREELISTS.map((arm): ColumnOf<Cell> => [
      `${title}, ${arm}`,
      unit,
      (cell) => of(cell, arm) ?? null,
    ]);
  const table = tableOf('Every cell of the surface: medians over blocks', cells, [
    ['Recipe', '', ({ factors }) => factors.recipe + (factors.syncFreelist ? ', stored' : '')],
    ['Free pages', '', ({ freePages }) => freePages],
    ['Puts a commit', '', ({ factors }) => factors.putsPerCommit],
    ['Value', 'B', ({ factors }) => factors.valueBytes],
    ['Blocks', '', ({ blocks }) => blocks],
    ['array / hashmap', 'x', ({ hashmapGain }) => hashmapGain.value],
    ['better / bitmap', 'x', ({ bitmapGain }) => bitmapGain.value],
    ...each('Time', 's', ({ completionSeconds }, arm) => completionSeconds[arm]),
    ...each('Growth', 'share of pages', ({ growthShare }, arm) => growthShare[arm]),
    ...each('Memory', 'B', ({ freelistBytes }, arm) => freelistBytes[arm]),
  ]);
  return {
    ...NOTHING,
    ...{ question: 'surface', kind: 'map', title: 'The surface: where which freelist pays' },
    verdict: measured > 0 ? 'measured' : 'nothing',
    finding: `${String(measured)} of ${String(planned)} planned cells were measured.`,
    ...{ rule: 'Decides no claim.', alpha, command, tables: table },
    limits: [...classes, ...bars].map(({ sentence }) => sentence),
  };
}

export function calibrationAnswer(calibration: CalibrationV1, command: string): Answer {
  const { peer, ratio, ok, dbBytes } = calibration;
  const fair = ok ? 'the baseline is fair' : 'the baseline is not fair: ratios are invalid';
  return {
    ...NOTHING,
    ...{ question: 'calibration', kind: 'calibration', title: `The array arm beside ${peer}` },
    verdict: ok ? 'alike' : 'invalid',
    finding: `On the same file our array took ${short(ratio)}x the time of ${peer} in its freelist: ${fair}.`,
    ...{ rule: 'Fair up to 1.25x.', command },
    tables: tableOf(
      'Time in the freelist',
      [calibration],
      [
        ['File', 'GB', () => dbBytes / 1e9],
        ['Ours', 's', ({ freelistSecondsOurs }) => freelistSecondsOurs],
        ['Peer', 's', ({ freelistSecondsPeer }) => freelistSecondsPeer],
        ['Ours', 'probes an allocation', ({ probesPerAllocationOurs }) => probesPerAllocationOurs],
        ['Peer', 'probes an allocation', ({ probesPerAllocationPeer }) => probesPerAllocationPeer],
      ],
    ),
  };
}

/** What version 1 has no word for. */
export const NOTHING = {
  ...{
    target: 'engine',
    measured: null,
    estimates: [],
    rule: '',
    method: '',
    alpha: 0.05,
    looks: 1,
  },
  ...{ arms: [], limits: [], caveats: [], warnings: [], panels: [], tables: [], untested: [] },
  ...{ facts: [] },
} satisfies Partial<Answer>;

const CURVE: readonly ColumnOf<Point>[] = [
  ['Cell', '', ({ cell }) => cell],
  ['Series', '', ({ series }) => series],
  ['Size', 'GB', ({ dbBytes }) => dbBytes / 1e9],
  ['Free pages', '', ({ freePages }) => freePages],
  ['Ratio', 'x', ({ value }) => value],
  ['Interval, low', 'x', ({ low }) => low],
  ['high', 'x', ({ high }) => high],
  ['Rounds', '', ({ rounds }) => rounds],
];

function curvePanel(claim: ClaimV1): LinesPanel[] {
  if (claim.curve.length === 0) return [];
  const names = new Map<string, Point[]>();
  for (const point of claim.curve) {
    const name = point.role === 'main' ? point.series : point.role.replaceAll('-', ' ');
    names.set(name, [...(names.get(name) ?? []), point]);
  }
  const { value, unit } = claim.published;
  const comparable = unit === 'x' && !MEASURED_WHAT.has(claim.id);
  return [
    {
      ...{ kind: 'lines', id: 'curve', title: 'By database size' },
      x: { label: 'Database size', unit: 'GB', scale: 'log' },
      y: { label: whatOf(claim), unit: 'x', scale: 'log' },
      series: [...names].map(([name, points]) => ({
        name,
        role: points.some(({ role }) => role === 'main') ? 'deciding' : 'labelled',
        points: points.map(({ dbBytes, value: y, low, high }) => ({
          x: dbBytes / 1e9,
          y,
          low,
          high,
        })),
      })),
      references: [
        { y: 1, label: 'no difference' },
        ...(comparable ? [{ y: value, label: `published: ${short(value)}x` }] : []),
      ],
    },
  ];
}

function armTables({ arms }: ClaimV1): Answer['tables'] {
  const named: readonly ColumnOf<Arm>[] = [
    ['Cell', '', ({ cell }) => cell],
    ['Arm', '', ({ name }) => name],
  ];
  return [
    ...tableOf('The job: medians over rounds', arms, [
      ...named,
      ['Rounds', '', ({ rounds }) => rounds],
      ['Completion', 's', ({ completionSeconds }) => completionSeconds],
      ['Puts', '1/s', ({ putsPerSecond }) => putsPerSecond],
      ['Commit median', 'ms', ({ commitMsMedian }) => commitMsMedian],
      ['Commit p90', 'ms', ({ commitMsP90 }) => commitMsP90],
    ]),
    ...tableOf('Seconds of the job in each part: medians over rounds', arms, [
      ...named,
      ['Put', 's', ({ phases }) => phases.put],
      ['Spill', 's', ({ phases }) => phases.spill],
      ['Freelist', 's', ({ phases }) => phases.freelist],
      ['Release', 's', ({ phases }) => phases.release],
      ['Write', 's', ({ phases }) => phases.write],
      ['Sync', 's', ({ phases }) => phases.sync],
    ]),
    ...tableOf('Work: medians over rounds', arms, [
      ...named,
      ['Written', 'B', ({ bytesWritten }) => bytesWritten],
      ['File growth', 'B', ({ fileGrowthBytes }) => fileGrowthBytes],
      ['Freelist memory', 'B', ({ freelistBytes }) => freelistBytes],
      ['Probes an allocation', '', ({ probesPerAllocation }) => probesPerAllocation],
      ['Runs found', 'share', ({ runFoundShare }) => runFoundShare],
    ]),
  ];
}

function whatOf({ id, published }: ClaimV1): string {
  return MEASURED_WHAT.get(id) ?? published.what;
}

function short(figure: number): string {
  return String(Number(figure.toPrecision(3)));
}
