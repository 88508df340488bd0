// LoadPlan and LoadReport: one and the same load put on a store, and what came of it. Plain data: both
// go over process and thread boundaries and into results. load.ts runs a plan; nothing here measures.

import type { StoreOptions, StoreStats } from '../../engine/index.ts';
import type { ArrivalName, ParameterValues } from '../../workloads/index.ts';
import type { Scalar, Warning } from '../record/schema.ts';

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
  /**
   * An empty folder on the disk to be loaded, or one that holds a store without keys under the
   * workload's prefix.
   */
  readonly folder: string;
  readonly workload: string;
  readonly parameters: ParameterValues;
  readonly store: Partial<StoreOptions>;
  readonly seed: number;
  /**
   * Clients of each generating thread, client 0 first in thread 0, and so on; the store has a thread of
   * its own. A client has one operation under way at most. A range keeps its thread busy, so that long
   * ranges belong into a thread without other clients.
   */
  readonly clientsByThread: readonly number[];
  readonly shape: LoadShape;
  /** Measured seconds; ends earlier at `operations`. */
  readonly seconds: number;
  /** Measured operations of all clients at most; 0: no bound. */
  readonly operations: number;
  /** Seconds of load before that are not counted. */
  readonly warmUpSeconds: number;
  /** Added to every sync of the store. */
  readonly syncDelayMs: number;
  /** Whether the store is held against the truth of the streams afterwards. */
  readonly verify: boolean;
}

/** Operations of one lane of the workload. */
export interface LaneReport {
  readonly lane: string;
  /** Ended within the measured time, errors not counted. */
  readonly operations: number;
  /** By code: EngineError's, or COMPARE_FAILED for a guarded write that found another revision. */
  readonly errors: Readonly<Record<string, number>>;
  /** Entries that ranges and point reads saw, and bytes of their values. */
  readonly entriesRead: number;
  readonly bytesRead: number;
  readonly perSecond: number;
  /** HDR histogram V2, base64, in nanoseconds: from the intended start (open), else from the start. */
  readonly latency: string;
  /** The same from the start itself. */
  readonly service: string;
}

/** What the load generator says of itself. */
export interface GeneratorHealth {
  /**
   * How late operations of an open loop were started, after they were due and their client had nothing under
   * way; nanoseconds. What an earlier operation of the client holds up is not late, but latency.
   */
  readonly lateNsP50: number;
  readonly lateNsP99: number;
  readonly lateNsMax: number;
  /** Operations whose intended start lay within the measured time but which were not started in it. */
  readonly skipped: number;
  /** Operations that were under way when the measured time ended. */
  readonly unfinished: number;
  /**
   * Share of one core that each generating thread used, reads of the store included, since they are done
   * in it; where the system does not tell, busyShares.
   */
  readonly cpuShares: readonly number[];
  /** Share of the measured time in which each thread neither slept nor waited for a moment. */
  readonly busyShares: readonly number[];
  /** The part of busyShares that was not spent in reads of the store: the generator's own cost. */
  readonly ownShares: readonly number[];
  /** Whether the generator, not the store, set the figures; then the reason says how. */
  readonly bottleneck: boolean;
  readonly reason: string;
}

export interface Verification {
  readonly ok: boolean;
  /** Entries of the store that were looked at. */
  readonly entries: number;
  /** The first faults, one sentence each. */
  readonly faults: readonly string[];
}

export interface LoadReport {
  /** Read back from the open store. */
  readonly settings: Readonly<Record<string, Scalar>>;
  readonly lanes: readonly LaneReport[];
  /** Seconds that were measured. */
  readonly seconds: number;
  readonly preloadSeconds: number;
  /** Operations ended in each whole second of the measured time: shows whether it was steady. */
  readonly perSecond: readonly number[];
  /** By the rule of load/steadiness.ts; false also where the time was too short to tell. */
  readonly steady: boolean;
  readonly health: GeneratorHealth;
  /**
   * The store's counters at the end of the measured time, since it was opened after the preload; and what
   * those that only grow grew by during it: revisions, requests, groups, walSyncs, walSyncNs, walBytes,
   * backendCommits, backendCommitNs, readersWaitedNs, lostReads. Read by a timer: a millisecond off.
   */
  readonly stats: StoreStats;
  readonly during: Readonly<Record<string, number>>;
  /** Undefined where it was not asked for, or the run was interrupted. */
  readonly verification: Verification | undefined;
  readonly interrupted: boolean;
  readonly warnings: readonly Warning[];
}
