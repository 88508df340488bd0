// Rounds under load as the commands run, ab and sweep record them, with figures that a test names. Nothing
// is measured; every round is valid by the schema.

import { LatencyCounts } from '../../measure/latency-counts.ts';
import {
  LOAD_CLAIM,
  loadFigureNames,
  OPERATIONS_PER_SECOND,
  serviceHistogram,
  type LoadRound,
  type LoadRun,
} from '../../record/load-schema.ts';
import { SCHEMA_VERSION, type ExperimentRound, type Scalar } from '../../record/schema.ts';

export interface RoundShape {
  readonly arm?: string;
  readonly cell?: string;
  readonly block?: number;
  readonly replicate?: number;
  readonly factors?: Readonly<Record<string, Scalar>>;
  readonly perSecond?: number;
  readonly p99Us?: number;
  readonly operations?: number;
  readonly bottleneck?: boolean;
  readonly faults?: readonly string[];
  readonly seconds?: number;
}

export function testPlan(over: Partial<LoadRun> = {}): LoadRun {
  const arm = (name: string): LoadRun['arms'][number] => ({
    ...{ name, config: 'batchLimit=100' },
    settings: [
      { name: 'batchLimit', value: 100, origin: 'flag' },
      { name: 'freelist', value: 'hashmap', origin: 'default' },
    ],
  });
  const command = over.command ?? 'run';
  return {
    ...{ command, target: 'engine', workload: 'read-heavy', parameters: { keys: 1000 } },
    arms: command === 'ab' ? [arm('a'), arm('b')] : [arm('engine')],
    ...{ clientsByThread: [64], shape: { kind: 'closed' }, seconds: 2, warmUpSeconds: 0.5 },
    ...{ operations: 0, repeat: 3 },
    ...over,
  };
}

/** One round: a lane 'read' with that p99, a lane 'write' in which nothing ended. */
export function testRound(shape: RoundShape = {}): ExperimentRound {
  const { arm = 'engine', cell = 'read-heavy', block = 0, replicate = 0, factors = {} } = shape;
  const { perSecond = 1000, p99Us = 100, operations = 2000 } = shape;
  const counts = new LatencyCounts();
  for (let i = 0; i < 98; i++) counts.record(p99Us * 500);
  for (let i = 0; i < 2; i++) counts.record(p99Us * 1000);
  const names = loadFigureNames('read');
  const histogram = counts.encode();
  return {
    ...{ schemaVersion: SCHEMA_VERSION, kind: 'experiment-round', claim: LOAD_CLAIM },
    ...{ cell, role: 'deciding', factors: { ...factors }, block, position: 0, arm, replicate },
    ...{ startedAt: '2026-01-02T03:04:05.000Z', seconds: 5, settings: { batchLimit: 100 } },
    figures: {
      [OPERATIONS_PER_SECOND]: perSecond,
      [names.perSecond]: perSecond,
      [names.p50]: p99Us / 2,
      [names.p99]: p99Us,
    },
    histograms: { read: histogram, [serviceHistogram('read')]: histogram },
    series: { operationsEachSecond: [1000, 1000] },
    resources: { rssBytesMax: 1e8, userSeconds: 1, systemSeconds: 1 },
    warnings: [],
    load: loadOf(shape, operations),
  };
}

function loadOf(shape: RoundShape, operations: number): LoadRound {
  const { faults = [], bottleneck = false, seconds = 2 } = shape;
  const none = { errors: {}, entriesRead: 0, bytesRead: 0 };
  return {
    ...{ seconds, preloadSeconds: 1, steady: true, during: {}, interrupted: false },
    lanes: [
      { lane: 'read', operations, perSecond: operations / 2, ...none },
      { lane: 'write', operations: 0, perSecond: 0, ...none },
    ],
    health: {
      ...{ lateNsP50: 1000, lateNsP99: 50_000, lateNsMax: 90_000, skipped: 0, unfinished: 1 },
      ...{ cpuShares: [0.5], busyShares: [0.5], ownShares: [0.1], bottleneck },
      reason: bottleneck ? 'a generating thread was busy' : '',
    },
    verification: { ok: faults.length === 0, entries: 1000, faults: [...faults] },
  };
}
