// Verification on a real store: what was loaded passes; each kind of planted fault is named.

import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import {
  Answer,
  attachStoreReader,
  ChannelClient,
  leaseId,
  nodeVfs,
  Store,
  StoreThread,
  type MvccReader,
  type Request,
} from '../../engine/index.ts';
import { Operation, workload } from '../../workloads/index.ts';
import { testFolder } from '../testing/test-folder.ts';
import { preloadStore } from './preload.ts';
import { verifyStore, type VerifyOptions } from './verify.ts';

const FOLDER = testFolder('verify');
const SEED = 3;
/** What was loaded beforehand has a seed of its own. */
const PRELOAD_SEED = 4;
const LEASES = 20;
const WORKLOAD = workload('mass-leases', { leases: LEASES, keysPerLease: 2, ttlSeconds: 100 });
const NO_LEASE = leaseId(0n);
let folders = 0;

/** A store that holds what the workload loads beforehand, and a hand on it. */
class Loaded {
  readonly #thread: StoreThread;
  readonly #channel: ChannelClient;
  readonly #reader: MvccReader;

  static async make(): Promise<Loaded> {
    const folder = join(FOLDER, `${folders++}`);
    mkdirSync(folder);
    const sizes = { cacheBytes: 1024 ** 2, indexBytes: 16 * 1024 ** 2, segmentBytes: 1024 ** 2 };
    const store = Store.open(folder, sizes);
    await preloadStore(store, WORKLOAD.preload(PRELOAD_SEED), {
      signal: new AbortController().signal,
      onProgress: () => undefined,
    });
    store.close();
    const thread = await StoreThread.start({ folder, options: sizes, channels: 1 });
    return new Loaded(thread);
  }

  private constructor(thread: StoreThread) {
    this.#thread = thread;
    this.#channel = new ChannelClient(thread.channels[0]!);
    this.#reader = attachStoreReader(thread.share, nodeVfs);
  }

  /** Does something that no stream knows of. */
  plant(request: Request): void {
    expect(this.#channel.submit(0, request)).toBe(true);
    this.#channel.ring();
    const answer = new Answer();
    while (!this.#channel.take(answer)) this.#channel.wait(10);
    expect(answer.error).toBeUndefined();
  }

  async verify(over: Partial<VerifyOptions> = {}) {
    const { leases } = await this.#thread.stats();
    return verifyStore({
      ...{ workload: WORKLOAD, seed: SEED, preloadSeed: PRELOAD_SEED, leases },
      ...{ progress: [{ acknowledged: 0 }], seconds: 1 },
      ...{ channel: this.#channel, reader: this.#reader },
      ...over,
    });
  }

  async end(): Promise<void> {
    this.#reader.detach();
    await this.#thread.stop();
  }
}

let loaded: Loaded;

afterEach(() => loaded.end());

/** Key and value of what is loaded as key i. */
function entry(i: number): { key: Uint8Array; value: Uint8Array } {
  const operation = new Operation();
  WORKLOAD.preload(PRELOAD_SEED).fill(i, operation);
  const { key, keyLength, value, valueLength } = operation;
  return { key: key.slice(0, keyLength), value: value.slice(0, valueLength) };
}

function put(key: Uint8Array, value: Uint8Array, lease = NO_LEASE): Request {
  const flags = { prevKv: false, ignoreValue: false, ignoreLease: false };
  return { kind: 'put', key, value, lease, ...flags };
}

describe('verifyStore', () => {
  it('passes what was loaded', async () => {
    loaded = await Loaded.make();
    expect(await loaded.verify()).toEqual({ ok: true, entries: 2 * LEASES, faults: [] });
  });

  it('names a key that is gone', async () => {
    loaded = await Loaded.make();
    const { key } = entry(5);
    loaded.plant({ kind: 'deleteRange', key, end: undefined, prevKv: false });
    const { ok, faults } = await loaded.verify();
    expect({ ok, faults }).toEqual({ ok: false, faults: ['key 5 is missing'] });
  });

  it('names a write that nobody made, and one of another run', async () => {
    loaded = await Loaded.make();
    const lease = leaseId(4n);
    loaded.plant(put(entry(6).key, entry(7).value, lease));
    const other = new Operation();
    WORKLOAD.preload(PRELOAD_SEED + 1).fill(7, other);
    const value = other.value.slice(0, other.valueLength);
    loaded.plant(put(entry(7).key, value, lease));
    const { faults } = await loaded.verify();
    expect(faults.slice(0, 2)).toEqual([
      'the value of key 6 was written for 7',
      'the value of key 7 comes from a run with another seed',
    ]);
  });

  it('names a key that hangs on the wrong lease, or on none', async () => {
    loaded = await Loaded.make();
    loaded.plant(put(entry(0).key, entry(0).value));
    loaded.plant(put(entry(2).key, entry(2).value, leaseId(9n)));
    const { faults } = await loaded.verify();
    expect(faults).toEqual([
      'key 0 hangs on no lease, and should on lease 1',
      'key 2 hangs on lease 9, and should on lease 2',
    ]);
  });

  it('names a lease that ended before its time, with its keys; later it may have ended', async () => {
    loaded = await Loaded.make();
    loaded.plant({ kind: 'leaseRevoke', id: leaseId(3n), keysMax: 0 });
    const { faults } = await loaded.verify();
    expect(faults).toEqual(['lease 3 is gone before its time']);
    expect(await loaded.verify({ seconds: 101 })).toMatchObject({ ok: true });
  });

  it('names leases that should not be there', async () => {
    loaded = await Loaded.make();
    loaded.plant({ kind: 'leaseGrant', id: leaseId(77n), ttlSeconds: 100 });
    const { faults } = await loaded.verify();
    expect(faults).toEqual(['there are 21 leases, and should be 20 at most']);
  });

  it('misses what was acknowledged and is not there', async () => {
    loaded = await Loaded.make();
    const { ok, faults } = await loaded.verify({ progress: [{ acknowledged: 500 }] });
    expect(ok).toBe(false);
    expect(faults).toHaveLength(11);
    expect(faults[10]).toMatch(/^and \d+ more$/);
  });
});
