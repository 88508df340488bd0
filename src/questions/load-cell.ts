// Cells of procedure 'load': a workload with its parameters, the load put on it, and arms that are settings of
// the store; with what such a cell costs in time, disk and memory. Pure: sizes are those of the workload's
// own preload, of which some entries are drawn.

import {
  Operation,
  workload,
  type ParameterizedWorkload,
  type ParameterValues,
} from '../../workloads/index.ts';
import { splitAsked } from '../question/factors.ts';
import type { Cell } from '../question/question.ts';
import type { Scalars } from '../record/round.ts';

/** The load of a cell; what is left out is as LOAD says. */
export interface Load {
  readonly loop?: 'open' | 'closed';
  /** Of an open loop. */
  readonly arrival?: 'poisson' | 'constant';
  readonly ratePerSecond?: number;
  readonly clients: number;
  readonly threads?: number;
  /** Of a slice. */
  readonly seconds: number;
  readonly syncDelayMs?: number;
  readonly probeSync?: boolean;
}

const LOAD = {
  ...{ loop: 'closed', threads: 1, operationsMax: 0, syncDelayMs: 0, probeSync: false },
  verify: true,
} as const;

/** A process's start, the store's opening, and its verification at the end. */
const OPEN_SECONDS = 0.9;
const PROBE_SECONDS = 0.1;
const SLICE_SECONDS_BASE = 0.03;
/** Entries preloaded a second, on 2 cores of a virtual machine. */
const PRELOAD_PER_SECOND = 40_000;
/** Of an arm's process with its store, and of its log. */
const ARM_MEMORY_BYTES = 250e6;
const ARM_DISK_BYTES = 250e6;
const SAMPLES_MAX = 64;
const LANE_DRAWS = 20_000;

export function loadFactors(name: string, parameters: ParameterValues, load: Load): Scalars {
  return { workload: name, ...parameters, ...LOAD, ...load };
}

/** A cell with its costs filled in; its factors are those that loadFactors() makes. */
export function loadCell(
  cell: Pick<Cell, 'id' | 'title' | 'role' | 'factors' | 'arms' | 'slices' | 'sessions'>,
): Cell {
  const { factors, arms } = cell;
  const { entries, bytes } = preloadOf(factors);
  const probe = factors['probeSync'] === true ? PROBE_SECONDS : 0;
  const sliceSeconds = Number(factors['seconds']) + SLICE_SECONDS_BASE + probe;
  return {
    ...cell,
    procedure: 'load',
    prepareSeconds: OPEN_SECONDS + entries / PRELOAD_PER_SECOND,
    openSeconds: OPEN_SECONDS,
    sliceSeconds,
    diskBytes: arms.length * (ARM_DISK_BYTES + 2 * bytes) + 2 * bytes,
    memoryBytes: arms.length * (ARM_MEMORY_BYTES + bytes),
  };
}

/** The workload of a cell's factors, its parameters settled. */
export function workloadOf(factors: Scalars): ParameterizedWorkload {
  const asked = splitAsked(factors);
  return workload(asked.workload, asked.parameters);
}

/** Entries of the preload, and bytes of its keys and values: of some, drawn evenly, times their number. */
function preloadOf(factors: Scalars): { readonly entries: number; readonly bytes: number } {
  const preload = workloadOf(factors).preload(0);
  const { keys, leases } = preload;
  const operation = new Operation();
  const samples = Math.min(keys, SAMPLES_MAX);
  let bytes = 0;
  for (let i = 0; i < samples; i++) {
    preload.fill(Math.floor((i * keys) / samples), operation);
    bytes += operation.keyLength + operation.valueLength;
  }
  return { entries: keys + leases, bytes: samples === 0 ? 0 : (bytes / samples) * keys };
}

/** Operations of each lane as a share of all, by drawing some; what a store answers has no part in it. */
export function laneShares(factors: Scalars): ReadonlyMap<string, number> {
  const settled = workloadOf(factors);
  const clients = Number(factors['clients']);
  const shares = new Map(settled.lanes.map((lane) => [lane, 0]));
  const operation = new Operation();
  for (let client = 0; client < clients; client++) {
    const part = settled.rateShare(client, clients);
    const draws = Math.ceil(part * LANE_DRAWS);
    const stream = settled.stream({ seed: 0, client, clients, bodies: false });
    for (let i = 0; i < draws; i++) {
      stream.next(operation);
      const lane = settled.lanes[operation.lane] ?? '';
      shares.set(lane, (shares.get(lane) ?? 0) + part / draws);
    }
  }
  return shares;
}
