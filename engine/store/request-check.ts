// Shape of requests: what can be refused by looking at the request alone, in the order in which etcd looks
// (v3rpc/key.go): every branch of a transaction, whether it will be taken or not. What depends on the
// state is the applier's.

import { EngineError } from '../base/errors.ts';
import type { PutRequest, TxnOperation, TxnRequest } from './requests.ts';
import { checkDuplicates } from './txn-keys.ts';

/** Throws EMPTY_KEY, INVALID_ARGUMENT. */
export function checkShape(operation: Exclude<TxnOperation, TxnRequest>): void {
  if (operation.kind === 'range') assertKey(operation.range.key);
  else if (operation.kind === 'put') checkPut(operation);
  else assertKey(operation.key);
}

/**
 * Throws TOO_MANY_OPERATIONS, DUPLICATE_KEY, EMPTY_KEY, INVALID_ARGUMENT. `operationsMax` is for the longest
 * list of a transaction and those of the transactions in it together.
 */
export function checkTxn(request: TxnRequest, operationsMax: number): void {
  checkBranches(request, operationsMax);
  checkDuplicates(request);
}

function checkBranches({ compares, success, failure }: TxnRequest, operationsMax: number): void {
  const most = Math.max(compares.length, success.length, failure.length);
  if (most > operationsMax) {
    throw new EngineError(
      'TOO_MANY_OPERATIONS',
      `too many operations in txn request: ${most}, at most ${operationsMax}`,
    );
  }
  for (const compare of compares) assertKey(compare.key);
  for (const operation of [...success, ...failure]) {
    if (operation.kind === 'txn') checkBranches(operation, operationsMax - most);
    else checkShape(operation);
  }
}

function checkPut({ key, value, lease, ignoreValue, ignoreLease }: PutRequest): void {
  assertKey(key);
  if (ignoreValue && value.length > 0) {
    throw new EngineError('INVALID_ARGUMENT', 'value is provided, and to be ignored');
  }
  if (ignoreLease && lease !== 0n) {
    throw new EngineError('INVALID_ARGUMENT', 'lease is provided, and to be ignored');
  }
}

function assertKey({ length }: { readonly length: number }): void {
  if (length === 0) throw new EngineError('EMPTY_KEY', 'key is not provided');
}
