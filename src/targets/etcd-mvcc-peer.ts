// EtcdMvccPeer: etcd's own storage packages, in one process with no consensus and no network, driven
// by the Go harness of scripts/peers/etcd-mvcc: what the bundled engine's store is calibrated against.
// This file owns the command lines and the shape of the answers; what a figure means and what it leaves
// out stands at the head of the Go file of the same name. Optional: callers say so where it is absent.

import { execFile } from 'node:child_process';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { nodeVfs, Random } from '../../engine/index.ts';

/** From the compiled file to the checkout's root. */
const BUILT = fileURLToPath(new URL('../../../scripts/peers/bin/etcdmvccpeer', import.meta.url));
const NEWEST = 'etcdmvccpeer-newest';
const OUTPUT_BYTES_MAX = 1024 * 1024;

const versionSchema = z.object({
  etcd: z.string(),
  bbolt: z.string(),
  go: z.string(),
  /** Threads that run Go code at once. */
  processors: z.number(),
});
const storeSchema = z.object({
  batchLimit: z.number(),
  batchIntervalMs: z.number(),
  sync: z.boolean(),
  freelist: z.string(),
  syncFreelist: z.boolean(),
  compactionBatchLimit: z.number(),
  compactionSleepMs: z.number(),
});
const workSchema = z.object({
  keys: z.number(),
  preload: z.number(),
  puts: z.number(),
  keyBytes: z.number(),
  valueBytes: z.number(),
  order: z.enum(['sequential', 'random']),
  seed: z.number(),
});
const costSchema = z.object({
  seconds: z.number(),
  userSeconds: z.number(),
  systemSeconds: z.number(),
  collections: z.number(),
  pauseSeconds: z.number(),
});
const latencySchema = z.object({
  count: z.number(),
  meanNs: z.number(),
  p50Ns: z.number(),
  p90Ns: z.number(),
  p99Ns: z.number(),
  p999Ns: z.number(),
  maxNs: z.number(),
});
const endSchema = z.object({
  revision: z.number(),
  keys: z.number(),
  /** etcd's hash of all revisions (CRC32C): equal for stores that were given the same puts. */
  hash: z.number(),
  fileBytes: z.number(),
  commits: z.number(),
});
const storeAnswer = { ...versionSchema.shape, settings: storeSchema, work: workSchema };
const putsSchema = z.object({
  ...storeAnswer,
  cost: costSchema,
  putsPerSecond: z.number(),
  commitsInside: z.number(),
  lastCommitNs: z.number(),
  heapBytesAtLast: z.number(),
  end: endSchema,
});
const readsSchema = z.object({
  ...storeAnswer,
  cost: costSchema,
  nsPerTransaction: z.number(),
  blockNsPerTransaction: z.array(z.number()),
  blockP99NsPerTransaction: z.array(z.number()),
  nsPerKey: z.number(),
  transactionsPerSecond: z.number(),
  timerNs: z.number(),
  keysRead: z.number(),
  bytesRead: z.number(),
  end: endSchema,
});
const besideSchema = z.object({
  ...storeAnswer,
  cost: costSchema,
  putsPerSecond: z.number(),
  latency: latencySchema,
  service: latencySchema,
  late: latencySchema,
  range: latencySchema,
  keysRead: z.number(),
  commitsInside: z.number(),
  end: endSchema,
});
const compactSchema = z.object({
  ...storeAnswer,
  cost: costSchema,
  callNs: z.number(),
  totalNs: z.number(),
  indexMs: z.number(),
  batchPauses: z.number(),
  batchPausesMs: z.number(),
  keysRemoved: z.number(),
  before: latencySchema,
  during: latencySchema,
  duringService: latencySchema,
  end: endSchema,
});
const leasesSchema = z.object({
  ...versionSchema.shape,
  settings: storeSchema,
  grant: costSchema,
  nsPerGrant: z.number(),
  bytesPerLease: z.number(),
  renew: costSchema,
  nsPerRenew: z.number(),
  idleEmpty: costSchema,
  idle: costSchema,
  nsPerRevoke: z.number(),
  expired: z.number(),
  expiryLag: latencySchema,
  leasesAtTheEnd: z.number(),
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
export function findEtcdMvccPeer(
  env: Readonly<Record<string, string | undefined>>,
): string | undefined {
  const path = env['KVTUNE_ETCDMVCCPEER'] ?? BUILT;
  return nodeVfs.exists(path) ? path : undefined;
}

/** The one around a newer etcd that build.sh leaves beside it; undefined where it is not there. */
export function newestBesideEtcdMvccPeer(peer: string): string | undefined {
  const path = join(dirname(peer), NEWEST);
  return nodeVfs.exists(path) ? path : undefined;
}

/** Which etcd a program holds. */
export async function etcdMvccVersion(peer: string, signal: AbortSignal): Promise<EtcdVersion> {
  return versionSchema.parse(JSON.parse(await run(peer, ['version'], signal)));
}

/** Puts as fast as they go, each a transaction of its own. */
export async function runEtcdPuts(call: EtcdPeerCall, request: EtcdPutsRequest): Promise<EtcdPuts> {
  return putsSchema.parse(await ask(call, 'puts', { ...request }));
}

/** What a read transaction costs with nothing beside it. */
export async function runEtcdReads(
  call: EtcdPeerCall,
  request: EtcdReadsRequest,
): Promise<EtcdReads> {
  return readsSchema.parse(await ask(call, 'reads', { ...request }));
}

/** Latencies of puts beside ranges. */
export async function runEtcdBeside(
  call: EtcdPeerCall,
  request: EtcdBesideRequest,
): Promise<EtcdBeside> {
  return besideSchema.parse(await ask(call, 'beside', { ...request }));
}

/** One compaction and the latencies of puts beside it. */
export async function runEtcdCompact(
  call: EtcdPeerCall,
  request: EtcdCompactRequest,
): Promise<EtcdCompact> {
  return compactSchema.parse(await ask(call, 'compact', { ...request }));
}

/** What leases cost. */
export async function runEtcdLeases(
  call: EtcdPeerCall,
  request: EtcdLeasesRequest,
): Promise<EtcdLeases> {
  return leasesSchema.parse(await ask(call, 'leases', { ...request }));
}

/** A request's fields are the harness's flags: `keyBytes` is --key-bytes, `rangePauseMs` a time. */
async function ask(
  call: EtcdPeerCall,
  command: string,
  request: Readonly<Record<string, string | number | boolean | undefined>>,
): Promise<unknown> {
  const flags = Object.entries(request).flatMap(([field, value]) => {
    if (value === undefined) return [];
    const [name, unit] = field.endsWith('Ms') ? [field.slice(0, -2), 'ms'] : [field, ''];
    const flag = name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
    return [`--${flag}=${value}${unit}`];
  });
  return JSON.parse(await run(call.peer, [command, call.path, ...flags], call.signal));
}

function run(peer: string, args: readonly string[], signal: AbortSignal): Promise<string> {
  return new Promise((resolve, reject) => {
    execFile(peer, args, { signal, maxBuffer: OUTPUT_BYTES_MAX }, (error, stdout, stderr) => {
      if (error === null) resolve(stdout);
      else reject(error.name === 'AbortError' ? error : new Error(stderr.trim() || error.message));
    });
  });
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
