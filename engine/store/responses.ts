// Responses: what the store answers to requests, as etcd's messages say it. Key-values are copies, and the
// caller's to keep. How they are made is the applier's business, how they are sent the channel's.

import type { LeaseId } from '../base/ids.ts';
import type { KeyValue } from '../mvcc/key-value.ts';
import type { RangeResponse } from '../mvcc/mvcc-reader.ts';

export interface PutResponse {
  readonly kind: 'put';
  /** The store's revision after the request; so in every response. */
  readonly revision: number;
  readonly prevKv: KeyValue | undefined;
}

export interface DeleteRangeResponse {
  readonly kind: 'deleteRange';
  readonly revision: number;
  readonly deleted: number;
  readonly prevKvs: readonly KeyValue[];
}

export interface TxnResponse {
  readonly kind: 'txn';
  readonly revision: number;
  /** Whether all compares held. */
  readonly succeeded: boolean;
  readonly responses: readonly TxnOperationResponse[];
}

export type TxnOperationResponse =
  PutResponse | DeleteRangeResponse | TxnResponse | ({ readonly kind: 'range' } & RangeResponse);

export type Response =
  | PutResponse
  | DeleteRangeResponse
  | TxnResponse
  | { readonly kind: 'compact'; readonly revision: number }
  | {
      readonly kind: 'leaseGrant';
      readonly revision: number;
      readonly id: LeaseId;
      readonly ttlSeconds: number;
    }
  /** `more`: keys are left; the same request has to be made again. */
  | {
      readonly kind: 'leaseRevoke';
      readonly revision: number;
      readonly deleted: number;
      readonly more: boolean;
    }
  | { readonly kind: 'leaseCheckpoint'; readonly revision: number }
  | { readonly kind: 'alarm'; readonly revision: number };
