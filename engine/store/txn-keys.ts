// Keys of a transaction: no branch may put a key twice, or put what it also deletes, since a revision
// holds one change of a key. As in etcd (v3rpc/key.go), the branches of a nested transaction may
// each put the same key, but not one that stands beside it.

import { compareRange } from '../base/bytes.ts';
import { EngineError } from '../base/errors.ts';
import type { TxnOperation, TxnRequest } from './requests.ts';

interface Deletion {
  readonly key: Uint8Array;
  readonly end: Uint8Array | undefined;
}

interface Touched {
  readonly puts: Map<string, Uint8Array>;
  readonly deletions: Deletion[];
}

/** Throws DUPLICATE_KEY. */
export function checkDuplicates(request: TxnRequest): void {
  touchedBy(request.success);
  touchedBy(request.failure);
}

function touchedBy(operations: readonly TxnOperation[]): Touched {
  const touched: Touched = { puts: new Map(), deletions: [] };
  for (const operation of operations) {
    if (operation.kind === 'deleteRange') touched.deletions.push(operation);
  }
  for (const operation of operations) {
    if (operation.kind !== 'txn') continue;
    const success = touchedBy(operation.success);
    const failure = touchedBy(operation.failure);
    const both = new Map([...success.puts, ...failure.puts]);
    for (const key of both.values()) put(touched, key);
    // What a nested one deletes concerns the puts beside it, not its own.
    touched.deletions.push(...success.deletions, ...failure.deletions);
  }
  for (const operation of operations) if (operation.kind === 'put') put(touched, operation.key);
  return touched;
}

function put({ puts, deletions }: Touched, key: Uint8Array): void {
  const name = Buffer.from(key.buffer, key.byteOffset, key.length).toString('latin1');
  if (puts.has(name) || deletions.some((deletion) => covers(deletion, key))) {
    throw new EngineError('DUPLICATE_KEY', 'duplicate key given in txn request');
  }
  puts.set(name, key);
}

function covers({ key: from, end }: Deletion, key: Uint8Array): boolean {
  const order = compareRange(key, 0, key.length, from, 0, from.length);
  if (end === undefined || end.length === 0) return order === 0;
  // etcd takes END_OF_KEYS at its word here and lets such puts pass; some of them then crash it.
  const unbounded = end.length === 1 && end[0] === 0;
  return order >= 0 && (unbounded || compareRange(key, 0, key.length, end, 0, end.length) < 0);
}
