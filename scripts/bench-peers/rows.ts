// The rows of bench-peers: what each measures, which figure of its rounds it shows, and the bar it is held to. And
// from rounds to a row: ratio with interval, bar, verdict. Pure.
//
// A ratio above 1 always means that kvtune is better, whichever way the figure points. `pass` looks at
// the ratio alone; the words of the verdict say when the interval leaves it open.

import { describe } from '../../src/judge/estimate.ts';
import { levelOf, ratioOf } from '../../src/question/contrast.ts';
import type { Round } from '../../src/record/round.ts';
import { OURS } from './context.ts';

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
/** One cell; several rows may read figures from it. */
export type MeasurementName = LoadName | AgedName | MvccName;

export interface RowSpec {
  readonly name: string;
  readonly measurement: MeasurementName;
  readonly unit: string;
  readonly better: 'higher' | 'lower';
  /** Of a round, and how many of the unit one of it is. */
  readonly figure: string;
  readonly units: number;
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

const puts = {
  unit: 'puts/s',
  better: 'higher',
  figure: 'operationsPerSecond',
  units: 1,
  metered: false,
} as const;
const aged = { ...puts, figure: 'putsPerSecond' } as const;
const time = { better: 'lower', figure: 'operationSeconds', metered: false } as const;
const transaction = { ...time, unit: 'us/tx', figure: 'transactionUs', units: 1 } as const;
const inside = {
  unit: 'ms/commit',
  better: 'lower',
  figure: 'freelistSecondsPerCommit',
  units: 1e3,
  metered: true,
} as const;
const probes = { ...inside, unit: 'ids/alloc', figure: 'probesPerAllocation', units: 1 } as const;

export const ROWS: readonly RowSpec[] = [
  { name: 'put-sequential', measurement: 'put-sequential', ...puts, bar: 1 },
  { name: 'put-random', measurement: 'put-random', ...puts, bar: 1.2 },
  { name: 'put-single', measurement: 'put-single', ...puts, bar: 1 },
  { name: 'get-random', measurement: 'get-random', ...time, unit: 'us/get', units: 1e6, bar: 1 },
  { name: 'scan', measurement: 'scan', ...time, unit: 'ns/entry', units: 1e9, bar: 0.7 },
  { name: 'open-unsynced', measurement: 'open-unsynced', ...time, unit: 's', units: 1, bar: 1 },
  { name: 'aged-array', measurement: 'aged-array', ...aged, bar: 0.8 },
  // The honesty bar of the freelist claim, together with the probes: see honesty().
  { name: 'freelist-array', measurement: 'aged-array', ...inside, bar: 0.8 },
  { name: 'probes-array', measurement: 'aged-array', ...probes, bar: null },
  { name: 'aged-hashmap', measurement: 'aged-hashmap', ...aged, bar: 1 },
  { name: 'freelist-hashmap', measurement: 'aged-hashmap', ...inside, bar: null },
  // bbolt has no bitmap: its hashmap is the peer.
  { name: 'aged-bitmap', measurement: 'aged-bitmap', ...aged, bar: 1.1 },
  { name: 'freelist-bitmap', measurement: 'aged-bitmap', ...inside, bar: null },
  { name: 'mvcc-put-sequential', measurement: 'mvcc-put-sequential', ...puts, bar: 1 },
  { name: 'mvcc-put-random', measurement: 'mvcc-put-random', ...puts, bar: 1 },
  // The honesty bar of the concurrent-reads claim: what imitates etcd's locks costs 25% more at most.
  { name: 'read-global-1', measurement: 'read-global-1', ...transaction, bar: 0.8 },
  { name: 'read-global-1000', measurement: 'read-global-1000', ...transaction, bar: 0.8 },
  { name: 'read-copy-1', measurement: 'read-copy-1', ...transaction, bar: 0.8 },
  { name: 'read-copy-1000', measurement: 'read-copy-1000', ...transaction, bar: 0.8 },
];

export function isMvcc(name: MeasurementName): name is MvccName {
  return name.startsWith('mvcc-') || name.startsWith('read-');
}

export function isAged(name: MeasurementName): name is AgedName {
  return name.startsWith('aged-');
}

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

/** A row of the cell's rounds, our arm beside the peer's; undefined where one of them has no figure. */
export function rowOf(
  spec: RowSpec,
  rounds: readonly Round[],
  about: { readonly cell: string; readonly arm: string; readonly peerVersion: string },
): Row | undefined {
  const { name, unit, better, figure, units, bar } = spec;
  const { cell, arm, peerVersion } = about;
  const [over, under] = better === 'higher' ? [OURS, arm] : [arm, OURS];
  const named = { id: name, words: name, cell, figure };
  const { value: ratio, low, high } = describe(ratioOf({ ...named, over, under }), rounds, ALPHA);
  const [ours, peer] = [OURS, arm].map((one) => {
    const { value } = describe(levelOf({ ...named, arm: one, unit }), rounds, ALPHA);
    return value === null ? undefined : value * units;
  });
  if (ratio === null || ours === undefined || peer === undefined) return undefined;
  const pass = bar === null ? null : ratio >= bar;
  return { name, ours, peer, peerVersion, unit, ratio, low, high, bar, pass };
}

/** What our array arm spends in its freelist beside bbolt's. */
export interface Baseline {
  /** Cost a commit, ours / bbolt's. */
  readonly ratio: number;
  /** Ids looked at for an allocation, ours and bbolt's. */
  readonly probes: readonly [ours: number, peer: number];
  readonly honest: boolean;
}

/** Ours may cost this many times bbolt's, and look at 1% more or fewer ids. */
export const COST_MAX = 1.25;
const PROBES_TOLERANCE = 0.01;

/** Of the rounds of the array's cell; undefined where they do not tell. */
export function honesty(
  rounds: readonly Round[],
  about: { readonly cell: string; readonly arm: string; readonly peerVersion: string },
): Baseline | undefined {
  const [cost, looks] = ['freelist-array', 'probes-array'].map((name) => {
    const spec = ROWS.find((row) => row.name === name);
    return spec === undefined ? undefined : rowOf(spec, rounds, about);
  });
  if (cost === undefined || looks === undefined) return undefined;
  const ratio = 1 / cost.ratio;
  const alike = Math.abs(looks.ratio - 1) <= PROBES_TOLERANCE;
  return { ratio, probes: [looks.ours, looks.peer], honest: ratio <= COST_MAX && alike };
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
