// Requests and responses in etcd's JSON, for tests: what is sent to a real etcd's gateway for a request of
// ours, and both sides' answers in one plain form that can be compared. Test support; not part of
// the engine.

import type { EngineErrorCode } from '../base/errors.ts';
import type { KeyValue } from '../mvcc/key-value.ts';
import type { RangeRequest } from '../mvcc/mvcc-reader.ts';
import type { Compare, Request, TxnOperation, TxnRequest } from '../store/requests.ts';
import type { Response, TxnOperationResponse } from '../store/responses.ts';
import type { Json } from './etcd-member.ts';

/** Bytes as base64, numbers as strings; nothing is left out. */
export type Plain = string | boolean | readonly Plain[] | { readonly [name: string]: Plain };

/** A read is no request of the log, but part of histories. */
export type Operation = Request | { readonly kind: 'range'; readonly range: RangeRequest };

/** Path and body that ask the gateway for the same. */
export function toEtcd(operation: Operation): { path: string; body: Json } {
  switch (operation.kind) {
    case 'compact':
      return { path: 'kv/compaction', body: { revision: `${operation.revision}`, physical: true } };
    case 'leaseGrant':
      return {
        path: 'lease/grant',
        body: { ID: `${operation.id}`, TTL: `${operation.ttlSeconds}` },
      };
    case 'leaseRevoke':
      return { path: 'lease/revoke', body: { ID: `${operation.id}` } };
    case 'put':
      return { path: 'kv/put', body: bodyOf(operation) };
    case 'deleteRange':
      return { path: 'kv/deleterange', body: bodyOf(operation) };
    case 'txn':
      return { path: 'kv/txn', body: bodyOf(operation) };
    case 'range':
      return { path: 'kv/range', body: bodyOf(operation) };
    case 'leaseCheckpoint':
    case 'alarm':
      throw new Error(`the gateway has no ${operation.kind} of a client`);
  }
}

function bodyOf(operation: TxnOperation): Json {
  switch (operation.kind) {
    case 'put':
      return {
        key: base64(operation.key),
        value: base64(operation.value),
        lease: `${operation.lease}`,
        prev_kv: operation.prevKv,
        ignore_value: operation.ignoreValue,
        ignore_lease: operation.ignoreLease,
      };
    case 'deleteRange':
      return {
        key: base64(operation.key),
        range_end: base64(operation.end),
        prev_kv: operation.prevKv,
      };
    case 'range':
      return rangeBody(operation.range);
    case 'txn':
      return txnBody(operation);
  }
}

function rangeBody(range: RangeRequest): Json {
  const { sort } = range;
  return {
    key: base64(range.key),
    range_end: base64(range.end),
    limit: `${range.limit ?? 0}`,
    revision: `${range.revision ?? 0}`,
    sort_order: sort === undefined ? 'NONE' : sort.descending ? 'DESCEND' : 'ASCEND',
    sort_target: (sort?.target ?? 'key').toUpperCase(),
    keys_only: range.keysOnly ?? false,
    count_only: range.countOnly ?? false,
    min_mod_revision: `${range.modRevisionMin ?? 0}`,
    max_mod_revision: `${range.modRevisionMax ?? 0}`,
    min_create_revision: `${range.createRevisionMin ?? 0}`,
    max_create_revision: `${range.createRevisionMax ?? 0}`,
  };
}

function txnBody({ compares, success, failure }: TxnRequest): Json {
  const part = (operation: TxnOperation): Json => ({ [PARTS[operation.kind]]: bodyOf(operation) });
  return {
    compare: compares.map(compareBody),
    success: success.map(part),
    failure: failure.map(part),
  };
}

const PARTS = {
  put: 'request_put',
  deleteRange: 'request_delete_range',
  range: 'request_range',
  txn: 'request_txn',
} as const;

function compareBody(compare: Compare): Json {
  const { key, end, target } = compare;
  const right = {
    version: { version: `${compare.number}` },
    create: { create_revision: `${compare.number}` },
    mod: { mod_revision: `${compare.number}` },
    value: { value: base64(compare.value) },
    lease: { lease: `${compare.lease}` },
  };
  return {
    result: compare.result === 'notEqual' ? 'NOT_EQUAL' : compare.result.toUpperCase(),
    target: target.toUpperCase(),
    key: base64(key),
    range_end: base64(end),
    ...right[target],
  };
}

/** An answer of ours. */
export function plainResponse(response: Response | TxnOperationResponse): Plain {
  const revision = `${response.revision}`;
  switch (response.kind) {
    case 'put':
      return { revision, prevKv: response.prevKv === undefined ? '' : plainKv(response.prevKv) };
    case 'deleteRange':
      return {
        revision,
        deleted: `${response.deleted}`,
        prevKvs: response.prevKvs.map(plainKv),
      };
    case 'range':
      return {
        revision,
        count: `${response.count}`,
        more: response.more,
        kvs: response.kvs.map(plainKv),
      };
    case 'txn':
      return {
        revision,
        succeeded: response.succeeded,
        responses: response.responses.map(plainOperation),
      };
    case 'leaseGrant':
      return { revision, id: `${response.id}`, ttl: `${response.ttlSeconds}` };
    case 'compact':
    case 'leaseRevoke':
    case 'leaseCheckpoint':
    case 'alarm':
      return { revision };
  }
}

function plainOperation(response: TxnOperationResponse): Plain {
  const { kind } = response;
  const plain = plainResponse(response);
  // etcd leaves the header of a transaction within a transaction empty.
  return kind === 'txn' ? { kind, ...(plain as object), revision: '0' } : { kind, plain };
}

function plainKv(kv: KeyValue): Plain {
  return {
    key: base64(kv.key),
    value: base64(kv.value),
    create: `${kv.createRevision}`,
    mod: `${kv.modRevision}`,
    version: `${kv.version}`,
    lease: `${kv.lease}`,
  };
}

/** etcd's answer to `operation`. */
export function plainAnswer(operation: Operation, answer: Json): Plain {
  return plainOf(operation.kind, answer);
}

function plainOf(kind: Operation['kind'], answer: Json): Plain {
  const revision = numberOf((answer['header'] as Json | undefined)?.['revision']);
  switch (kind) {
    case 'put': {
      const previous = answer['prev_kv'] as Json | undefined;
      return { revision, prevKv: previous === undefined ? '' : etcdKv(previous) };
    }
    case 'deleteRange':
      return {
        revision,
        deleted: numberOf(answer['deleted']),
        prevKvs: listOf(answer['prev_kvs']).map(etcdKv),
      };
    case 'range':
      return {
        revision,
        count: numberOf(answer['count']),
        more: answer['more'] === true,
        kvs: listOf(answer['kvs']).map(etcdKv),
      };
    case 'txn':
      return {
        revision,
        succeeded: answer['succeeded'] === true,
        responses: listOf(answer['responses']).map(etcdOperation),
      };
    case 'leaseGrant':
      return { revision, id: numberOf(answer['ID']), ttl: numberOf(answer['TTL']) };
    case 'compact':
    case 'leaseRevoke':
    case 'leaseCheckpoint':
    case 'alarm':
      return { revision };
  }
}

const RESPONSES = [
  ['response_put', 'put'],
  ['response_delete_range', 'deleteRange'],
  ['response_range', 'range'],
  ['response_txn', 'txn'],
] as const;

function etcdOperation(operation: Json): Plain {
  for (const [name, kind] of RESPONSES) {
    const body = operation[name] as Json | undefined;
    if (body === undefined) continue;
    const plain = plainOf(kind, body);
    return kind === 'txn' ? { kind, ...(plain as object), revision: '0' } : { kind, plain };
  }
  throw new Error(`a response of no known kind: ${JSON.stringify(operation)}`);
}

function etcdKv(kv: Json): Plain {
  return {
    key: (kv['key'] as string | undefined) ?? '',
    value: (kv['value'] as string | undefined) ?? '',
    create: numberOf(kv['create_revision']),
    mod: numberOf(kv['mod_revision']),
    version: numberOf(kv['version']),
    lease: numberOf(kv['lease']),
  };
}

/** Our code for an error of etcd's, by its text; the text where none is meant by it. */
export function codeOfAnswer(answer: Json): string | undefined {
  const error = answer['error'];
  if (typeof error !== 'string') return undefined;
  return CODES.find(([text]) => error.includes(text))?.[1] ?? error;
}

const CODES: readonly (readonly [string, EngineErrorCode])[] = [
  ['has been compacted', 'COMPACTED'],
  ['is a future revision', 'FUTURE_REVISION'],
  ['key is not provided', 'EMPTY_KEY'],
  ['key not found', 'KEY_NOT_FOUND'],
  ['duplicate key given in txn request', 'DUPLICATE_KEY'],
  ['requested lease not found', 'LEASE_NOT_FOUND'],
  ['lease already exists', 'LEASE_EXISTS'],
  ['too large lease TTL', 'LEASE_TTL_TOO_LARGE'],
  ['too many operations in txn request', 'TOO_MANY_OPERATIONS'],
  ['value is provided', 'INVALID_ARGUMENT'],
  ['lease is provided', 'INVALID_ARGUMENT'],
];

export function base64(bytes: Uint8Array | undefined): string {
  if (bytes === undefined) return '';
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('base64');
}

function numberOf(value: unknown): string {
  return typeof value === 'string' ? value : '0';
}

function listOf(value: unknown): readonly Json[] {
  return Array.isArray(value) ? (value as Json[]) : [];
}
