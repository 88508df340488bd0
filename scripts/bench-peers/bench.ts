// runBench(): one run of bench-peers: measurements in the order of the rows, each with its sides
// interleaved; then rows, checks and whether the baseline is honest. Does not print; says what it is
// at through the context's note().

import type { Calibration } from '../../src/runner/calibrate.ts';
import { AgedBench } from './aged.ts';
import { meterOf, type Bench, type Check } from './context.ts';
import { LoadFiles } from './files.ts';
import { OURS } from './interleave.ts';
import { LoadBench } from './loads.ts';
import { MvccBench } from './mvcc.ts';
import {
  rowOf,
  type AgedName,
  type MeasurementName,
  type MvccName,
  type Row,
  type RowSpec,
  type Sample,
} from './rows.ts';

export interface BenchResult {
  readonly peers: readonly string[];
  readonly rows: readonly Row[];
  readonly checks: readonly Check[];
  /** Settings as read back, in words, by the measurements that ran under them. */
  readonly conditions: readonly { readonly measurements: string[]; readonly settings: string }[];
  readonly calibration: Calibration | null;
  /** Whether our array arm is as cheap as bbolt's; null where it was not measured. */
  readonly honest: boolean | null;
}

/** Measures `asked`; rows beside etcd's storage only where there is one. */
export async function runBench(asked: readonly RowSpec[], bench: Bench): Promise<BenchResult> {
  const specs = asked.filter(({ measurement }) => bench.etcds.length > 0 || !isMvcc(measurement));
  const measurements = [...new Set(specs.map((spec) => spec.measurement))];
  const loads = new LoadBench(bench, new LoadFiles(bench.work, bench.seed));
  const aged = new AgedBench(bench);
  const mvcc = new MvccBench(bench);
  const rows: Row[] = [];
  const checks: Check[] = [];
  const conditions = new Map<string, MeasurementName[]>();
  for (const [i, name] of measurements.entries()) {
    const progress = `[${i + 1}/${measurements.length}] ${name}`;
    const own = specs.filter((spec) => spec.measurement === name);
    // The calibration needs the meter, and whether the baseline is honest is always said.
    const metered = name === 'aged-array' || own.some((spec) => spec.metered);
    const measured = isAged(name)
      ? await aged.measure(name, progress, metered)
      : await (isMvcc(name) ? mvcc.measure(name, progress) : loads.measure(name, progress));
    checks.push(...measured.checks);
    const alike = conditions.get(measured.conditions) ?? [];
    conditions.set(measured.conditions, [...alike, name]);
    rows.push(...own.flatMap((spec) => rowsOf(spec, measured.samples, bench)));
  }
  return {
    peers: [...bench.peers, ...bench.etcds].map((peer) => peer.version),
    rows,
    checks,
    conditions: [...conditions].map(([settings, alike]) => ({ measurements: alike, settings })),
    calibration: aged.calibration ?? null,
    honest: aged.calibration?.ok ?? null,
  };
}

/** One row a peer; one of the inside only for the bbolt with the meter. */
function rowsOf(
  spec: RowSpec,
  samples: ReadonlyMap<string, readonly Sample[]>,
  { peers, etcds }: Bench,
): Row[] {
  const ours = samples.get(OURS) ?? [];
  const [{ version }] = peers;
  const meter = meterOf(peers);
  const sides = spec.metered
    ? [{ side: meter?.name ?? '', peerVersion: version }]
    : isMvcc(spec.measurement)
      ? etcds.map(({ version }) => ({ side: version, peerVersion: `etcd ${version}` }))
      : peers.map((peer) => ({ side: peer.version, peerVersion: peer.version }));
  return sides.flatMap(({ side, peerVersion }) => {
    const theirs = samples.get(side);
    return theirs === undefined ? [] : [rowOf(spec, { ours, theirs, peerVersion })];
  });
}

function isMvcc(name: MeasurementName): name is MvccName {
  return name.startsWith('mvcc-') || name.startsWith('read-');
}

function isAged(name: MeasurementName): name is AgedName {
  return name.startsWith('aged-');
}
