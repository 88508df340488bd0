// LoadPlan: one load on one store, as plain data that goes over process and thread boundaries; loadPlan() makes it
// of the levels of a cell. What a slice of it came to is a SliceReport. Nothing here measures.

import { EngineError, resolveStoreOptions, type StoreOptions } from '../../engine/index.ts';
import { workload, type ArrivalName, type ParameterValues } from '../../workloads/index.ts';
import { splitAsked, type LoadLevels } from '../question/factors.ts';
import type { Health, Scalars, Warning } from '../record/round.ts';
import { splitClients } from './split-clients.ts';

/** How operations are started: by an intended schedule, or each client's next when its last ended. */
export type LoadShape =
  | {
      readonly kind: 'open';
      readonly arrival: ArrivalName;
      /** Of all clients together. */
      readonly ratePerSecond: number;
    }
  | { readonly kind: 'closed' };

export interface LoadPlan {
  readonly workload: string;
  /** All of them, defaults filled in. */
  readonly parameters: ParameterValues;
  /** What was asked for; the engine's defaults are the rest. */
  readonly store: Partial<StoreOptions>;
  readonly shape: LoadShape;
  /**
   * Clients of each generating thread, client 0 first in thread 0, and so on; the store has a thread of
   * its own. A client has one operation under way at most. A range keeps its thread busy, so that long
   * ranges belong into a thread without other clients.
   */
  readonly clientsByThread: readonly number[];
  /** Added to every sync of the store, and to every put in its thread. */
  readonly syncDelayMs: number;
  readonly putDelayUs: number;
}

/** A plan, and the levels that concern slices alone. */
export interface PlannedLoad {
  readonly plan: LoadPlan;
  readonly levels: LoadLevels;
}

/**
 * The plan that a cell's factors with an arm's settings over them ask for. Throws LevelError or INVALID_ARGUMENT
 * with what is wrong: unknown names, levels out of bounds, levels that do not go together.
 */
export function loadPlan(asked: Scalars): PlannedLoad {
  const { store, workload: id, parameters, load } = splitAsked(asked);
  const settled = workload(id, parameters);
  resolveStoreOptions(store);
  const { loop, arrival, ratePerSecond, clients, threads, syncDelayMs, putDelayUs } = load;
  if (clients > settled.clientsMax) {
    const most = `this workload takes ${settled.clientsMax} at most`;
    throw new EngineError('INVALID_ARGUMENT', `clients ${clients}: ${most}`);
  }
  const plan: LoadPlan = {
    ...{ workload: id, parameters: settled.parameters, store, syncDelayMs, putDelayUs },
    shape: loop === 'closed' ? { kind: 'closed' } : { kind: 'open', arrival, ratePerSecond },
    clientsByThread: splitClients(settled, clients, threads),
  };
  return { plan, levels: load };
}

/** Operations of one lane of the workload in one slice. */
export interface LaneReport {
  readonly lane: string;
  /** Ended within the measured time, errors not counted. */
  readonly operations: number;
  /** By code: EngineError's, or COMPARE_FAILED for a guarded write that found another revision. */
  readonly errors: Readonly<Record<string, number>>;
  /** Entries that ranges and point reads saw, and bytes of their values. */
  readonly entriesRead: number;
  readonly bytesRead: number;
  /** Nanoseconds: from the intended start (open), else from the start. */
  readonly latency: LatencySummary;
  /** The same from the start itself; undefined in a closed loop, where both are one. */
  readonly service: LatencySummary | undefined;
}

export interface LatencySummary {
  readonly p50Ns: number;
  readonly p99Ns: number;
  readonly maxNs: number;
  /** HDR histogram V2, base64; '' where nobody asked for it. */
  readonly histogram: string;
}

export interface Verification {
  readonly ok: boolean;
  /** Entries of the store that were looked at. */
  readonly entries: number;
  /** The first faults, one sentence each. */
  readonly faults: readonly string[];
}

/** What one slice came to. */
export interface SliceReport {
  /** Seconds that were measured; 0 where it was stopped before. */
  readonly seconds: number;
  readonly lanes: readonly LaneReport[];
  /** Of all lanes together. */
  readonly latency: LatencySummary;
  /** Operations ended in each whole second. */
  readonly perSecond: readonly number[];
  readonly health: Health;
  /**
   * What the store's counters grew by in the measured time: revisions, requests, groups, walSyncs, walSyncNs,
   * walBytes, backendCommits, backendCommitNs, readersWaitedNs, lostReads. Read by a timer: a millisecond off.
   */
  readonly grown: Readonly<Record<string, number>>;
  readonly warnings: readonly Warning[];
}
