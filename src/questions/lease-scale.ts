// Claim: a heap finds leases that are over in O(log N), where a scan of all takes O(N); and the cap on
// revocations makes expiry lag whichever is used. Invariants: ticks with none due judge the growth and the gain,
// the published case judges the lag, nothing else judges. The lag is counted on a simulated clock that ticks every
// 500 ms: the cap decides it, not the machine; it repeats exactly and needs no interval. Pure.

import { count, seconds, times } from '../judge/words.ts';
import { levelOf, ratioOf, slopeOf } from '../question/contrast.ts';
import type { Arm, Cell, Contrast } from '../question/question.ts';
import type { LinesPanel, Published, Table } from '../record/answer.ts';
import type { Round } from '../record/round.ts';
import type { Mode } from '../record/run.ts';
import {
  armTable,
  axis,
  entryOf,
  hasValue,
  levelIn,
  linesOf,
  medianOf,
  sizePoints,
  sizeTable,
  type DrawnPoint,
} from './cell-figures.ts';
import {
  armsBy,
  claimSource,
  findingWords,
  FLOOR,
  INTERVAL,
  LOOKS,
  measuredOf,
  ratioWords,
  slicesOf,
  slopeWords,
  type Told,
} from './claim-question.ts';
import { gainContrasts, gainReason, judgeGain, type GainRule } from './gain-rule.ts';

const ID = 'lease-scale';
const EXPIRIES = ['scan', 'heap'] as const;
const TICKS = `${ID}/ticks`;
const DUE = `${ID}/ticks-due`;
const LAG = `${ID}/lag`;
const LEASES_MAX = 1e6;
const DUE_EACH_TICK = 10;
/** The published case: etcd issue 12105. */
const LAG_LEASES = 900_000;
const LAG_TTL_SECONDS = 20;
const LAG_RATE = 1000;
const OTHER_RATES: readonly number[] = [500, 2000, 5000, 10_000, 50_000];

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
  'none). Invalid if a round did not run as its arm, or ' +
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

export const leaseScale = claimSource({
  id: ID,
  title: 'A heap finds expired leases in O(log N) where a scan takes O(N)',
  ...{ published: PUBLISHED, ruleText: RULE, caveats: CAVEATS, looks: LOOKS },
  cells: leaseCells,
  contrasts: () => gainContrasts(LEASE_RULE),
  rule: (found) => judgeGain(found, LEASE_RULE),
  wording: (told) => ({
    finding: findingOf(told),
    measured: measuredOf(told.estimates.get('lag'), {
      ...{ unit: 's', what: 'longest lag of the published case, heap' },
      at: { leases: LAG_LEASES, ttlSeconds: LAG_TTL_SECONDS, leaseRevokeRate: LAG_RATE },
    }),
    limits: limitsOf(told),
    panels: panelsOf(told),
    tables: tablesOf(told),
  }),
});

function leaseCells(mode: Mode): readonly Cell[] {
  const quick = mode === 'quick';
  const sizes = { leasesMin: 1e3, leasesMax: LEASES_MAX, sizes: 4 };
  const idle = tickCell('ticks', 'deciding', { ...sizes, dueEachTick: 0 });
  const lag = lagCell('lag', 'deciding', armsBy('leaseExpiry', quick ? ['heap'] : EXPIRIES));
  if (quick) return [idle, lag];
  const rates = OTHER_RATES.map((leaseRevokeRate): Arm => ({
    ...{ name: `heap-${String(leaseRevokeRate)}`, target: 'engine' },
    settings: { leaseExpiry: 'heap', leaseRevokeRate },
  }));
  const large = { leasesMin: 1e7, leasesMax: 1e7, sizes: 1, dueEachTick: 0 };
  return [
    ...[idle, lag],
    tickCell('ticks-due', 'curve', { ...sizes, dueEachTick: DUE_EACH_TICK }),
    lagCell('lag-rates', 'curve', rates),
    ...(mode === 'full' ? [tickCell('ticks-large', 'labelled', large)] : []),
  ];
}

function tickCell(
  name: string,
  role: Cell['role'],
  factors: { leasesMin: number; leasesMax: number; sizes: number; dueEachTick: number },
): Cell {
  const { leasesMin, leasesMax, sizes, dueEachTick } = factors;
  const range = [...new Set([leasesMin, leasesMax])].map((leases) =>
    leases.toLocaleString('en-US'),
  );
  const due = dueEachTick === 0 ? 'none due' : `${String(dueEachTick)} due each tick`;
  return {
    id: `${ID}/${name}`,
    title: `${range.join(' to ')} leases, ${due}`,
    ...{ role, procedure: 'lease-ticks', factors: { ...factors }, slices: 1, sessions: 3 },
    ...{ arms: armsBy('leaseExpiry', EXPIRIES), prepareSeconds: 0, openSeconds: 0.5 },
    // Sizes between the ends come to about a tenth of the largest.
    sliceSeconds: 0.35 * sizes + leasesMax * 1e-6,
    ...{ diskBytes: 0, memoryBytes: EXPIRIES.length * (150e6 + leasesMax * 120) },
  };
}

/** Simulated, and so exact: one session of one slice says all. */
function lagCell(name: string, role: Cell['role'], arms: readonly Arm[]): Cell {
  return {
    id: `${ID}/${name}`,
    title: 'lag of expiry, 900,000 leases of 20 s',
    ...{ role, procedure: 'lease-lag', arms, slices: 1, sessions: 1 },
    factors: { leases: LAG_LEASES, ttlSeconds: LAG_TTL_SECONDS, leaseRevokeRate: LAG_RATE },
    ...{ prepareSeconds: 0, openSeconds: 0.5, sliceSeconds: 2 },
    ...{ diskBytes: 0, memoryBytes: arms.length * 250e6 },
  };
}

/** The longest lag that the cap makes of leases which are due evenly over one time to live. */
function expectedLag(rate: number): number {
  return Math.max(0, LAG_LEASES / rate - LAG_TTL_SECONDS);
}

const LAG_LOW = Math.max(PUBLISHED.value, expectedLag(LAG_RATE) * (1 - LAG_TOLERANCE));
const LAG_HIGH = expectedLag(LAG_RATE) * (1 + LAG_TOLERANCE);

const LEASE_RULE: GainRule = {
  gain: 'gain',
  reproduced: 'growth, gain and lag are all as the rule asks',
  conditions: [
    {
      contrast: slope('scan', [SCAN_SLOPE_LOW, SCAN_SLOPE_HIGH]),
      holds: ({ low, high }) => low >= SCAN_SLOPE_LOW && high <= SCAN_SLOPE_HIGH,
      missed: ({ low, high }) =>
        high <= SCAN_SLOPE_HIGH
          ? `the scan was not shown to grow in proportion (its slope reaches ${low.toFixed(2)})`
          : `the scan ${low > SCAN_SLOPE_HIGH ? 'grew' : 'may have grown'} faster than in proportion ` +
            `(its slope reaches ${high.toFixed(2)})`,
    },
    {
      contrast: slope('heap', [HEAP_SLOPE_MAX]),
      holds: ({ high }) => high < HEAP_SLOPE_MAX,
      missed: ({ high }) =>
        `the heap was not shown to stay flat (its slope reaches ${high.toFixed(2)})`,
    },
    {
      contrast: ratioOf({
        ...{ id: 'gain', words: 'cost of a tick with none of 1,000,000 leases due, scan / heap' },
        ...{ cell: TICKS, figure: 'tickUs', over: 'scan', under: 'heap', cuts: [1, GAIN_MIN] },
      }),
      holds: ({ low }) => low >= GAIN_MIN,
      missed: () => `the gain was not shown to be ${times(GAIN_MIN)}`,
    },
    {
      contrast: levelOf({
        ...{ id: 'lag', words: 'longest lag of the published case', unit: 's', exact: true },
        ...{ cell: LAG, arm: 'heap', figure: 'lagSecondsMax', cuts: [LAG_LOW, LAG_HIGH] },
      }),
      holds: ({ low, high }) => low >= LAG_LOW && high <= LAG_HIGH,
      missed: () => 'the lag is not what the cap makes it',
    },
  ],
};

function slope(arm: string, cuts: readonly number[]): Contrast {
  return slopeOf({
    ...{ id: arm, words: `log-log slope of the cost of a tick over leases, ${arm}` },
    ...{ cell: TICKS, arm, series: { x: 'leases', y: 'tickUs' }, cuts },
  });
}

function findingOf({ estimates, decided }: Told): string {
  const [scan, heap, gain, lag] = ['scan', 'heap', 'gain', 'lag'].map((id) => {
    const estimate = estimates.get(id);
    return hasValue(estimate) ? estimate : undefined;
  });
  return findingWords(
    [
      scan &&
        heap &&
        `the cost of a tick with none due grows with leases to the power of ${slopeWords(scan)} ` +
          `with scan and ${slopeWords(heap)} with heap`,
      gain && `at ${count(LEASES_MAX)} leases heap is ${ratioWords(gain)} cheaper`,
      lag &&
        `${count(LAG_LEASES)} leases of ${seconds(LAG_TTL_SECONDS)} that are due under the cap of ` +
          `${count(LAG_RATE)} revocations/s lag by up to ${seconds(lag.value)}, where the cap alone ` +
          `makes it ${seconds(expectedLag(LAG_RATE))}`,
    ],
    gainReason(estimates, decided, LEASE_RULE),
  );
}

function limitsOf(told: Told): string[] {
  const limits: string[] = [];
  const scanUs = medianOf(slicesOf(told.rounds, TICKS, 'scan'), 'tickUs');
  if (scanUs !== null) {
    limits.push(
      `A scan of ${count(LEASES_MAX)} leases takes ${seconds(scanUs / 1e6)} of every 500 ms, ` +
        `${(scanUs / 5000).toPrecision(2)}% of one thread: whom that does not hurt needs no heap.`,
    );
  }
  const [scan, heap] = EXPIRIES.map(
    (arm) => levelIn(told, TICKS, arm, entryOf('tickUs', 0))?.value,
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

function ofProcedure({ cells }: Told, procedure: string): Cell[] {
  return cells.filter((cell) => cell.procedure === procedure);
}

function panelsOf(told: Told): (LinesPanel | undefined)[] {
  const axes = { x: axis('Leases', ''), y: axis('Cost of an expiry tick', 'us') };
  const ticks = (isDue: boolean): DrawnPoint[] => {
    const cells = ofProcedure(told, 'lease-ticks').filter(({ id }) => (id === DUE) === isDue);
    return sizePoints(told.rounds, cells, { x: 'leases', y: 'tickUs' });
  };
  const lag = {
    ...{ id: 'lag', title: 'Lag of expiry: 900,000 leases of 20 s, simulated clock' },
    ...{ x: axis('Cap on revocations', '1/s'), y: axis('Lag', 's') },
    references: [{ y: PUBLISHED.value, label: 'published: 600 s at 1,000/s' }],
  };
  return [
    linesOf(told, { ...axes, id: 'idle', title: 'A tick with no lease due' }, ticks(false)),
    linesOf(told, { ...axes, id: 'due', title: 'A tick with 10 leases due' }, ticks(true)),
    linesOf(told, lag, [
      ...lagPoints(told, 'longest', 'lagSecondsMax'),
      ...lagPoints(told, 'median', 'lagSecondsMedian'),
    ]),
  ];
}

function lagPoints(told: Told, line: string, figure: string): DrawnPoint[] {
  return ofProcedure(told, 'lease-lag').flatMap(({ id: cell, role, arms }) =>
    arms
      .filter(({ settings }) => settings['leaseExpiry'] === 'heap')
      .map(({ name: arm, settings }) => {
        const about = { id: figure, words: figure, cell, arm, figure, unit: 's', exact: true };
        const x = Number(settings['leaseRevokeRate'] ?? LAG_RATE);
        return { line, role, x, contrast: levelOf(about) };
      }),
  );
}

function tablesOf(told: Told): Table[] {
  const { rounds } = told;
  const ticks = ofProcedure(told, 'lease-ticks');
  const rate = ({ asked }: Round): number => Number(asked['leaseRevokeRate']);
  return [
    ...sizeTable(rounds, {
      caption: 'Cost of a tick with none due: medians over slices',
      cells: ticks.filter(({ id }) => id !== DUE),
      x: { title: 'Leases', series: 'leases' },
      armTitle: 'Expiry',
      metrics: [{ title: 'Tick', unit: 'us', series: 'tickUs' }],
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
      cells: ofProcedure(told, 'lease-lag'),
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
