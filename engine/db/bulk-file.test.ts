import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { Random } from '../base/random.ts';
import { FREELIST_KINDS } from '../freelist/create.ts';
import { FLAG_BRANCH } from '../page/layout.ts';
import { PageBuffer, pageCount, pageFlags } from '../page/page-buffer.ts';
import { bytesOf } from '../testing/model.ts';
import { MemoryVfs } from '../vfs/memory-vfs.ts';
import { nodeVfs } from '../vfs/node-vfs.ts';
import { BulkFile, USED_PAGES_MAX } from './bulk-file.ts';
import { checkDb } from './check.ts';
import { Db } from './db.ts';

const PATH = 'bulk.db';
const BUCKET = bytesOf('key');

interface Laid {
  readonly vfs: MemoryVfs;
  readonly keys: readonly string[];
  readonly freePages: number;
  readonly freeSpans: Map<number, number>;
}

/** Lays out alternating used and free runs of seeded lengths. */
function layOut(options: { pageSize: number; storeFreelist: boolean; runs: number }): Laid {
  const vfs = new MemoryVfs();
  const random = new Random(options.runs);
  const { pageSize, storeFreelist } = options;
  const bulk = BulkFile.create(PATH, { pageSize, bucket: BUCKET, storeFreelist }, vfs);
  const keys: string[] = [];
  const freeSpans = new Map<number, number>();
  let freePages = 0;
  for (let run = 0; run < options.runs; run++) {
    const key = `r${String(run).padStart(7, '0')}`;
    if (bulk.addUsed(random.between(1, 5), bytesOf(key))) keys.push(key);
    const pages = random.between(1, 4);
    bulk.addFree(pages);
    freePages += pages;
    freeSpans.set(pages, (freeSpans.get(pages) ?? 0) + 1);
  }
  expect(bulk.nodes).toBeGreaterThanOrEqual(keys.length);
  bulk.finish();
  return { vfs, keys, freePages, freeSpans };
}

function keysOf(db: Db): string[] {
  return db.read((tx) => {
    const cursor = tx.bucket(BUCKET)!.cursor();
    const keys: string[] = [];
    for (let there = cursor.first(); there; there = cursor.next()) {
      keys.push(Buffer.from(cursor.key()).toString());
    }
    return keys;
  });
}

describe.each(FREELIST_KINDS)('BulkFile, opened with %s', (freelist) => {
  it.each([
    { pageSize: 4096, storeFreelist: true, runs: 2000 },
    { pageSize: 4096, storeFreelist: false, runs: 2000 },
    { pageSize: 512, storeFreelist: true, runs: 700 },
    { pageSize: 512, storeFreelist: false, runs: 1 },
  ])('makes a sound database: %o', (options) => {
    const { vfs, keys, freePages, freeSpans } = layOut(options);
    expect(checkDb(vfs, PATH).faults).toEqual([]);
    const db = Db.open(PATH, { freelist, cacheBytes: 1024 * 1024 }, vfs);
    expect(checkDb(vfs, PATH, db).faults).toEqual([]);
    expect(db.stats().freePages).toBe(freePages);
    expect(db.freeSpans()).toEqual(freeSpans);
    expect(keysOf(db)).toEqual(keys);
    db.close();
  });

  it.each([true, false])('can be written to, freelist stored: %s', (storeFreelist) => {
    const { vfs, keys } = layOut({ pageSize: 4096, storeFreelist, runs: 500 });
    const db = Db.open(PATH, { freelist, syncFreelist: storeFreelist }, vfs);
    const random = new Random(7);
    const expected = new Map(keys.map((key) => [key, -1]));
    for (let commit = 0; commit < 10; commit++) {
      db.write((tx) => {
        const bucket = tx.bucket(BUCKET)!;
        for (let i = 0; i < 30; i++) {
          const key = `r${String(random.below(600)).padStart(7, '0')}`;
          if (random.below(3) === 0) {
            expect(bucket.delete(bytesOf(key))).toBe(expected.delete(key));
            continue;
          }
          const bytes = random.below(9000);
          bucket.put(bytesOf(key), new Uint8Array(bytes).fill(1));
          expected.set(key, bytes);
        }
      });
      expect(checkDb(vfs, PATH, db).faults).toEqual([]);
    }
    expect(keysOf(db)).toEqual([...expected.keys()].sort());
    db.read((tx) => {
      const bucket = tx.bucket(BUCKET)!;
      for (const [key, bytes] of expected) {
        const value = bucket.get(bytesOf(key))!;
        // A bulk-loaded value is a hole: zeros that fill its leaf.
        expect(value.every((byte) => byte === (bytes < 0 ? 0 : 1))).toBe(true);
        if (bytes >= 0) expect(value.length).toBe(bytes);
        else expect((value.length + 32 + key.length) % 4096).toBe(0);
      }
    });
    db.close();
  });
});

describe('BulkFile', () => {
  it('is no database before it is finished', () => {
    const vfs = new MemoryVfs();
    const options = { pageSize: 4096, bucket: BUCKET, storeFreelist: true };
    const bulk = BulkFile.create(PATH, options, vfs);
    bulk.addUsed(3, bytesOf('a'));
    bulk.addFree(2);
    expect(bulk.pages).toBe(7);
    expect(() => Db.open(PATH, {}, vfs)).toThrow(
      expect.objectContaining({ code: 'NOT_A_DATABASE' }),
    );
    bulk.abandon();
  });

  it('leaves no branch with one child, whatever number of leaves there is', () => {
    for (let runs = 2; runs < 420; runs += 1) {
      const { vfs } = layOut({ pageSize: 512, storeFreelist: false, runs });
      const file = vfs.open(PATH, { mode: 'read' });
      const page = new PageBuffer(new ArrayBuffer(512));
      for (let pgid = 2; pgid * 512 < file.size(); pgid++) {
        file.read(page.u8, 0, 512, pgid * 512);
        if (page.u32[0] !== pgid || pageFlags(page, 0) !== FLAG_BRANCH) continue;
        expect(pageCount(page, 0), `page ${pgid} of ${runs} runs`).toBeGreaterThan(1);
      }
      file.close();
    }
  });

  it('copies keys, also those that lie in a Buffer', () => {
    const vfs = new MemoryVfs();
    const bulk = BulkFile.create(
      PATH,
      { pageSize: 512, bucket: BUCKET, storeFreelist: false },
      vfs,
    );
    const key = Buffer.alloc(4);
    for (let i = 0; i < 100; i++) {
      key.writeUInt32BE(i);
      bulk.addUsed(1, key);
    }
    bulk.finish();
    expect(checkDb(vfs, PATH).faults).toEqual([]);
  });

  it('is laid out on while what is there is brought to disk', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'kvtune-bulk-'));
    const path = join(folder, PATH);
    const options = { pageSize: 512, bucket: BUCKET, storeFreelist: true };
    const bulk = BulkFile.create(path, options);
    let flushing = Promise.resolve();
    for (let i = 0; i < 400; i++) {
      bulk.addUsed(2, bytesOf(`k${String(i).padStart(3, '0')}`));
      if (i % 100 === 0) flushing = bulk.flush();
      bulk.addFree(1);
    }
    await flushing;
    bulk.finish();
    expect(checkDb(nodeVfs, path).faults).toEqual([]);
    rmSync(folder, { recursive: true });
  });

  it('never overwrites a file', () => {
    const { vfs } = layOut({ pageSize: 4096, storeFreelist: false, runs: 3 });
    const options = { pageSize: 4096, bucket: BUCKET, storeFreelist: true };
    expect(() => BulkFile.create(PATH, options, vfs)).toThrow(/exists/);
  });

  it('costs disk for headers only: values are holes', () => {
    const vfs = new MemoryVfs();
    const options = { pageSize: 4096, bucket: BUCKET, storeFreelist: true };
    const bulk = BulkFile.create(PATH, options, vfs);
    for (let i = 0; i < 40; i++) {
      bulk.addUsed(USED_PAGES_MAX, bytesOf(`k${String(i).padStart(3, '0')}`));
    }
    bulk.finish();
    const file = vfs.open(PATH, { mode: 'read' });
    expect(file.size()).toBeGreaterThan(40 * USED_PAGES_MAX * 4096);
    expect(file.allocatedBytes()).toBeLessThan(5 * 2 ** 20);
    file.close();
    expect(checkDb(vfs, PATH).faults).toEqual([]);
  });
});
