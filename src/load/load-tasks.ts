// What a generating thread is asked to do, and what it answers: one task after the other, each a message.
// Between tasks the thread waits for messages; during one it looks at the control and nothing else.

import type { ChannelShare, EngineErrorCode, StoreShare } from '../../engine/index.ts';
import type { ClientProgress } from '../../workloads/index.ts';
import type { Scalars } from '../record/round.ts';
import type { ControlShare } from './load-control.ts';
import type { LoadPlan, Verification } from './load-plan.ts';
import type { RecordedLoad } from './load-record.ts';

/** What a thread is started with. */
export interface LoadThreadData {
  readonly plan: LoadPlan;
  /** Of the clients' streams; and of what was loaded beforehand. */
  readonly seed: number;
  readonly preloadSeed: number;
  readonly thread: number;
  /** Number of its first client. */
  readonly firstClient: number;
  readonly clients: number;
  readonly clientsOfAll: number;
  readonly spins: boolean;
  readonly control: ControlShare;
}

export type LoadTask =
  /** Makes the clients' streams. */
  | { readonly kind: 'prepare' }
  /** Attaches to the store under measurement. */
  | { readonly kind: 'attach'; readonly channel: ChannelShare; readonly share: StoreShare }
  /** Runs a slice of the control's times; `seconds` as they were asked for. */
  | { readonly kind: 'slice'; readonly seconds: number; readonly seed: number }
  | { readonly kind: 'progress' }
  | {
      readonly kind: 'verify';
      readonly progress: readonly ClientProgress[];
      readonly seconds: number;
      readonly leases: number;
    };

/** What a thread says of the load that it makes. */
export interface ThreadSettings {
  readonly clients: number;
  /** Workload with its parameters, and the shape. */
  readonly load: Scalars;
}

/** Results by kind. */
export interface LoadResults {
  readonly prepare: ThreadSettings;
  readonly attach: undefined;
  readonly slice: RecordedLoad;
  readonly progress: readonly ClientProgress[];
  readonly verify: Verification;
}

export type LoadAnswer =
  | { readonly kind: 'done'; readonly result: LoadResults[LoadTask['kind']] }
  | { readonly kind: 'failed'; readonly code: EngineErrorCode; readonly message: string };
