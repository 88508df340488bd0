// preloadStore(): puts what a workload wants in the store before the measurement into an open store of this
// thread: leases first, then keys in order. Yields to the event loop between groups.

import { setImmediate as nextTurn } from 'node:timers/promises';
import { EngineError, leaseId, type Store } from '../../engine/index.ts';
import { Operation, type Preload } from '../../workloads/index.ts';

export interface PreloadContext {
  /** Ends it early, with the signal's reason. */
  readonly signal: AbortSignal;
  /** Part that is done, 0 to 1. */
  readonly onProgress: (share: number) => void;
}

const GROUP = 1000;
/** Groups between two turns of the event loop. */
const GROUPS_A_TURN = 10;

type Done = Parameters<Store['submit']>[1];

/** Throws what the store refused. */
export async function preloadStore(
  store: Store,
  preload: Preload,
  { signal, onProgress }: PreloadContext,
): Promise<void> {
  const { leases, keys } = preload;
  const operation = new Operation();
  let refusal: EngineError | undefined;
  const done: Done = (error) => {
    refusal ??= error;
  };
  const flush = (): void => {
    store.flush();
    store.tick();
    if (refusal === undefined) return;
    const { code, message } = refusal;
    throw new EngineError(code, `the store refused what is loaded beforehand: ${message}`);
  };
  for (let i = 0; i < leases + keys; i++) {
    if (i < leases) grant(store, preload, i, operation, done);
    else put(store, preload, i - leases, operation, done);
    if ((i + 1) % GROUP !== 0) continue;
    flush();
    if ((i + 1) % (GROUP * GROUPS_A_TURN) !== 0) continue;
    onProgress(i / (leases + keys));
    await nextTurn();
    signal.throwIfAborted();
  }
  flush();
}

function grant(store: Store, preload: Preload, i: number, operation: Operation, done: Done): void {
  preload.fillLease(i, operation);
  const { lease, ttlSeconds } = operation;
  store.submit({ kind: 'leaseGrant', id: leaseId(BigInt(lease)), ttlSeconds }, done);
}

function put(store: Store, preload: Preload, i: number, operation: Operation, done: Done): void {
  preload.fill(i, operation);
  const { key, keyLength, value, valueLength } = operation;
  const lease = leaseId(BigInt(operation.lease));
  store.submitPut(key, keyLength, value, valueLength, lease, done);
}
