// The puts of EtcdWork on the storage of this engine alone, timed: key index, write buffer and
// backend with its commits, without the log in front, watchers or another thread. etcd's own storage gets
// the same puts from the harness (scripts/peers/etcd-mvcc/puts.go), with the same batches.
//
// The clock runs from the first put to the return of the last, with the commits that fall due on the way;
// the last commit, of what is still pending, is not in it, nor are the keys, the values, the opening. The
// end state is hashed as etcd does, so that both can be held against each other.

import { keyspaceHashSteps, leaseId, runSteps, Store } from '../../engine/index.ts';
import type { Clock } from '../../src/measure/clock.ts';
import type { Scalars } from '../../src/record/round.ts';
import { EtcdWork, type EtcdPutsRequest } from '../../src/targets/etcd-mvcc-peer.ts';

export interface MvccPutsRequest extends EtcdPutsRequest {
  /** A folder that is not there yet; the caller removes it. */
  readonly folder: string;
}

export interface MvccPuts {
  /** Read back from the open store. */
  readonly settings: Scalars;
  readonly puts: number;
  readonly seconds: number;
  readonly commitsInside: number;
  readonly end: { readonly revision: number; readonly keys: number; readonly hash: number };
}

const NO_LEASE = leaseId(0n);
/** Puts between two looks at the clock: whether a commit is due by time. */
const PUTS_A_LOOK = 64;

/** Makes the store, puts, and closes it. */
export function putThroughMvcc(request: MvccPutsRequest, clock: Clock): MvccPuts {
  const { folder, puts, preload = 0, batchLimit, batchIntervalMs } = request;
  const store = Store.open(folder, {
    ...(batchLimit === undefined ? {} : { batchLimit }),
    ...(batchIntervalMs === undefined ? {} : { batchIntervalMs }),
  });
  try {
    const { backend } = store.mvcc;
    const work = prepared(request);
    work.put(store, 0, preload);
    store.commit();
    const { commits } = backend.stats;
    const started = clock.nowNs();
    for (let put = 0; put < puts; put += PUTS_A_LOOK) {
      work.put(store, preload + put, Math.min(PUTS_A_LOOK, puts - put));
      store.tick();
    }
    const seconds = (clock.nowNs() - started) / 1e9;
    const commitsInside = backend.stats.commits - commits;
    const { hash, revision } = runSteps(keyspaceHashSteps(store));
    const { keys } = store.mvcc.index;
    const end = { revision, keys, hash };
    return { settings: store.settings(), puts, seconds, commitsInside, end };
  } finally {
    store.close();
  }
}

/** All puts of the request: keys, order and values are made beforehand. */
function prepared(request: MvccPutsRequest): {
  put: (store: Store, from: number, count: number) => void;
} {
  const work = new EtcdWork(request);
  const keys = Array.from({ length: request.keys }, (_, i) => Buffer.from(work.key(i), 'latin1'));
  const count = (request.preload ?? 0) + request.puts;
  const order = new Uint32Array(count);
  // All values are views of one pool; where they lie in it is all that is kept of them.
  const starts = new Uint32Array(count);
  const value = { u8: new Uint8Array(0) as Uint8Array, start: 0, length: 0 };
  for (let put = 0; put < count; put++) {
    const next = work.next();
    order[put] = next.index;
    starts[put] = next.value.byteOffset;
    if (put === 0) value.u8 = new Uint8Array(next.value.buffer);
    value.length = next.value.length;
  }
  return {
    put: ({ mvcc }, from, some) => {
      const { backend } = mvcc;
      for (let put = from; put < from + some; put++) {
        const key = keys[order[put] ?? 0];
        if (key === undefined) throw new Error(`put ${put} is of a key that was not made`);
        value.start = starts[put] ?? 0;
        mvcc.begin();
        mvcc.put(key, key.length, value, NO_LEASE);
        mvcc.end();
        // As etcd does at the end of each transaction.
        if (backend.batchFull) backend.commit();
      }
    },
  };
}
