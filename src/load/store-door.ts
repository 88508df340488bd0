// StoreDoor: how operations of a workload become reads and requests of the engine's store: reads are done at
// once, in this thread; writes go through its channel and are answered later. Puts, guarded puts and
// renewals of leases allocate nothing but a lease's id; rarer kinds make a request object each.
//
// A guarded put (txn) needs the mod revision that its client saw last: kept by slot, since a slot has one
// writer; where there is none yet the key is read first, as an API server does.

import {
  Answer,
  EngineError,
  KeyValueView,
  leaseId,
  type ChannelClient,
  type EngineErrorCode,
  type LeaseId,
  type MvccReader,
} from '../../engine/index.ts';
import type { Operation } from '../../workloads/index.ts';
import type { Door, Started } from './generator.ts';

/** What no operation can do anything about: the load ends with it. */
const FATAL: readonly EngineErrorCode[] = ['NO_SPACE', 'POISONED', 'IO', 'CORRUPT', 'TX_CLOSED'];
/** A guarded put whose key had another revision. */
export const COMPARE_FAILED = 'COMPARE_FAILED';

const NO_LEASE = leaseId(0n);
const ANY_KEY = Uint8Array.of(0);
const NO_BYTES = new Uint8Array(0);
/** One byte of each cache line of a value is looked at. */
const LINE_BYTES = 64;

/** Parts of a put, reused. */
class Parts {
  key: Uint8Array = NO_BYTES;
  keyLength = 0;
  value: Uint8Array = NO_BYTES;
  valueLength = 0;
  lease: LeaseId = NO_LEASE;
}

/** A range request, reused. */
class RangeParts {
  key: Uint8Array = NO_BYTES;
  end: Uint8Array | undefined;
  keysOnly = false;
  countOnly = false;
}

export interface StoreDoorOptions {
  readonly channel: ChannelClient;
  readonly reader: MvccReader;
  readonly clients: number;
  /** Of the workload. */
  readonly slots: number;
}

export class StoreDoor implements Door {
  error: string | undefined;
  entriesRead = 0;
  bytesRead = 0;
  readonly #channel: ChannelClient;
  readonly #reader: MvccReader;
  readonly #answer = new Answer();
  readonly #parts = new Parts();
  readonly #range = new RangeParts();
  readonly #view = new KeyValueView();
  readonly #slots: number;
  /** By client: what it has under way. */
  readonly #operations: (Operation | undefined)[];
  readonly #views = new KeyViews();
  /** By slot: mod revision seen last; made at the first txn. */
  #revisions: Float64Array | undefined;
  #compacted = 0;
  #modRevision = 0;
  #keysOnly = false;
  #sum = 0;

  constructor(options: StoreDoorOptions) {
    this.#channel = options.channel;
    this.#reader = options.reader;
    this.#slots = options.slots;
    this.#operations = Array.from({ length: options.clients }, () => undefined);
  }

  /** Changes with each byte that was looked at, so that no read is optimised away. */
  get checksum(): number {
    return this.#sum;
  }

  start(client: number, operation: Operation): Started {
    this.error = undefined;
    this.entriesRead = this.bytesRead = 0;
    this.#operations[client] = operation;
    switch (operation.kind) {
      case 'get':
        return this.#read(operation, operation.keyLength, 1);
      case 'range':
        return this.#read(operation, operation.endLength, operation.limit);
      case 'put':
        return this.#queued(this.#channel.put(client, this.#partsOf(operation)));
      case 'txn':
        return this.#guardedPut(client, operation);
      case 'leaseKeepAlive':
        return this.#queued(this.#channel.keepAlive(client, leaseId(BigInt(operation.lease))));
      case 'delete':
      case 'leaseGrant':
      case 'leaseRevoke':
        return this.#queued(this.#submitRare(client, operation));
      case 'compact':
        return this.#compact(client, operation);
    }
  }

  get ready(): boolean {
    return this.#channel.ready;
  }

  take(): number {
    const answer = this.#answer;
    if (!this.#channel.take(answer)) return -1;
    const client = answer.ticket;
    this.error = answer.error;
    const operation = this.#operations[client];
    if (operation === undefined) throw new RangeError(`an answer for client ${client}`);
    if (answer.error !== undefined) this.#refused(answer.error, operation);
    else if (operation.kind === 'txn') this.#guardedPutEnded(operation);
    else if (operation.kind === 'delete') this.#setRevision(operation.slot, 0);
    return client;
  }

  ring(): void {
    this.#channel.ring();
  }

  wait(milliseconds: number): void {
    this.#channel.wait(milliseconds);
  }

  #queued(queued: boolean): Started {
    return queued ? 'under way' : 'full';
  }

  #partsOf(operation: Operation): Parts {
    const parts = this.#parts;
    parts.key = operation.key;
    parts.keyLength = operation.keyLength;
    parts.value = operation.value;
    parts.valueLength = operation.valueLength;
    parts.lease = operation.lease === 0 ? NO_LEASE : leaseId(BigInt(operation.lease));
    return parts;
  }

  /** `bytes` of a range are its end's, of a point read any number. */
  #read(operation: Operation, bytes: number, limit: number): Started {
    const range = this.#range;
    const isRange = operation.kind === 'range' && bytes > 0;
    range.key = this.#views.of(operation.key, operation.keyLength);
    range.end = isRange ? this.#views.of(operation.end, bytes) : undefined;
    range.keysOnly = this.#keysOnly = operation.keysOnly;
    range.countOnly = operation.countOnly;
    try {
      this.#reader.visit(range, limit, this.#look);
      if (operation.countOnly) this.entriesRead = this.#reader.count;
    } catch (error) {
      this.#failedRead(error);
    }
    return 'ended';
  }

  readonly #look = (u8: Uint8Array, start: number, length: number): void => {
    const view = this.#view.read(u8, start, length);
    this.#modRevision = view.modRevision;
    const { source, keyStart, keyLength } = view;
    let sum = this.#sum + (source[keyStart + keyLength - 1] ?? 0);
    this.entriesRead++;
    if (!this.#keysOnly) {
      const end = view.valueStart + view.valueLength;
      for (let at = view.valueStart; at < end; at += LINE_BYTES) sum += source[at] ?? 0;
      this.bytesRead += view.valueLength;
    }
    this.#sum = sum | 0;
  };

  #failedRead(error: unknown): void {
    if (!(error instanceof EngineError)) throw error;
    this.error = error.code;
    if (FATAL.includes(error.code)) throw error;
  }

  #guardedPut(client: number, operation: Operation): Started {
    let revision = 0;
    if (!operation.creates) {
      const known = this.#revisionOf(operation.slot);
      revision = known > 0 ? known : this.#currentRevision(operation);
      // Should there be no room in the channel, it is not read again.
      this.#setRevision(operation.slot, revision);
    }
    return this.#queued(this.#channel.putIf(client, this.#partsOf(operation), revision));
  }

  /** Mod revision of the operation's key; 0 where it is absent. */
  #currentRevision({ key, keyLength }: Operation): number {
    this.#modRevision = 0;
    this.#range.key = this.#views.of(key, keyLength);
    this.#range.end = undefined;
    this.#range.keysOnly = this.#keysOnly = this.#range.countOnly = false;
    this.#reader.visit(this.#range, 1, this.#look);
    return this.#modRevision;
  }

  #guardedPutEnded({ slot }: Operation): void {
    if (this.#answer.figure === 1) this.#setRevision(slot, this.#answer.revision);
    else {
      this.error = COMPARE_FAILED;
      this.#setRevision(slot, 0);
    }
  }

  #refused(code: EngineErrorCode, operation: Operation): void {
    if (FATAL.includes(code)) {
      throw new EngineError(code, `the store refused a ${operation.kind}: ${code}`);
    }
    if (operation.kind === 'txn') this.#setRevision(operation.slot, 0);
  }

  #submitRare(client: number, operation: Operation): boolean {
    const { kind, key, keyLength } = operation;
    const channel = this.#channel;
    if (kind === 'delete') {
      const single = this.#views.of(key, keyLength);
      const request = { kind: 'deleteRange', key: single, end: undefined, prevKv: false } as const;
      return channel.submit(client, request);
    }
    const id = leaseId(BigInt(operation.lease));
    if (kind === 'leaseRevoke') {
      return channel.submit(client, { kind: 'leaseRevoke', id, keysMax: 0 });
    }
    const { ttlSeconds } = operation;
    return channel.submit(client, { kind: 'leaseGrant', id, ttlSeconds });
  }

  /** Nothing to do, and so ended at once, where the revision was compacted already or never was. */
  #compact(client: number, operation: Operation): Started {
    this.#reader.get(ANY_KEY, NO_BYTES);
    const revision = this.#reader.revision - operation.retainRevisions;
    if (revision <= Math.max(1, this.#compacted)) return 'ended';
    if (!this.#channel.submit(client, { kind: 'compact', revision })) return 'full';
    this.#compacted = revision;
    return 'under way';
  }

  #revisionOf(slot: number): number {
    return this.#revisions?.[slot] ?? 0;
  }

  #setRevision(slot: number, revision: number): void {
    if (this.#revisions === undefined) {
      if (revision === 0) return;
      this.#revisions = new Float64Array(this.#slots);
    }
    this.#revisions[slot] = revision;
  }
}

/** Parts of clients' buffers as arrays of their length, each made once. */
class KeyViews {
  readonly #views = new Map<Uint8Array, (Uint8Array | undefined)[]>();

  of(buffer: Uint8Array, length: number): Uint8Array {
    let views = this.#views.get(buffer);
    if (views === undefined) this.#views.set(buffer, (views = []));
    return (views[length] ??= buffer.subarray(0, length));
  }
}
