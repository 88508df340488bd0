// What a generating thread is asked to do, and what it answers: one task after the other, each a message.
// Between tasks the thread waits for messages; during one it looks at the control and nothing else.

import type { ChannelShare, EngineErrorCode, StoreShare } from '../../../engine/index.ts';
import type { ClientProgress } from '../../../workloads/index.ts';
import type { LoadPlan, Verification } from '../load-plan.ts';
import type { ControlShare } from './load-control.ts';
import type { RecordedLoad } from './load-record.ts';

/** What a thread is started with. */
export interface LoadThreadData {
  readonly plan: LoadPlan;
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
  | { readonly kind: 'preload'; readonly channel: ChannelShare }
  /** Attaches to the store under measurement. */
  | { readonly kind: 'attach'; readonly channel: ChannelShare; readonly share: StoreShare }
  | { readonly kind: 'run' }
  | {
      readonly kind: 'verify';
      readonly progress: readonly ClientProgress[];
      readonly seconds: number;
      readonly leases: number;
    }
  /** Lets go of the store. */
  | { readonly kind: 'detach' };

/** Results by kind. */
export interface LoadResults {
  readonly prepare: undefined;
  readonly preload: undefined;
  readonly attach: undefined;
  readonly run: { readonly record: RecordedLoad; readonly progress: readonly ClientProgress[] };
  readonly verify: Verification;
  readonly detach: undefined;
}

export type LoadAnswer =
  | { readonly kind: 'done'; readonly result: LoadResults[LoadTask['kind']] }
  | { readonly kind: 'failed'; readonly code: EngineErrorCode; readonly message: string };
