// Interoperation with real bbolt 1.3.6: it accepts what the engine wrote and finds the same in it,
// the engine accepts what bbolt wrote, both go on with each other's files, and each keeps the other
// out while it writes. Contents are compared with a model that no reader of either side made.

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Random } from '../base/random.ts';
import { FREELIST_KINDS } from '../freelist/create.ts';
import type { FreelistKind } from '../freelist/freelist.ts';
import { hashOfDb, hashOfModel, type CanonicalHash } from '../testing/canonical-hash.ts';
import {
  bytesOf,
  cloneModel,
  emptyModel,
  expectModel,
  randomChange,
  type ModelBucket,
} from '../testing/model.ts';
import { describeWithBbolt, type BboltPeer } from '../testing/peers.ts';
import { nodeVfs } from '../vfs/node-vfs.ts';
import { checkDb } from './check.ts';
import { Db } from './db.ts';
import type { EngineOptions } from './options.ts';
import type { WriteBucket } from './write-bucket.ts';

const SEED = 20261123;

/** bbolt reads 4096 bytes before it looks at the page size, so an empty file of 512 is too short. */
const PAGE_SIZES = [1024, 2048, 4096, 8192, 16_384, 32_768, 65_536];

const KEEPINGS = FREELIST_KINDS.flatMap((freelist) => [
  { freelist, syncFreelist: false },
  { freelist, syncFreelist: true },
]);

let folder = '';
let files = 0;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'kvtune-interop-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function freshPath(): string {
  return join(folder, `${++files}.db`);
}

function openDb(path: string, options: Partial<EngineOptions>): Db {
  return Db.open(path, { cacheBytes: 8 * 1024 * 1024, ...options });
}

/** The engine's own check is clean; returns what it finds. */
function checkedHash(path: string): CanonicalHash {
  expect(checkDb(nodeVfs, path).faults).toEqual([]);
  const db = openDb(path, { readOnly: true });
  const hash = hashOfDb(db);
  db.close();
  return hash;
}

/** Both checks are clean, and both sides find the same; returns what that is. */
function expectShared(bbolt: BboltPeer, path: string): CanonicalHash {
  expect(bbolt.check(path)).toMatchObject({ ok: true, faults: [] });
  const ours = checkedHash(path);
  expect(ours).toEqual(bbolt.dump(path));
  return ours;
}

/** A life of commits, rollbacks and reopenings on `path`; returns what the file must hold. */
function live(path: string, options: Partial<EngineOptions>, seed: number): ModelBucket {
  const random = new Random(seed);
  let model = emptyModel();
  for (let life = 0; life < 2; life++) {
    const db = openDb(path, options);
    for (let round = 0; round < 12; round++) {
      const tx = db.beginWrite();
      const next = cloneModel(model);
      for (let i = random.between(1, 60); i > 0; i--) randomChange(random, tx.root, next);
      if (random.below(6) === 0) {
        tx.rollback();
      } else {
        tx.commit();
        model = next;
      }
    }
    expect(checkDb(nodeVfs, path, db).faults).toEqual([]);
    db.close();
  }
  return model;
}

/** Random changes in every bucket below, not in `bucket` itself: bbolt's root holds buckets only. */
function stirBelow(random: Random, bucket: WriteBucket, model: ModelBucket, depth = 0): void {
  for (const [name, inner] of [...model.buckets]) {
    const opened = bucket.bucket(bytesOf(name))!;
    // randomChange() counts on with numbers.
    if (!Number.isSafeInteger(inner.sequence)) {
      inner.sequence = random.below(1000);
      opened.setSequence(inner.sequence);
    }
    for (let i = random.below(20); i > 0; i--) randomChange(random, opened, inner, depth + 1);
    stirBelow(random, opened, inner, depth + 1);
  }
}

/**
 * The engine changes the file at `path`, bbolt goes on, `rounds` times over; each finds what the
 * other left, and both find exactly what the engine was told to write.
 */
function pingPong(
  bbolt: BboltPeer,
  path: string,
  options: { freelist: FreelistKind; syncFreelist: boolean; seed: number; rounds: number },
): void {
  const random = new Random(options.seed);
  for (let round = 0; round < options.rounds; round++) {
    // Both kinds and both ways of keeping the freelist come across each other.
    const freelist = round % 2 === 0 ? options.freelist : other(options.freelist);
    const syncFreelist = options.syncFreelist !== (round === 1);
    const model = bbolt.contents(path);
    const db = openDb(path, { freelist, syncFreelist });
    for (let commit = 0; commit < 3; commit++) {
      db.write((tx) => {
        stirBelow(random, tx.root, model);
      });
    }
    db.read((tx) => {
      for (const [name, inner] of model.buckets) expectModel(tx.bucket(bytesOf(name))!, inner);
    });
    expect(checkDb(nodeVfs, path, db).faults).toEqual([]);
    db.close();
    expect(expectShared(bbolt, path)).toEqual(hashOfModel(model));

    const filled = bbolt.fill(path, {
      seed: options.seed + round,
      ops: 120,
      freelist: other(freelist),
      syncFreelist,
      append: true,
    });
    expect(filled.puts).toBeGreaterThan(20);
    expect(checkedHash(path).hash).toBe(filled.hash);
  }
}

/** A kind bbolt has, and not the one at work where that matters. */
function other(freelist: FreelistKind): 'array' | 'hashmap' {
  return freelist === 'array' ? 'hashmap' : 'array';
}

/** A sequence as bbolt prints it, without the loss of a JavaScript number. */
function sequenceText(bbolt: BboltPeer, path: string, name: string): string | undefined {
  const key = Buffer.from(name).toString('base64');
  const line = new RegExp(`"path":\\[\\],"kind":"b","key":"${key}","sequence":(\\d+)`);
  return line.exec(bbolt.run('dump', path).stdout)?.[1];
}

describeWithBbolt('interoperation with bbolt', (bbolt) => {
  describe.each(KEEPINGS)('a file of ours, $freelist, syncFreelist $syncFreelist', (keeping) => {
    it.each(PAGE_SIZES)('is read and found whole after a history, pages of %i', (pageSize) => {
      const path = freshPath();
      const model = live(path, { ...keeping, pageSize }, SEED + pageSize);
      expect(expectShared(bbolt, path)).toEqual(hashOfModel(model));
    });

    it.each([1024, 4096, 65_536])('is read when it is empty, pages of %i', (pageSize) => {
      const path = freshPath();
      openDb(path, { ...keeping, pageSize }).close();
      const empty = { ...hashOfModel(emptyModel()), buckets: 0, keys: 0, bytes: 0 };
      expect(expectShared(bbolt, path)).toEqual(empty);
      // A commit that changes nothing but the txid, and where the freelist lies.
      const db = openDb(path, keeping);
      db.write(() => undefined);
      db.close();
      expect(expectShared(bbolt, path)).toEqual(empty);
    });

    it('goes from hand to hand', () => {
      const path = freshPath();
      const model = live(path, keeping, SEED);
      const db = openDb(path, keeping);
      db.write((tx) => {
        tx.root.setSequence(41);
      });
      db.close();
      expect(expectShared(bbolt, path)).toEqual(hashOfModel(model));
      pingPong(bbolt, path, { ...keeping, seed: SEED, rounds: 3 });
      const again = openDb(path, keeping);
      expect(again.read((tx) => tx.root.sequence)).toBe(41);
      again.close();
    });
  });

  it('finds every kind of entry', () => {
    const path = freshPath();
    const db = openDb(path, { syncFreelist: true });
    const model = emptyModel();
    const random = new Random(SEED);
    db.write((tx) => {
      for (const [name, bytes] of Object.entries({ none: 0, page: 4096, long: 3_000_001 })) {
        const bucket = tx.createBucket(bytesOf(name));
        const value = new Uint8Array(bytes);
        random.fill(value);
        const inner = emptyModel();
        for (const key of ['a', 'b'.repeat(32_768), '\xff\x00']) {
          bucket.put(bytesOf(key), value);
          inner.values.set(key, value);
        }
        bucket.setSequence(Number.MAX_SAFE_INTEGER - bytes);
        inner.sequence = Number.MAX_SAFE_INTEGER - bytes;
        model.buckets.set(name, inner);
      }
      let outer: WriteBucket = tx.createBucket(bytesOf('nested'));
      let shape = emptyModel();
      model.buckets.set('nested', shape);
      for (let depth = 0; depth < 12; depth++) {
        outer.put(bytesOf('inline'), bytesOf(`${depth}`));
        shape.values.set('inline', bytesOf(`${depth}`));
        const inner = emptyModel();
        shape.buckets.set(`level ${depth}`, inner);
        outer = outer.createBucket(bytesOf(`level ${depth}`));
        shape = inner;
      }
    });
    db.close();
    expect(expectShared(bbolt, path)).toEqual(hashOfModel(model));
    const large = openDb(path, {});
    large.write((tx) => {
      tx.deleteBucket(bytesOf('long'));
    });
    large.close();
    model.buckets.delete('long');
    expect(expectShared(bbolt, path)).toEqual(hashOfModel(model));
  });

  describe.each(KEEPINGS)(
    'a file of bbolt, ours $freelist, sync-freelist $syncFreelist',
    (keeping) => {
      it.each([1024, 4096, 65_536])('is read and continued, pages of %i', (pageSize) => {
        const path = freshPath();
        const filled = bbolt.fill(path, {
          ...keeping,
          freelist: keeping.freelist === 'bitmap' ? 'array' : keeping.freelist,
          seed: pageSize,
          ops: 400,
          pageSize,
        });
        expect(filled.freePages).toBeGreaterThan(0);
        const { hash, buckets, keys, bytes } = filled;
        expect(expectShared(bbolt, path)).toEqual({ hash, buckets, keys, bytes });
        const db = openDb(path, keeping);
        expect(db.options.pageSize).toBe(pageSize);
        expect(db.meta.freelist === undefined).toBe(!keeping.syncFreelist);
        expect(db.stats().freePages).toBe(filled.freePages);
        expect(checkDb(nodeVfs, path, db).faults).toEqual([]);
        db.close();
        pingPong(bbolt, path, { ...keeping, seed: SEED + pageSize, rounds: 2 });
      });
    },
  );

  it('keeps a sequence that no JavaScript number can hold', () => {
    const path = freshPath();
    bbolt.fill(path, { seed: 7, ops: 400, freelist: 'array', syncFreelist: false });
    const sequence = BigInt(sequenceText(bbolt, path, 'plain') ?? '0');
    expect(sequence).toBeGreaterThan(BigInt(Number.MAX_SAFE_INTEGER));
    const db = openDb(path, {});
    db.write((tx) => {
      const plain = tx.bucket(bytesOf('plain'))!;
      plain.put(bytesOf('new'), bytesOf('value'));
      expect(plain.exactSequence).toBe(sequence);
      expect(() => plain.sequence).toThrow(/no safe integer/);
      expect(() => plain.nextSequence()).toThrow(
        expect.objectContaining({ code: 'INCOMPATIBLE_VALUE' }),
      );
    });
    db.close();
    expectShared(bbolt, path);
    expect(sequenceText(bbolt, path, 'plain')).toBe(`${sequence}`);
  });

  describe('damage', () => {
    it('in a value shows in both hashes', () => {
      const path = freshPath();
      const db = openDb(path, {});
      db.write((tx) => {
        tx.createBucket(bytesOf('b')).put(bytesOf('k'), bytesOf('marker'.repeat(500)));
      });
      db.close();
      const before = expectShared(bbolt, path);
      const bytes = readFileSync(path);
      const at = bytes.indexOf('markermarker');
      bytes[at + 100] = bytes[at + 100]! ^ 1;
      writeFileSync(path, bytes);
      const after = expectShared(bbolt, path);
      expect(after.hash).not.toBe(before.hash);
      expect({ ...after, hash: before.hash }).toEqual(before);
    });

    it('in a page is found by both checks', () => {
      const path = freshPath();
      live(path, { syncFreelist: true }, SEED);
      const db = openDb(path, { readOnly: true });
      const root = db.meta.root;
      db.close();
      const bytes = readFileSync(path);
      // The root says that it takes one page more than it does: a page that others use.
      bytes.writeUInt32LE(bytes.readUInt32LE(root * 4096 + 12) + 1, root * 4096 + 12);
      writeFileSync(path, bytes);
      expect(checkDb(nodeVfs, path).ok).toBe(false);
      expect(bbolt.check(path).ok).toBe(false);
    });
  });

  describe('locks', () => {
    const lockedHere = /is locked by another process/;
    const path = (): string => {
      const made = freshPath();
      openDb(made, {}).close();
      return made;
    };

    it('a writer of ours keeps bbolt out until it closes', () => {
      const file = path();
      const db = openDb(file, {});
      expect(db.warnings).toEqual([]);
      const refused = bbolt.run('dump', file, '--hash');
      expect(refused.code).toBe(1);
      expect(refused.stderr).toMatch(lockedHere);
      db.close();
      expect(bbolt.run('dump', file, '--hash').code).toBe(0);
    });

    it('a reader of ours lets bbolt read, not write', () => {
      const file = path();
      const db = openDb(file, { readOnly: true });
      expect(bbolt.dump(file).keys).toBe(0);
      const refused = bbolt.run('fill', file, '--append', '--ops', '1');
      expect(refused.code).toBe(1);
      expect(refused.stderr).toMatch(lockedHere);
      db.close();
    });

    it('a writer in bbolt keeps us out until it closes', async () => {
      const file = path();
      const held = await bbolt.hold(file, 'write');
      const locked = {
        code: 'LOCKED',
        message: `${file} is open in another process; close it or copy the file`,
      };
      try {
        expect(() => openDb(file, {})).toThrow(expect.objectContaining(locked));
        expect(() => openDb(file, { readOnly: true })).toThrow(expect.objectContaining(locked));
      } finally {
        await held.release();
      }
      openDb(file, {}).close();
    });

    it('a reader in bbolt lets us read, not write', async () => {
      const file = path();
      const held = await bbolt.hold(file, 'read');
      try {
        openDb(file, { readOnly: true }).close();
        expect(() => openDb(file, {})).toThrow(expect.objectContaining({ code: 'LOCKED' }));
      } finally {
        await held.release();
      }
    });
  });
});
