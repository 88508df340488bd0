// The rows of bench-peers: what each measures, how its figure is made of a sample, which bar it is
// held to. And from samples to a row: ratio with interval, bar, verdict. Pure.
//
// A ratio above 1 always means that kvtune is better, whichever way the figure points. `pass` looks at
// the ratio alone; the words of the verdict say when the interval leaves it open.

import { Random } from '../../engine/index.ts';
import { intervalOf, pairedRatio } from '../../src/stats/paired-ratio.ts';

export type LoadName =
  'put-sequential' | 'put-random' | 'put-single' | 'get-random' | 'scan' | 'open-unsynced';
export type AgedName = 'aged-array' | 'aged-hashmap' | 'aged-bitmap';
/** Beside etcd's storage packages; all others are beside bbolt. */
export type MvccName =
  | 'mvcc-put-sequential'
  | 'mvcc-put-random'
  | 'read-global-1'
  | 'read-global-1000'
  | 'read-copy-1'
  | 'read-copy-1000';
/** One series of interleaved runs; several rows may read figures from it. */
export type MeasurementName = LoadName | AgedName | MvccName;

/** What one run of one side yields. */
export interface Sample {
  readonly operations: number;
  readonly seconds: number;
  /** The inside of the freelist, where the side counts it. */
  readonly freelist?: {
    readonly secondsPerCommit: number;
    readonly probesPerAllocation: number;
  };
}

export interface RowSpec {
  readonly name: string;
  readonly measurement: MeasurementName;
  readonly unit: string;
  readonly better: 'higher' | 'lower';
  readonly figure: (sample: Sample) => number;
  /** Whether the figure is of the freelist's inside, which bbolt tells with the meter only. */
  readonly metered: boolean;
  /** The ratio wanted; null where the row explains another and is held to nothing. */
  readonly bar: number | null;
}

export interface Row {
  readonly name: string;
  readonly ours: number;
  readonly peer: number;
  readonly peerVersion: string;
  readonly unit: string;
  readonly ratio: number;
  /** 95% interval of the ratio; null with one pair. */
  readonly low: number | null;
  readonly high: number | null;
  readonly bar: number | null;
  /** Whether the ratio reaches the bar; null without one. */
  readonly pass: boolean | null;
}

const ALPHA = 0.05;

const rate = (sample: Sample): number => sample.operations / sample.seconds;
const each =
  (unit: number) =>
  (sample: Sample): number =>
    sample.seconds / sample.operations / unit;
const freelistMs = (sample: Sample): number => 1e3 * (sample.freelist?.secondsPerCommit ?? NaN);
const probes = (sample: Sample): number => sample.freelist?.probesPerAllocation ?? NaN;

const puts = { unit: 'puts/s', better: 'higher', figure: rate, metered: false } as const;
const time = { better: 'lower', metered: false } as const;
const transaction = { unit: 'us/tx', figure: each(1e-6), ...time } as const;
const inside = { unit: 'ms/commit', better: 'lower', figure: freelistMs, metered: true } as const;

export const ROWS: readonly RowSpec[] = [
  { name: 'put-sequential', measurement: 'put-sequential', ...puts, bar: 1 },
  { name: 'put-random', measurement: 'put-random', ...puts, bar: 1.2 },
  { name: 'put-single', measurement: 'put-single', ...puts, bar: 1 },
  {
    name: 'get-random',
    measurement: 'get-random',
    unit: 'us/get',
    ...time,
    figure: each(1e-6),
    bar: 1,
  },
  {
    name: 'scan',
    measurement: 'scan',
    unit: 'ns/entry',
    ...time,
    figure: each(1e-9),
    bar: 0.7,
  },
  {
    name: 'open-unsynced',
    measurement: 'open-unsynced',
    unit: 's',
    ...time,
    figure: each(1),
    bar: 1,
  },
  { name: 'aged-array', measurement: 'aged-array', ...puts, bar: 0.8 },
  // The honesty bar of the freelist claim, together with the probes: see calibrate.ts.
  { name: 'freelist-array', measurement: 'aged-array', ...inside, bar: 0.8 },
  {
    name: 'probes-array',
    measurement: 'aged-array',
    ...inside,
    unit: 'ids/alloc',
    figure: probes,
    bar: null,
  },
  { name: 'aged-hashmap', measurement: 'aged-hashmap', ...puts, bar: 1 },
  { name: 'freelist-hashmap', measurement: 'aged-hashmap', ...inside, bar: null },
  // bbolt has no bitmap: its hashmap is the peer.
  { name: 'aged-bitmap', measurement: 'aged-bitmap', ...puts, bar: 1.1 },
  { name: 'freelist-bitmap', measurement: 'aged-bitmap', ...inside, bar: null },
  { name: 'mvcc-put-sequential', measurement: 'mvcc-put-sequential', ...puts, bar: 1 },
  { name: 'mvcc-put-random', measurement: 'mvcc-put-random', ...puts, bar: 1 },
  // The honesty bar of the concurrent-reads claim: what imitates etcd's locks costs 25% more at most.
  { name: 'read-global-1', measurement: 'read-global-1', ...transaction, bar: 0.8 },
  { name: 'read-global-1000', measurement: 'read-global-1000', ...transaction, bar: 0.8 },
  { name: 'read-copy-1', measurement: 'read-copy-1', ...transaction, bar: 0.8 },
  { name: 'read-copy-1000', measurement: 'read-copy-1000', ...transaction, bar: 0.8 },
];

/** The rows of these names, in the table's order; the names that are none. */
export function selectRows(names: readonly string[]): {
  readonly rows: readonly RowSpec[];
  readonly unknown: readonly string[];
} {
  return {
    rows: ROWS.filter((row) => names.includes(row.name)),
    unknown: names.filter((name) => !ROWS.some((row) => row.name === name)),
  };
}

/** A row of samples in pairs. */
export function rowOf(
  spec: RowSpec,
  samples: {
    readonly ours: readonly Sample[];
    readonly theirs: readonly Sample[];
    readonly peerVersion: string;
  },
): Row {
  const ours = samples.ours.map(spec.figure);
  const theirs = samples.theirs.map(spec.figure);
  const pairs = ours.map((figure, i) => {
    const peer = theirs[i] ?? NaN;
    return spec.better === 'higher' ? { a: figure, b: peer } : { a: peer, b: figure };
  });
  const random = new Random(1);
  const effect = pairedRatio(pairs, { alpha: ALPHA, unit: () => random.unit() });
  const interval = intervalOf(effect);
  const ratio = effect.value ?? NaN;
  return {
    name: spec.name,
    ours: geometricMean(ours),
    peer: geometricMean(theirs),
    peerVersion: samples.peerVersion,
    unit: spec.unit,
    ratio,
    low: interval?.low ?? null,
    high: interval?.high ?? null,
    bar: spec.bar,
    pass: spec.bar === null ? null : ratio >= spec.bar,
  };
}

/** The verdict in words; empty without a bar. */
export function verdictOf(row: Row): string {
  const { bar, pass, low, high } = row;
  if (bar === null || pass === null) return '';
  const word = pass ? 'reached' : 'below';
  if (low === null || high === null) return `${word}, one pair`;
  const certain = pass ? low >= bar : high < bar;
  return certain ? word : `${word}, unsure`;
}

function geometricMean(list: readonly number[]): number {
  return Math.exp(list.reduce((sum, value) => sum + Math.log(value), 0) / list.length);
}
