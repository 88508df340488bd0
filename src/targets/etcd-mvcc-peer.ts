// EtcdMvccPeer: etcd's own storage packages, in one process with no consensus and no network, driven
// by the Go harness of scripts/peers/etcd-mvcc: what the bundled engine's store is calibrated against.
// This file owns the command lines and the shape of the answers; what a figure means and what it leaves
// out stands at the head of the Go file of the same name. Optional: callers say so where it is absent.

import { z } from 'zod';
import { Random } from '../../engine/index.ts';
import { numbers } from '../record/basic-schema.ts';
import { askPeer, besidePeer, findPeer, flagsOf, type Environment } from './peer-process.ts';

const versionSchema = z.object({
  etcd: z.string(),
  bbolt: z.string(),
  go: z.string(),
  /** Threads that run Go code at once. */
  processors: z.number(),
});
const storeSchema = z.object({
  ...numbers('batchLimit batchIntervalMs compactionBatchLimit compactionSleepMs'),
  sync: z.boolean(),
  freelist: z.string(),
  syncFreelist: z.boolean(),
});
const workSchema = z.object({
  ...numbers('keys preload puts keyBytes valueBytes seed'),
  order: z.enum(['sequential', 'random']),
});
const costSchema = z.object(numbers('seconds userSeconds systemSeconds collections pauseSeconds'));
const latencySchema = z.object(numbers('count meanNs p50Ns p90Ns p99Ns p999Ns maxNs'));
/** `hash`: etcd's hash of all revisions (CRC32C): equal for stores that were given the same puts. */
const endSchema = z.object(numbers('revision keys hash fileBytes commits'));
/** What every answer about a store begins and ends with. */
const storeAnswer = {
  ...versionSchema.shape,
  ...{ settings: storeSchema, work: workSchema, cost: costSchema, end: endSchema },
};
const putsSchema = z.object({
  ...storeAnswer,
  ...numbers('putsPerSecond commitsInside lastCommitNs heapBytesAtLast'),
});
const readsSchema = z.object({
  ...storeAnswer,
  ...numbers('nsPerTransaction nsPerKey transactionsPerSecond timerNs'),
  ...numbers('keysRead bytesRead'),
  blockNsPerTransaction: z.array(z.number()),
  blockP99NsPerTransaction: z.array(z.number()),
});
const besideSchema = z.object({
  ...storeAnswer,
  ...numbers('putsPerSecond keysRead commitsInside'),
  ...{ latency: latencySchema, service: latencySchema, late: latencySchema, range: latencySchema },
});
const compactSchema = z.object({
  ...storeAnswer,
  ...numbers('callNs totalNs indexMs batchPauses batchPausesMs'),
  keysRemoved: z.number(),
  ...{ before: latencySchema, during: latencySchema, duringService: latencySchema },
});
const leasesSchema = z.object({
  ...versionSchema.shape,
  settings: storeSchema,
  ...numbers('nsPerGrant bytesPerLease nsPerRenew nsPerRevoke'),
  ...numbers('expired leasesAtTheEnd'),
  ...{ grant: costSchema, renew: costSchema, idleEmpty: costSchema, idle: costSchema },
  expiryLag: latencySchema,
});

export type EtcdVersion = z.infer<typeof versionSchema>;
export type EtcdPuts = z.infer<typeof putsSchema>;
export type EtcdReads = z.infer<typeof readsSchema>;
export type EtcdBeside = z.infer<typeof besideSchema>;
export type EtcdCompact = z.infer<typeof compactSchema>;
export type EtcdLeases = z.infer<typeof leasesSchema>;

/** Settings of the store; where one is left out, etcd's default: 10,000, 100 ms, synced. */
export interface EtcdStoreOptions {
  readonly batchLimit?: number;
  readonly batchIntervalMs?: number;
  readonly sync?: boolean;
}

/** Keys and values, as EtcdWork makes them too. Default: 64 B, 256 B. */
export interface EtcdWorkOptions extends EtcdStoreOptions {
  readonly keys: number;
  readonly keyBytes?: number;
  readonly valueBytes?: number;
  readonly seed?: number;
}

export interface EtcdPutsRequest extends EtcdWorkOptions {
  readonly puts: number;
  /** Puts before the measured ones, their keys in sequence. */
  readonly preload?: number;
  readonly order?: 'sequential' | 'random';
}

export interface EtcdReadsRequest extends EtcdWorkOptions {
  readonly level: 'backend' | 'kv';
  readonly mode: 'readtx' | 'concurrent' | 'concurrent-cached';
  /** Puts in the backend's buffer meanwhile. */
  readonly pending: number;
  /** Most puts that were in it before, to which 3.5's copy keeps its size. */
  readonly everPending?: number;
  readonly readsPerTx: number;
  readonly repetitions: number;
  readonly blocks: number;
}

export interface EtcdBesideRequest extends EtcdWorkOptions {
  readonly mode: 'none' | 'concurrent' | 'shared';
  readonly rangeKeys: number;
  readonly rangePauseMs?: number;
  readonly seconds: number;
  /** Puts a second; 0 or left out: a closed loop. */
  readonly putRate?: number;
}

export interface EtcdCompactRequest extends EtcdWorkOptions {
  readonly versions: number;
  /** How long puts are timed before the compaction. */
  readonly beforeMs?: number;
  readonly putRate?: number;
  readonly compactionBatchLimit?: number;
  readonly compactionSleepMs?: number;
}

export interface EtcdLeasesRequest extends EtcdStoreOptions {
  readonly leases: number;
  readonly ttl?: number;
  /** How many are revoked, granted again for a second, and waited for. */
  readonly due?: number;
  readonly idleTicks?: number;
  readonly seed?: number;
}

/** Where a request goes. */
export interface EtcdPeerCall {
  readonly peer: string;
  /** A file that is not there yet; the caller removes it. */
  readonly path: string;
  readonly signal: AbortSignal;
}

/** Path of the built harness around etcd 3.5; undefined where there is none. */
export function findEtcdMvccPeer(env: Environment): string | undefined {
  return findPeer('etcdmvccpeer', 'KVTUNE_ETCDMVCCPEER', env);
}

/** The one around a newer etcd that build.sh leaves beside it; undefined where it is not there. */
export function newestBesideEtcdMvccPeer(peer: string): string | undefined {
  return besidePeer(peer, 'etcdmvccpeer-newest');
}

/** Which etcd a program holds. */
export function etcdMvccVersion(peer: string, signal: AbortSignal): Promise<EtcdVersion> {
  return askPeer(peer, ['version'], { signal, schema: versionSchema });
}

type Ask<Request, Found> = (call: EtcdPeerCall, request: Request) => Promise<Found>;

/** Puts as fast as they go, each a transaction of its own. */
export const runEtcdPuts: Ask<EtcdPutsRequest, EtcdPuts> = asking('puts', putsSchema);
/** What a read transaction costs with nothing beside it. */
export const runEtcdReads: Ask<EtcdReadsRequest, EtcdReads> = asking('reads', readsSchema);
/** Latencies of puts beside ranges. */
export const runEtcdBeside: Ask<EtcdBesideRequest, EtcdBeside> = asking('beside', besideSchema);
/** One compaction and the latencies of puts beside it. */
export const runEtcdCompact: Ask<EtcdCompactRequest, EtcdCompact> = asking(
  'compact',
  compactSchema,
);
/** What leases cost. */
export const runEtcdLeases: Ask<EtcdLeasesRequest, EtcdLeases> = asking('leases', leasesSchema);

function asking<Request extends object, Found>(
  command: string,
  schema: z.ZodType<Found>,
): Ask<Request, Found> {
  return ({ peer, path, signal }, request) =>
    askPeer(peer, [command, path, ...flagsOf(request)], { signal, schema });
}

const KEY_DIGITS = 10;
const POOL_STARTS = 2 ** 20;
const VALUE_STRIDE = 4093;

/**
 * The puts of runEtcdPuts, made here from the same formula (scripts/peers/etcd-mvcc/work.go), so that
 * another store can be given the same bytes. Puts are numbered from 0, the preload first, and come in
 * that order: each call of next() is one.
 */
export class EtcdWork {
  readonly #request: Required<Omit<EtcdPutsRequest, keyof EtcdStoreOptions>>;
  readonly #pool: Uint8Array;
  readonly #draw: Random;
  #number = 0;

  constructor(request: Omit<EtcdPutsRequest, keyof EtcdStoreOptions>) {
    const defaults = { keyBytes: 64, valueBytes: 256, seed: 1, preload: 0 };
    this.#request = { ...defaults, order: 'sequential', ...request };
    this.#pool = new Uint8Array(POOL_STARTS + this.#request.valueBytes);
    new Random(this.#request.seed + 1).fill(this.#pool);
    this.#draw = new Random(this.#request.seed);
  }

  /** Index of the key of the next put, and its value, a view of the pool that nobody may change. */
  next(): { readonly index: number; readonly value: Uint8Array } {
    const { keys, preload, order, valueBytes } = this.#request;
    const number = this.#number++;
    const drawn = order === 'random' && number >= preload;
    const index = drawn ? this.#draw.below(keys) : number % keys;
    const from = (number * VALUE_STRIDE) % POOL_STARTS;
    return { index, value: this.#pool.subarray(from, from + valueBytes) };
  }

  /** The key of that index: ASCII, in the order of the indexes. */
  key(index: number): string {
    return String(index).padStart(KEY_DIGITS, '0').padEnd(this.#request.keyBytes, 'k');
  }
}
