// Requests: what changes the store, as it stands in the log and as clients send it: a byte that names the
// kind, then etcd's own message for it (api/etcdserverpb/rpc.proto; field numbers below), so that a server
// can log what it received. A decoded request copies nothing it does not have to: bytes point into the
// source, which must stay as it is until the request was applied.

import { EngineError } from '../base/errors.ts';
import { leaseId, type LeaseId } from '../base/ids.ts';
import { FieldReader } from '../base/protobuf.ts';
import type { RangeRequest, SortTarget } from '../mvcc/mvcc-reader.ts';
import { SORT_TARGETS } from '../mvcc/mvcc-reader.ts';
import { MessageWriter } from './message-writer.ts';

export const COMPARE_RESULTS = ['equal', 'greater', 'less', 'notEqual'] as const;
export const COMPARE_TARGETS = ['version', 'create', 'mod', 'value', 'lease'] as const;
export const ALARMS = ['none', 'noSpace', 'corrupt'] as const;

export interface PutRequest {
  readonly kind: 'put';
  readonly key: Uint8Array;
  readonly value: Uint8Array;
  /** 0n: none. */
  readonly lease: LeaseId;
  readonly prevKv: boolean;
  /** Keeps the key's value, or its lease; the key must exist. */
  readonly ignoreValue: boolean;
  readonly ignoreLease: boolean;
}

export interface DeleteRangeRequest {
  readonly kind: 'deleteRange';
  readonly key: Uint8Array;
  readonly end: Uint8Array | undefined;
  readonly prevKv: boolean;
}

export interface RangeOperation {
  readonly kind: 'range';
  readonly range: RangeRequest;
}

export interface Compare {
  readonly result: (typeof COMPARE_RESULTS)[number];
  readonly target: (typeof COMPARE_TARGETS)[number];
  readonly key: Uint8Array;
  readonly end: Uint8Array | undefined;
  /** Of the targets version, create, mod; and lease as a bigint; and value as bytes. */
  readonly number: number;
  readonly lease: LeaseId;
  readonly value: Uint8Array;
}

export interface TxnRequest {
  readonly kind: 'txn';
  readonly compares: readonly Compare[];
  readonly success: readonly TxnOperation[];
  readonly failure: readonly TxnOperation[];
}

export type TxnOperation = PutRequest | DeleteRangeRequest | RangeOperation | TxnRequest;

export type Request =
  | PutRequest
  | DeleteRangeRequest
  | TxnRequest
  | { readonly kind: 'compact'; readonly revision: number }
  | { readonly kind: 'leaseGrant'; readonly id: LeaseId; readonly ttlSeconds: number }
  /** Deletes at most `keysMax` of the lease's keys, in order; the lease goes with the last. */
  | { readonly kind: 'leaseRevoke'; readonly id: LeaseId; readonly keysMax: number }
  | { readonly kind: 'leaseCheckpoint'; readonly id: LeaseId; readonly remainingSeconds: number }
  | { readonly kind: 'alarm'; readonly alarm: (typeof ALARMS)[number]; readonly active: boolean };

export type RequestKind = Request['kind'];

/** The first byte. Numbers stay as they are: they stand in logs. */
export const KIND_BYTES: Readonly<Record<RequestKind, number>> = {
  put: 1,
  deleteRange: 2,
  txn: 3,
  compact: 4,
  leaseGrant: 5,
  leaseRevoke: 6,
  leaseCheckpoint: 7,
  alarm: 8,
};

/** Kinds by their byte. */
export const KINDS: readonly (RequestKind | undefined)[] = Object.entries(KIND_BYTES).reduce<
  (RequestKind | undefined)[]
>((kinds, [kind, byte]) => {
  kinds[byte] = kind as RequestKind;
  return kinds;
}, []);

/** Transactions within transactions, as deep as any client of etcd nests them. */
const DEPTH_MAX = 8;

/** Appends the request's bytes to the writer. */
export function encodeRequest(request: Request, writer: MessageWriter): void {
  writer.byte(KIND_BYTES[request.kind]);
  switch (request.kind) {
    case 'put':
      writePut(request, writer);
      break;
    case 'deleteRange':
      writeDeleteRange(request, writer);
      break;
    case 'txn':
      writeTxn(request, writer);
      break;
    case 'compact':
      writer.number(1, request.revision);
      break;
    case 'leaseGrant':
      writer.number(1, request.ttlSeconds);
      writer.int64(2, request.id);
      break;
    case 'leaseRevoke':
      writer.int64(1, request.id);
      writer.number(15, request.keysMax);
      break;
    case 'leaseCheckpoint':
      writer.int64(1, request.id);
      writer.number(2, request.remainingSeconds);
      break;
    case 'alarm':
      writer.number(1, request.active ? 1 : 2);
      writer.number(3, ALARMS.indexOf(request.alarm));
      break;
  }
}

/**
 * Decodes a request from source[start, start+length). Throws CORRUPT for a kind that is not known, and
 * INVALID_ARGUMENT for a body that cannot be read: it is as a client sent it, since the log has checksums.
 */
export function decodeRequest(source: Uint8Array, start: number, length: number): Request {
  const kind = length === 0 ? undefined : KINDS[source[start]!];
  if (kind === undefined) {
    const named = length === 0 ? 'none' : source[start]!;
    throw new EngineError('CORRUPT', `a request of kind ${named} is not known here`);
  }
  const body = source.subarray(start + 1, start + length);
  try {
    return readBody(kind, body);
  } catch (error) {
    throw refusalOf(error);
  }
}

/** What a client is told whose request cannot be read; other errors as they are. */
export function refusalOf(error: unknown): unknown {
  if (!(error instanceof EngineError) || error.code !== 'CORRUPT') return error;
  const message = `a request cannot be read: ${error.message}`;
  return new EngineError('INVALID_ARGUMENT', message, { cause: error });
}

function readBody(kind: RequestKind, body: Uint8Array): Request {
  switch (kind) {
    case 'put':
      return readPut(body);
    case 'deleteRange':
      return readDeleteRange(body);
    case 'txn':
      return readTxn(body, 0);
    case 'compact':
    case 'leaseGrant':
    case 'leaseRevoke':
    case 'leaseCheckpoint':
    case 'alarm':
      return readSmall(kind, body);
  }
}

function readSmall(
  kind: Exclude<RequestKind, 'put' | 'deleteRange' | 'txn'>,
  body: Uint8Array,
): Request {
  const numbers: number[] = [];
  let id = 0n;
  const fields = new FieldReader().reset(body);
  const idField = kind === 'leaseGrant' ? 2 : 1;
  const leased = kind !== 'compact' && kind !== 'alarm';
  while (fields.next()) {
    if (leased && fields.field === idField) id = fields.int64();
    else numbers[fields.field] = Number(fields.int64());
  }
  const number = (field: number): number => numbers[field] ?? 0;
  switch (kind) {
    case 'compact':
      return { kind: 'compact', revision: number(1) };
    case 'leaseGrant':
      return { kind: 'leaseGrant', id: leaseId(id), ttlSeconds: number(1) };
    case 'leaseRevoke':
      return { kind: 'leaseRevoke', id: leaseId(id), keysMax: number(15) };
    case 'leaseCheckpoint':
      return { kind: 'leaseCheckpoint', id: leaseId(id), remainingSeconds: number(2) };
    case 'alarm':
      return { kind: 'alarm', alarm: pick(ALARMS, number(3)), active: number(1) === 1 };
  }
}

function writePut(request: PutRequest, writer: MessageWriter): void {
  writer.bytes(1, request.key);
  writer.bytes(2, request.value);
  writer.int64(3, request.lease);
  writer.flag(4, request.prevKv);
  writer.flag(5, request.ignoreValue);
  writer.flag(6, request.ignoreLease);
}

function readPut(body: Uint8Array): PutRequest {
  let key = NOTHING;
  let value = NOTHING;
  let lease = 0n;
  const flags = [false, false, false];
  const fields = new FieldReader().reset(body);
  while (fields.next()) {
    if (fields.field === 1) key = part(fields);
    else if (fields.field === 2) value = part(fields);
    else if (fields.field === 3) lease = fields.int64();
    else if (fields.field <= 6) flags[fields.field - 4] = fields.low !== 0;
  }
  return {
    kind: 'put',
    key,
    value,
    lease: leaseId(lease),
    prevKv: flags[0]!,
    ignoreValue: flags[1]!,
    ignoreLease: flags[2]!,
  };
}

function writeDeleteRange(request: DeleteRangeRequest, writer: MessageWriter): void {
  writer.bytes(1, request.key);
  if (request.end !== undefined) writer.bytes(2, request.end);
  writer.flag(3, request.prevKv);
}

function readDeleteRange(body: Uint8Array): DeleteRangeRequest {
  let key = NOTHING;
  let end: Uint8Array | undefined;
  let prevKv = false;
  const fields = new FieldReader().reset(body);
  while (fields.next()) {
    if (fields.field === 1) key = part(fields);
    else if (fields.field === 2) end = part(fields);
    else if (fields.field === 3) prevKv = fields.low !== 0;
  }
  return { kind: 'deleteRange', key, end, prevKv };
}

function writeRange(range: RangeRequest, writer: MessageWriter): void {
  writer.bytes(1, range.key);
  if (range.end !== undefined) writer.bytes(2, range.end);
  writer.number(3, range.limit ?? 0);
  writer.number(4, range.revision ?? 0);
  if (range.sort !== undefined) {
    writer.number(5, range.sort.descending ? 2 : 1);
    writer.number(6, SORT_TARGETS.indexOf(range.sort.target));
  }
  writer.flag(8, range.keysOnly === true);
  writer.flag(9, range.countOnly === true);
  writer.number(10, range.modRevisionMin ?? 0);
  writer.number(11, range.modRevisionMax ?? 0);
  writer.number(12, range.createRevisionMin ?? 0);
  writer.number(13, range.createRevisionMax ?? 0);
}

function readRange(body: Uint8Array): RangeOperation {
  let key = NOTHING;
  let end: Uint8Array | undefined;
  const numbers: number[] = [];
  const fields = new FieldReader().reset(body);
  while (fields.next()) {
    if (fields.field === 1) key = part(fields);
    else if (fields.field === 2) end = part(fields);
    else numbers[fields.field] = fields.number();
  }
  const number = (field: number): number => numbers[field] ?? 0;
  const target: SortTarget = pick(SORT_TARGETS, number(6));
  // An order on another target than the key without a direction is ascending, as in etcd.
  const sorted = number(5) !== 0 || number(6) !== 0;
  return {
    kind: 'range',
    range: {
      key,
      end,
      limit: number(3),
      revision: number(4),
      sort: sorted ? { target, descending: number(5) === 2 } : undefined,
      keysOnly: number(8) !== 0,
      countOnly: number(9) !== 0,
      modRevisionMin: number(10),
      modRevisionMax: number(11),
      createRevisionMin: number(12),
      createRevisionMax: number(13),
    },
  };
}

function writeTxn(request: TxnRequest, writer: MessageWriter): void {
  for (const compare of request.compares) {
    writer.message(1, (inner) => {
      writeCompare(compare, inner);
    });
  }
  const branches = [
    { field: 2, operations: request.success },
    { field: 3, operations: request.failure },
  ];
  for (const { field, operations } of branches) {
    for (const operation of operations) {
      writer.message(field, (inner) => {
        writeOperation(operation, inner);
      });
    }
  }
}

function writeOperation(operation: TxnOperation, writer: MessageWriter): void {
  switch (operation.kind) {
    case 'range':
      writer.message(1, (inner) => {
        writeRange(operation.range, inner);
      });
      break;
    case 'put':
      writer.message(2, (inner) => {
        writePut(operation, inner);
      });
      break;
    case 'deleteRange':
      writer.message(3, (inner) => {
        writeDeleteRange(operation, inner);
      });
      break;
    case 'txn':
      writer.message(4, (inner) => {
        writeTxn(operation, inner);
      });
      break;
  }
}

function readTxn(body: Uint8Array, depth: number): TxnRequest {
  if (depth === DEPTH_MAX) {
    throw new EngineError('INVALID_ARGUMENT', `transactions nest ${DEPTH_MAX} deep, no deeper`);
  }
  const compares: Compare[] = [];
  const success: TxnOperation[] = [];
  const failure: TxnOperation[] = [];
  const fields = new FieldReader().reset(body);
  while (fields.next()) {
    if (fields.field === 1) compares.push(readCompare(part(fields)));
    else if (fields.field === 2) success.push(readOperation(part(fields), depth));
    else if (fields.field === 3) failure.push(readOperation(part(fields), depth));
  }
  return { kind: 'txn', compares, success, failure };
}

function readOperation(body: Uint8Array, depth: number): TxnOperation {
  const fields = new FieldReader().reset(body);
  if (fields.next()) {
    if (fields.field === 1) return readRange(part(fields));
    if (fields.field === 2) return readPut(part(fields));
    if (fields.field === 3) return readDeleteRange(part(fields));
    if (fields.field === 4) return readTxn(part(fields), depth + 1);
  }
  throw new EngineError('CORRUPT', 'an operation of a transaction is empty or unknown');
}

/** Field of a compare's right side by its target. */
const COMPARE_FIELDS = { version: 4, create: 5, mod: 6, value: 7, lease: 8 } as const;
const COMPARE_END = 64;

function writeCompare(compare: Compare, writer: MessageWriter): void {
  writer.number(1, COMPARE_RESULTS.indexOf(compare.result));
  writer.number(2, COMPARE_TARGETS.indexOf(compare.target));
  writer.bytes(3, compare.key);
  const field = COMPARE_FIELDS[compare.target];
  if (compare.target === 'value') writer.bytes(field, compare.value);
  else if (compare.target === 'lease') writer.int64(field, compare.lease);
  else writer.number(field, compare.number);
  if (compare.end !== undefined) writer.bytes(COMPARE_END, compare.end);
}

function readCompare(body: Uint8Array): Compare {
  let result = 0;
  let target = 0;
  let key = NOTHING;
  let end: Uint8Array | undefined;
  let number = 0;
  let lease = 0n;
  let value = NOTHING;
  const fields = new FieldReader().reset(body);
  while (fields.next()) {
    if (fields.field === 1) result = fields.number();
    else if (fields.field === 2) target = fields.number();
    else if (fields.field === 3) key = part(fields);
    else if (fields.field === COMPARE_FIELDS.value) value = part(fields);
    else if (fields.field === COMPARE_FIELDS.lease) lease = fields.int64();
    else if (fields.field === COMPARE_END) end = part(fields);
    else if (fields.field < COMPARE_FIELDS.value) number = Number(fields.int64());
  }
  return {
    result: pick(COMPARE_RESULTS, result),
    target: pick(COMPARE_TARGETS, target),
    key,
    end,
    number,
    lease: leaseId(lease),
    value,
  };
}

const NOTHING: Uint8Array = new Uint8Array(0);

function part(fields: FieldReader): Uint8Array {
  return fields.source.subarray(fields.start, fields.start + fields.length);
}

function pick<T>(choices: readonly T[], index: number): T {
  const choice = choices[index];
  if (choice === undefined) {
    throw new EngineError('CORRUPT', `a request holds ${index} where ${choices.length} are known`);
  }
  return choice;
}
