// Claim: a heap finds leases that are over in O(log N), where a scan of all takes O(N); and the cap on
// revocations makes expiry lag whichever is used. Invariants: ticks with none due judge the growth and the gain,
// the published case judges the lag, nothing else judges. The lag is simulated, exact, and needs no
// interval. Pure.

import { linesPanel, type LinePoint } from '../judge/panels.ts';
import { count, seconds, times } from '../judge/words.ts';
import { levelOf, ratioOf, slopeOf } from '../question/contrast.ts';
import type { Cell, Contrast, Evidence, QuestionSource, Wording } from '../question/question.ts';
import type { LinesPanel, Published, Table, Verdict } from '../record/answer.ts';
import type { Round } from '../record/round.ts';
import { armTable, described, medianOf } from './cell-figures.ts';
import {
  claimQuestion,
  FLOOR,
  INTERVAL,
  LOOKS,
  measuredOf,
  ratioWords,
  slicesOf,
  type Interval,
} from './claim-question.ts';
import { gainReason, judgeGain } from './gain-rule.ts';
import {
  DUE,
  EXPIRIES,
  expectedLag,
  LAG,
  LAG_LEASES,
  LAG_RATE,
  LAG_TTL_SECONDS,
  leaseCells,
  LEASES_MAX,
  TICKS,
} from './lease-cells.ts';
import { seriesLevel, seriesLines, seriesTable, slopeWords } from './series-figures.ts';

const ID = 'lease-scale';
const TITLE = 'A heap finds expired leases in O(log N) where a scan takes O(N)';
const SCAN_SLOPE_LOW = 0.8;
const SCAN_SLOPE_HIGH = 1.2;
const HEAP_SLOPE_MAX = 0.2;
const GAIN_MIN = 100;
const LAG_TOLERANCE = 0.25;

const PUBLISHED: Published = {
  value: 600,
  unit: 's',
  what: 'lag of expiry of 900,000 leases of 20 s under the cap of 1,000 revocations/s',
  source:
    'etcd issue 12105 (2020, etcd 3.4.5, which has the heap): "the lease expired -600s", one reading ' +
    'at an unknown moment. O(N) to O(log N): etcd PR 9418 (2018, Braintree), by its code; no valid ' +
    'figure was published with it',
};

const RULE =
  `Reproduced if all four hold, each by its ${INTERVAL}: with none due, the log-log slope of the ` +
  'cost of a tick over 1,000 to 1,000,000 leases lies within 0.8 to 1.2 with scan, and below 0.2 ' +
  'with heap; at 1,000,000 leases, none due, a tick of heap is at least 100x cheaper; and in the ' +
  'published case the longest lag, with heap, reaches the published 600 s and lies within 25% of what the cap ' +
  'makes it, leases / rate - time to live. Partly if heap is cheaper at 1,000,000 leases by more ' +
  `than the ${FLOOR} and one of the others fails; not-reproduced if it is not. Inconclusive where ` +
  'one of the four was not measured or has no interval (the lag is simulated, exact, and needs ' +
  'none), or that of the gain holds both none and 100x. Invalid if a round did not run as its arm, or ' +
  'found other leases due than it should.';

const CAVEATS: readonly string[] = [
  'etcd has the heap since 3.4 (PR 9418 by mgates and jcalvert of Braintree, not by Alibaba); 3.3 ' +
    'and older scan.',
  'The micro-benchmarks that came with PR 9418 were wrong (etcd PR 10710: no lease ever expired, and ' +
    'the heap was fed in order); they are not used here.',
  'Lessor only: no consensus, no log and no disk in the path. In etcd each revocation is a proposal, ' +
    'so the lag there can only be longer.',
  "The scan is this engine's, a walk over typed arrays; etcd 3.3's, over a Go map under a lock, took " +
    'about ten times as long beside it, so the ratio understates what etcd gained.',
];

export const leaseScale: QuestionSource = {
  id: ID,
  title: TITLE,
  build: ({ mode }) => {
    const cells = leaseCells(mode);
    return claimQuestion({
      ...{ id: ID, title: TITLE, published: PUBLISHED, ruleText: RULE, cells },
      contrasts: CONTRASTS,
      looks: LOOKS[mode],
      rule: (found) => judgeGain(found, LEASE_RULE),
      wording: (evidence, decided) => wordingOf(evidence, decided, cells),
    });
  },
};

const LAG_LOW = Math.max(PUBLISHED.value, expectedLag(LAG_RATE) * (1 - LAG_TOLERANCE));
const LAG_HIGH = expectedLag(LAG_RATE) * (1 + LAG_TOLERANCE);

const CONTRASTS: readonly Contrast[] = [
  ratioOf({
    ...{ id: 'gain', words: 'cost of a tick with none of 1,000,000 leases due, scan / heap' },
    ...{ cell: TICKS, figure: 'tickUs', over: 'scan', under: 'heap', cuts: [1, GAIN_MIN] },
  }),
  slope('scan', [SCAN_SLOPE_LOW, SCAN_SLOPE_HIGH]),
  slope('heap', [HEAP_SLOPE_MAX]),
  levelOf({
    ...{ id: 'lag', words: 'longest lag of the published case', unit: 's', exact: true },
    ...{ cell: LAG, arm: 'heap', figure: 'lagSecondsMax', cuts: [LAG_LOW, LAG_HIGH] },
  }),
];

function slope(arm: string, cuts: readonly number[]): Contrast {
  return slopeOf({
    ...{ id: arm, words: `log-log slope of the cost of a tick over leases, ${arm}` },
    ...{ cell: TICKS, arm, series: { x: 'leases', y: 'tickUs' }, cuts },
  });
}

const LEASE_RULE = {
  ...{ gain: 'gain', gainMin: GAIN_MIN },
  reproduced: 'growth, gain and lag are all as the rule asks',
  conditions: [
    {
      id: 'scan',
      holds: ({ low, high }: Interval) => low >= SCAN_SLOPE_LOW && high <= SCAN_SLOPE_HIGH,
      missed: ({ low, high }: Interval) =>
        high <= SCAN_SLOPE_HIGH
          ? `the scan was not shown to grow in proportion (its slope reaches ${low.toFixed(2)})`
          : `the scan ${low > SCAN_SLOPE_HIGH ? 'grew' : 'may have grown'} faster than in proportion ` +
            `(its slope reaches ${high.toFixed(2)})`,
    },
    {
      id: 'heap',
      holds: ({ high }: Interval) => high < HEAP_SLOPE_MAX,
      missed: ({ high }: Interval) =>
        `the heap was not shown to stay flat (its slope reaches ${high.toFixed(2)})`,
    },
    {
      id: 'gain',
      holds: ({ low }: Interval) => low >= GAIN_MIN,
      missed: () => `the gain was not shown to be ${times(GAIN_MIN)}`,
    },
    {
      id: 'lag',
      holds: ({ low, high }: Interval) => low >= LAG_LOW && high <= LAG_HIGH,
      missed: () => 'the lag is not what the cap makes it',
    },
  ],
};

function wordingOf(evidence: Evidence, decided: Verdict, cells: readonly Cell[]): Wording {
  const { estimates, rounds } = evidence;
  return {
    finding: findingOf(evidence, decided),
    measured: measuredOf(estimates.get('lag'), {
      ...{ unit: 's', what: 'longest lag of the published case, heap' },
      at: { leases: LAG_LEASES, ttlSeconds: LAG_TTL_SECONDS, leaseRevokeRate: LAG_RATE },
    }),
    limits: limitsOf(evidence),
    caveats: [...CAVEATS],
    panels: panelsOf(evidence, cells),
    tables: tablesOf(rounds, cells),
    facts: [],
  };
}

function findingOf(evidence: Evidence, decided: Verdict): string {
  const { estimates } = evidence;
  const [scan, heap, gain, lag] = ['scan', 'heap', 'gain', 'lag'].map((id) => estimates.get(id));
  const parts: string[] = [];
  if ((scan?.value ?? null) !== null && (heap?.value ?? null) !== null) {
    parts.push(
      `the cost of a tick with none due grows with leases to the power of ${slopeWords(scan)} with ` +
        `scan and ${slopeWords(heap)} with heap`,
    );
  }
  if ((gain?.value ?? null) !== null) {
    parts.push(`at ${count(LEASES_MAX)} leases heap is ${ratioWords(gain)} cheaper`);
  }
  const longest = lag?.value ?? null;
  if (longest !== null) {
    parts.push(
      `${count(LAG_LEASES)} leases of ${seconds(LAG_TTL_SECONDS)} that are due under the cap of ` +
        `${count(LAG_RATE)} revocations/s lag by up to ${seconds(longest)}, where the cap alone ` +
        `makes it ${seconds(expectedLag(LAG_RATE))}`,
    );
  }
  if (parts.length === 0) return 'No round of it was measured.';
  const text = `${parts.join('; ')}: ${gainReason(estimates, decided, LEASE_RULE)}.`;
  return text.charAt(0).toUpperCase() + text.slice(1);
}

function limitsOf(evidence: Evidence): string[] {
  const limits: string[] = [];
  const scanUs = medianOf(slicesOf(evidence.rounds, TICKS, 'scan'), 'tickUs');
  if (scanUs !== null) {
    limits.push(
      `A scan of ${count(LEASES_MAX)} leases takes ${seconds(scanUs / 1e6)} of every 500 ms, ` +
        `${(scanUs / 5000).toPrecision(2)}% of one thread: whom that does not hurt needs no heap.`,
    );
  }
  const [scan, heap] = EXPIRIES.map(
    (arm) =>
      described(evidence, seriesLevel({ cell: TICKS, arm, series: 'tickUs', index: 0 }))?.value,
  );
  if (scan !== undefined && heap !== undefined) {
    limits.push(`At 1,000 leases the gain is ${times(scan / heap)}.`);
  }
  return [
    ...limits,
    'The heap does not shorten the drain: scan and heap hand out as many as the cap allows, the heap ' +
      'oldest first. Only a higher cap, or fewer and longer leases, does.',
    'What revocations do to writes beside them is not part of this claim.',
  ];
}

function panelsOf(evidence: Evidence, cells: readonly Cell[]): LinesPanel[] {
  const axes = {
    x: { label: 'Leases', unit: '', scale: 'log' },
    y: { label: 'Cost of an expiry tick', unit: 'us', scale: 'log' },
    ...{ xSeries: 'leases', ySeries: 'tickUs', arms: EXPIRIES },
  } as const;
  const ticks = cells.filter(({ procedure }) => procedure === 'lease-ticks');
  const idle = ticks.filter(({ id }) => id !== DUE);
  const due = ticks.filter(({ id }) => id === DUE);
  return [
    seriesLines(evidence, { ...axes, id: 'idle', title: 'A tick with no lease due', cells: idle }),
    seriesLines(evidence, { ...axes, id: 'due', title: 'A tick with 10 leases due', cells: due }),
    lagPanel(evidence, cells),
  ].filter((panel) => panel !== undefined);
}

function lagPanel(evidence: Evidence, cells: readonly Cell[]): LinesPanel | undefined {
  const lags = cells.filter(({ procedure }) => procedure === 'lease-lag');
  const points = [
    { line: 'longest', figure: 'lagSecondsMax' },
    { line: 'median', figure: 'lagSecondsMedian' },
  ].flatMap(({ line, figure }) =>
    lags.flatMap((cell) =>
      cell.arms
        .filter(({ settings }) => settings['leaseExpiry'] === 'heap')
        .map(({ name: arm, settings }): LinePoint => {
          const about = { id: figure, words: figure, cell: cell.id, arm, figure, unit: 's' };
          const x = Number(settings['leaseRevokeRate'] ?? LAG_RATE);
          const estimate = evidence.describe(levelOf({ ...about, exact: true }));
          return { line, role: cell.role, x, estimate };
        }),
    ),
  );
  return linesPanel(
    {
      ...{ id: 'lag', title: 'Lag of expiry: 900,000 leases of 20 s, simulated clock' },
      x: { label: 'Cap on revocations', unit: '1/s', scale: 'log' },
      y: { label: 'Lag', unit: 's', scale: 'log' },
      references: [{ y: PUBLISHED.value, label: 'published: 600 s at 1,000/s' }],
    },
    points,
  );
}

function tablesOf(rounds: Evidence['rounds'], cells: readonly Cell[]): Table[] {
  const of = (procedure: string): Cell[] => cells.filter((cell) => cell.procedure === procedure);
  const ticks = of('lease-ticks');
  const rate = ({ asked }: Round): number => Number(asked['leaseRevokeRate']);
  return [
    ...seriesTable(rounds, {
      caption: 'Cost of a tick with none due: medians over slices',
      cells: ticks.filter(({ id }) => id !== DUE),
      x: { title: 'Leases', series: 'leases' },
      armTitle: 'Expiry',
      columns: [{ title: 'Tick', unit: 'us', series: 'tickUs' }],
    }),
    ...armTable(rounds, {
      caption: 'At the most leases of a cell: medians over slices',
      cells: ticks,
      factors: [
        { title: 'Leases', factor: 'leasesMax' },
        { title: 'Due', unit: 'a tick', factor: 'dueEachTick' },
      ],
      armTitle: 'Expiry',
      metrics: [
        { title: 'Tick', unit: 'us', metric: 'tickUs' },
        { title: 'Leases looked at', unit: 'a tick', metric: 'visitedPerTick' },
        { title: 'Keep-alives', unit: '1/s', metric: 'keepAlivesPerSecond' },
        { title: 'Grants', unit: '1/s', metric: 'grantsPerSecond' },
        { title: 'Memory', unit: 'B/lease', metric: 'bytesPerLease' },
      ],
    }),
    ...armTable(rounds, {
      caption: 'Lag of expiry by the cap on revocations, on a simulated clock',
      cells: of('lease-lag'),
      factors: [{ title: 'Leases', factor: 'leases' }],
      armTitle: 'Expiry, cap',
      metrics: [
        { title: 'Cap', unit: '1/s', metric: rate },
        { title: 'Longest lag', unit: 's', metric: 'lagSecondsMax' },
        { title: 'Median lag', unit: 's', metric: 'lagSecondsMedian' },
        {
          title: 'Leases / cap - time to live',
          unit: 's',
          metric: (round) => expectedLag(rate(round)),
        },
      ],
    }),
  ];
}
