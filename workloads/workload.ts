// The terms of all workloads: operations, streams of them, what must be in the store before, and what a
// workload declares of itself. A stream is endless, seeded and pure: equal parameters, seed, client and
// number of clients give equal operations on every machine. Its operations are filled into one object
// that the caller owns and reuses; after the first few nothing is allocated per operation.
//
// Keys. A workload has `slots` places for keys. A key's id is slot + generation * slots: a place whose key
// is deleted gets a key with a new name. Each slot is written by one client and by nobody else, so the
// final state follows from each client's own stream (truth.ts). A driver hands the operations of one client
// to the store in their order; those of different clients in any.

import type { ParameterSpecs, ParameterValues } from './parameters.ts';

export const OPERATION_KINDS = [
  'put',
  'txn',
  'get',
  'range',
  'delete',
  'leaseGrant',
  'leaseKeepAlive',
  'leaseRevoke',
  'compact',
] as const;

/**
 * 'txn' is a Kubernetes API server's write: put if the key's mod revision is the one this client saw
 * last (0 if `creates`), else get it. The driver remembers revisions, one for each slot of the client;
 * where it has none yet (a preloaded key) it gets the key first, as the API server does.
 */
export type OperationKind = (typeof OPERATION_KINDS)[number];

/** One operation. Fields that its kind does not use are 0, false or stale bytes. */
export class Operation {
  kind: OperationKind = 'get';
  /** Index into the workload's lanes: which histogram it belongs to. */
  lane = 0;
  /** Key of put, txn, get, delete; for 'range' that of the first key, which need not exist. */
  keyId = 0;
  /** keyId modulo the workload's slots: a small dense number. */
  slot = 0;
  key: Uint8Array = new Uint8Array(512);
  keyLength = 0;
  /** Exclusive end of a range; endLength 0 means the single key. */
  end: Uint8Array = new Uint8Array(512);
  endLength = 0;
  /** Most entries of a range's answer; 0: all. */
  limit = 0;
  countOnly = false;
  keysOnly = false;
  /** Whether the txn expects that the key is absent. */
  creates = false;
  value: Uint8Array;
  valueLength = 0;
  /** The value's bytes as words, for those who write it. */
  words: Int32Array;
  /**
   * Number of a lease, 0: none. Unique among all clients of a run, so it may be the id asked for; only
   * one client ever names it.
   */
  lease = 0;
  ttlSeconds = 0;
  /** For 'compact': drop what is older than the current revision less this many. */
  retainRevisions = 0;
  /** For put and txn: counts this client's writes from 1; 0 for the preload. In the value's header. */
  sequence = 0;

  constructor(valueBytes = 4096) {
    const buffer = new ArrayBuffer(roundUp(valueBytes));
    this.value = new Uint8Array(buffer);
    this.words = new Int32Array(buffer);
  }

  /** Makes room for a value of `bytes`; replaces `value` where it was too short. */
  reserve(bytes: number): void {
    if (bytes <= this.value.length) return;
    const buffer = new ArrayBuffer(roundUp(bytes * 2));
    this.value = new Uint8Array(buffer);
    this.words = new Int32Array(buffer);
  }
}

function roundUp(bytes: number): number {
  return Math.ceil(bytes / 8) * 8;
}

/** Endless. */
export interface OperationStream {
  /** Fills `operation` with the next one. */
  next(operation: Operation): void;
}

export interface StreamOptions {
  /** Any safe integer of at least 0. */
  readonly seed: number;
  /** 0 to clients - 1. */
  readonly client: number;
  readonly clients: number;
  /** Whether values get a body. Default true; false leaves header and length: for replays. */
  readonly bodies?: boolean;
}

/** What must be in the store before the measurement: first all leases, then all keys. */
export interface Preload {
  readonly leases: number;
  readonly keys: number;
  /** Makes `operation` the grant of lease i, 0 to leases - 1. */
  fillLease(i: number, operation: Operation): void;
  /** Makes `operation` the put of key i, 0 to keys - 1. In ascending order of keys. */
  fill(i: number, operation: Operation): void;
}

/** What a workload declares, and its generators once parameters are resolved. */
export interface Workload {
  readonly id: string;
  readonly title: string;
  /** One sentence that an operator understands. */
  readonly what: string;
  /** Where its shares and sizes come from, and what is an assumption. */
  readonly source: string;
  /** Names of the histograms; an operation's lane is an index into them. */
  readonly lanes: readonly string[];
  readonly parameters: ParameterSpecs;
  /** Every key of the workload starts with it. */
  readonly prefix: string;
  /** All parameters, defaults filled in. Throws one INVALID_ARGUMENT that names every fault. */
  resolve(given: ParameterValues): ParameterValues;
  /** Places for keys, over all clients. */
  slots(parameters: ParameterValues): number;
  /** Most clients that it can be shared out to: each owns a key at least. */
  clientsMax(parameters: ParameterValues): number;
  /** Operations a second of the real thing, all clients together; undefined where there is none. */
  nominalRate(parameters: ParameterValues): number | undefined;
  /** Client's part of the rate of all clients; the parts of all add up to 1. */
  rateShare(parameters: ParameterValues, client: number, clients: number): number;
  preload(parameters: ParameterValues, seed: number): Preload;
  /** Throws INVALID_ARGUMENT where there are more clients than clientsMax. */
  stream(parameters: ParameterValues, options: StreamOptions): OperationStream;
}

/** A workload with its parameters settled. */
export interface ParameterizedWorkload {
  readonly id: string;
  readonly lanes: readonly string[];
  readonly prefix: string;
  /** All parameters, defaults filled in. */
  readonly parameters: ParameterValues;
  readonly slots: number;
  readonly clientsMax: number;
  readonly nominalRate: number | undefined;
  rateShare(client: number, clients: number): number;
  preload(seed: number): Preload;
  stream(options: StreamOptions): OperationStream;
}
