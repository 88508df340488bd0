// Buckets in buckets: how deep they go. Opening without a stored freelist, check and reads agree on the
// limit, so that no database can be written that cannot be opened again.

import { describe, expect, it } from 'vitest';
import { BUCKET_DEPTH_MAX, FLAG_LEAF, LEAF_BUCKET } from '../page/layout.ts';
import { errorOf, faultsOf, openDamaged, PageEdit } from '../testing/damage.ts';
import { bytesOf } from '../testing/model.ts';
import { MemoryVfs } from '../vfs/memory-vfs.ts';
import type { Bucket } from './bucket.ts';

describe('buckets in buckets', () => {
  it('are created, read and checked as deep as the limit, and refused below it', () => {
    const vfs = new MemoryVfs();
    // Without a stored freelist opening follows every bucket.
    let db = openDamaged(vfs, { syncFreelist: false });
    const error = errorOf(() => {
      db.write((tx) => {
        let bucket = tx.root;
        for (let depth = 0; ; depth++) {
          if (depth > BUCKET_DEPTH_MAX) expect.fail('nothing was refused');
          bucket = bucket.createBucket(bytesOf('in'));
        }
      });
    });
    expect(error.code).toBe('INVALID_ARGUMENT');
    for (const valueBytes of [1, 400]) {
      db.write((tx) => {
        let bucket = tx.root;
        for (let depth = 0; depth < BUCKET_DEPTH_MAX; depth++) {
          bucket = bucket.ensureBucket(bytesOf('in'));
        }
        bucket.put(bytesOf('key'), new Uint8Array(valueBytes));
      });
      db.close();
      expect(faultsOf(vfs)).toEqual([]);
      db = openDamaged(vfs, { syncFreelist: false });
      const value = db.read((tx) => {
        let bucket = tx.bucket(bytesOf('in'))!;
        for (let depth = 1; depth < BUCKET_DEPTH_MAX; depth++) {
          bucket = bucket.bucket(bytesOf('in'))!;
        }
        return bucket.get(bytesOf('key'));
      });
      expect(value?.length).toBe(valueBytes);
    }
    db.close();
  });

  it('that another program nested deeper are refused by check as they are by reads', () => {
    const vfs = new MemoryVfs();
    const db = openDamaged(vfs);
    // An empty inline bucket: a header of zeros, and a leaf page without elements.
    const inline = new Uint8Array(32);
    inline[24] = FLAG_LEAF;
    db.write((tx) => {
      let bucket = tx.root;
      for (let depth = 0; depth < BUCKET_DEPTH_MAX; depth++) {
        bucket = bucket.createBucket(bytesOf('in'));
      }
      bucket.put(bytesOf('deep'), inline);
      bucket.put(bytesOf('room'), new Uint8Array(300));
    });
    const { highWater } = db.meta;
    db.close();
    const pages = Array.from({ length: highWater - 2 }, (_, i) => new PageEdit(vfs, i + 2));
    const page = pages.find((one) => one.flags === FLAG_LEAF && one.count === 2)!;
    page.view.setUint32(page.element(0), LEAF_BUCKET, true);
    page.write();
    const fault = `more than ${BUCKET_DEPTH_MAX} levels deep`;
    expect(faultsOf(vfs)).toContainEqual({ pgid: page.pgid, fault });
    const again = openDamaged(vfs, { readOnly: true });
    const error = errorOf(() =>
      again.read((tx) => {
        let bucket: Bucket = tx.root;
        for (let depth = 0; depth < BUCKET_DEPTH_MAX; depth++) {
          bucket = bucket.bucket(bytesOf('in'))!;
        }
        bucket.bucket(bytesOf('deep'));
      }),
    );
    expect(error.message).toContain(fault);
    again.close();
  });
});
