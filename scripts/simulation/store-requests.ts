// Requests of simulated histories: every kind that changes a store, drawn from a seed with an eye on the
// state, so that most of them do something, and some are refused. Few keys, so that revisions pile up;
// some values are so large that the log goes on in another segment.

import { leaseId, type LeaseId } from '../../engine/base/ids.ts';
import type { Random } from '../../engine/base/random.ts';
import { END_OF_KEYS } from '../../engine/mvcc/mvcc-reader.ts';
import type {
  DeleteRangeRequest,
  PutRequest,
  Request,
  TxnRequest,
} from '../../engine/store/requests.ts';
import { bytesOf } from './model.ts';
import { LEASE_KEYS_A_STEP } from './store-look.ts';
import type { StoreModel } from './store-model.ts';

const KEYS = ['a', 'a\0', 'ab', 'b', 'c', 'd\xff', 'e', 'f', 'g', 'h'];
/** The last one is beyond 2^53. */
const LEASES = [1n, 2n, 2n ** 62n + 1n].map(leaseId);
const NO_LEASE = leaseId(0n);
const NOTHING = new Uint8Array(0);

/** `heavy`: most values are large. */
export function randomRequest(random: Random, state: StoreModel, heavy: boolean): Request {
  const roll = random.below(100);
  if (state.alarms.has('noSpace') && roll < 30) {
    return { kind: 'alarm', alarm: 'noSpace', active: false };
  }
  if (roll < 45) {
    const valueBytes = random.below(12) < (heavy ? 8 : 1) ? random.below(15_000) : random.below(60);
    return randomPut(random, state, pick(random, KEYS), valueBytes);
  }
  if (roll < 55) return randomDeletion(random, pick(random, KEYS));
  if (roll < 72) return randomTxn(random, state);
  if (roll < 79) return { kind: 'compact', revision: compactAt(random, state) };
  if (roll < 88) {
    return { kind: 'leaseGrant', id: pick(random, LEASES), ttlSeconds: random.between(1, 2) * 1e6 };
  }
  if (roll < 95) {
    return { kind: 'leaseRevoke', id: randomLease(random, state), keysMax: LEASE_KEYS_A_STEP };
  }
  if (roll < 97) {
    const remainingSeconds = random.below(1000) * 1000;
    return { kind: 'leaseCheckpoint', id: pick(random, LEASES), remainingSeconds };
  }
  const alarm = random.below(3) === 0 ? 'noSpace' : 'corrupt';
  return { kind: 'alarm', alarm, active: random.below(3) > 0 };
}

function randomPut(random: Random, state: StoreModel, key: string, valueBytes: number): PutRequest {
  const value = new Uint8Array(valueBytes);
  random.fill(value);
  const lease = random.below(3) === 0 ? NO_LEASE : randomLease(random, state);
  return {
    ...{ kind: 'put', key: bytesOf(key), value, lease },
    ...{ prevKv: false, ignoreValue: false, ignoreLease: false },
  };
}

/** Mostly the oldest one there is, so that it gets more keys than a step of its revocation deletes. */
function randomLease(random: Random, state: StoreModel): LeaseId {
  const [oldest] = state.leases.keys();
  return oldest === undefined || random.below(4) === 0 ? pick(random, LEASES) : leaseId(oldest);
}

function randomDeletion(random: Random, key: string): DeleteRangeRequest {
  const roll = random.below(8);
  const end = roll === 0 ? END_OF_KEYS : roll === 1 ? bytesOf('e') : undefined;
  return { kind: 'deleteRange', key: bytesOf(key), end, prevKv: false };
}

/** Compares one key, and changes some others, each once. */
function randomTxn(random: Random, state: StoreModel): TxnRequest {
  const key = pick(random, KEYS);
  const target = pick(random, ['version', 'mod'] as const);
  const living = state.living.get(key);
  const is = (target === 'version' ? living?.version : living?.main) ?? 0;
  const compare = {
    ...{ result: pick(random, ['equal', 'notEqual', 'greater', 'less'] as const), target },
    ...{ key: bytesOf(key), end: undefined, number: Math.max(0, is + random.between(-1, 1)) },
    ...{ lease: NO_LEASE, value: NOTHING },
  } as const;
  const branch = (): (PutRequest | DeleteRangeRequest)[] => {
    const first = random.below(KEYS.length);
    const some = [...KEYS.slice(first), ...KEYS.slice(0, first)].slice(0, random.below(5));
    return some.map((name) => {
      if (random.below(4) > 0) return randomPut(random, state, name, random.below(60));
      return { kind: 'deleteRange', key: bytesOf(name), end: undefined, prevKv: false };
    });
  };
  return { kind: 'txn', compares: [compare], success: branch(), failure: branch() };
}

function compactAt(random: Random, { compacted, revision }: StoreModel): number {
  if (random.below(6) === 0) return random.between(Math.max(0, compacted - 1), revision + 1);
  return random.between(Math.min(revision, compacted + 1), revision);
}

function pick<T>(random: Random, choices: readonly T[]): T {
  return choices[random.below(choices.length)]!;
}
