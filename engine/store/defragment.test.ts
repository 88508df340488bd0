import { beforeEach, describe, expect, it } from 'vitest';
import { leaseId } from '../base/ids.ts';
import { Random } from '../base/random.ts';
import { bytesOf } from '../../scripts/simulation/model.ts';
import { TapVfs } from '../../scripts/simulation/tap-vfs.ts';
import { END_OF_KEYS } from '../mvcc/mvcc-reader.ts';
import { MemoryVfs } from '../vfs/memory-vfs.ts';
import type { Vfs } from '../vfs/vfs.ts';
import { defragmentSteps, keyspaceHashSteps, runSteps } from './maintenance.ts';
import type { StoreOptions } from './options.ts';
import { Store } from './store.ts';

const SMALL: Partial<StoreOptions> = {
  cacheBytes: 1024 ** 2,
  indexBytes: 16 * 1024 ** 2,
  bufferEntries: 4096,
  bufferBytes: 16 * 1024 ** 2,
  segmentBytes: 1024 ** 2,
};
const KEYS = 40;
const ROUNDS = 12;

function open(vfs: Vfs): Store {
  return Store.open('store', SMALL, vfs);
}

/** A store most of whose file is free: every key was put often, and all but the last was compacted. */
function makeOld(vfs: Vfs): void {
  const store = open(vfs);
  const asked = { prevKv: false, ignoreValue: false, ignoreLease: false };
  store.submit({ kind: 'leaseGrant', id: leaseId(7n), ttlSeconds: 1000 }, () => undefined);
  for (let round = 0; round < ROUNDS; round++) {
    for (let i = 0; i < KEYS; i++) {
      const key = bytesOf(`key-${i}`);
      const value = new Uint8Array(1000).fill(round);
      const lease = leaseId(i === 0 ? 7n : 0n);
      store.submit({ kind: 'put', key, value, lease, ...asked }, (error) => {
        expect(error).toBeUndefined();
      });
    }
    store.flush();
    store.commit();
  }
  store.submit({ kind: 'compact', revision: store.revision }, () => undefined);
  store.flush();
  store.mvcc.finishCompaction();
  store.close();
}

function stateOf(vfs: Vfs): unknown {
  const store = open(vfs);
  const { kvs, count, revision } = store.range({ key: new Uint8Array(1), end: END_OF_KEYS });
  const leased = store.leases().map((id) => store.keysOfLease(id));
  const { hash } = runSteps(keyspaceHashSteps(store));
  store.close();
  return { kvs, count, revision, leased, hash };
}

describe('defragmentSteps', () => {
  let disk: MemoryVfs;
  let before: unknown;

  beforeEach(() => {
    disk = new MemoryVfs();
    makeOld(disk);
    before = stateOf(disk);
  });

  it('leaves the same store in a smaller file, which goes on', () => {
    const { sourceBytes, targetBytes } = runSteps(defragmentSteps('store', disk));
    expect(targetBytes).toBeLessThan(sourceBytes / 4);
    expect(disk.list('store').sort()).toEqual(['db', 'wal']);
    expect(stateOf(disk)).toEqual(before);
    makeOld(disk);
    expect(stateOf(disk)).not.toEqual(before);
  });

  it('refuses while the store is open, and harms nothing', () => {
    const store = open(disk);
    expect(() => runSteps(defragmentSteps('store', disk))).toThrow(
      expect.objectContaining({ code: 'LOCKED' }),
    );
    store.close();
    expect(stateOf(disk)).toEqual(before);
  });

  it('leaves the old file or the new one wherever the power goes', () => {
    const random = new Random(1);
    const images: MemoryVfs[] = [];
    const tap = new TapVfs(disk, () => {
      for (const survival of [0, 0.5, 1]) images.push(disk.crashImage(random.fork(), survival));
    });
    runSteps(defragmentSteps('store', tap));
    expect(images.length).toBeGreaterThan(20);
    for (const image of images) {
      expect(stateOf(image)).toEqual(before);
      // What the first one left in the way does not stop the next.
      runSteps(defragmentSteps('store', image));
      expect(stateOf(image)).toEqual(before);
    }
  });
});
