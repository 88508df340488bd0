// Damaged files: what is spoiled in a page's structure is reported with its page; one damaged meta
// costs the newest commit at most; whatever the bytes say, the answer is an EngineError or a value. What
// damage this format cannot show is stated as a test. Links and sizes that lead astray have a file of
// their own, hostile-file.test.ts.

import { describe, expect, it } from 'vitest';
import { Random } from '../base/random.ts';
import { FREELIST_KINDS } from '../freelist/create.ts';
import { FREELIST_COUNT_ESCAPE, META_END, META_MAGIC, PAGE_HEADER_BYTES } from '../page/layout.ts';
import {
  copyOf,
  DAMAGE_PAGE_BYTES,
  DAMAGE_PATH,
  errorOf,
  faultsOf,
  firstBranch,
  makeSoundFile,
  openDamaged,
  PageEdit,
  truncateDamaged,
} from '../testing/damage.ts';
import { exercise, spoil } from '../testing/exercise.ts';
import { bytesOf } from '../testing/model.ts';
import { MemoryVfs } from '../vfs/memory-vfs.ts';
import { checkDb } from './check.ts';
import { Db } from './db.ts';

const LONG = process.env['KVTUNE_LONG_TESTS'] === '1';
const SEED = 20261122;
const sound = makeSoundFile();
const TREE = bytesOf('tree');

function pagesWithFaults(vfs: MemoryVfs): number[] {
  return faultsOf(vfs).map(({ pgid }) => pgid);
}

describe('a damaged meta', () => {
  const PATH = 'meta.db';
  const PAGE = 1024;
  const KEY = bytesOf('txid');

  /** Five commits, each of which stored its txid; the last one wrote meta `newest`. */
  function make(): { vfs: MemoryVfs; txid: number; newest: number } {
    const vfs = new MemoryVfs();
    const db = Db.open(PATH, { pageSize: PAGE, syncFreelist: true }, vfs);
    for (let commit = 0; commit < 5; commit++) {
      db.write((tx) => {
        tx.root.put(KEY, Uint8Array.of(tx.txid));
        const bucket = tx.ensureBucket(bytesOf('b'));
        for (let i = 0; i < 30; i++) bucket.put(bytesOf(`${i}`), new Uint8Array(90 + commit));
      });
    }
    const { txid } = db.meta;
    db.close();
    return { vfs, txid, newest: txid % 2 };
  }

  function flip(vfs: MemoryVfs, position: number, mask: number): void {
    const file = vfs.open(PATH, { mode: 'write' });
    const byte = new Uint8Array(1);
    file.read(byte, 0, 1, position);
    byte[0] = byte[0]! ^ mask;
    file.write(byte, 0, 1, position);
    file.close();
  }

  const masks = [1, 2, 4, 8, 16, 32, 64, 128, 255];

  it.each([0, 1])(
    'number %i: every bit and byte of it leaves a state that was committed',
    (meta) => {
      const { vfs, txid, newest } = make();
      for (let offset = 0; offset < META_END; offset++) {
        for (const mask of masks) {
          const image = copyOf(vfs);
          flip(image, meta * PAGE + offset, mask);
          const db = Db.open(PATH, { pageSize: PAGE }, image);
          // The page header in front of a meta says nothing that opening needs.
          const damaged = offset >= META_MAGIC;
          const expected = damaged && meta === newest ? txid - 1 : txid;
          if (db.meta.txid !== expected) expect.fail(`byte ${offset} opens txid ${db.meta.txid}`);
          if (db.read((tx) => tx.root.get(KEY)?.[0]) !== expected) {
            expect.fail(`byte ${offset} opens another state`);
          }
          const { faults } = checkDb(image, PATH, db);
          if (faults.length > 0) expect(faults, `byte ${offset}`).toEqual([]);
          db.close();
        }
      }
    },
  );

  it('is written anew by the commits that follow', () => {
    for (const meta of [0, 1]) {
      const { vfs } = make();
      flip(vfs, meta * PAGE + META_MAGIC + 20, 255);
      for (let commit = 0; commit < 2; commit++) {
        const db = Db.open(PATH, { pageSize: PAGE }, vfs);
        db.write((tx) => tx.root.put(KEY, Uint8Array.of(200 + commit)));
        db.close();
      }
      // Now the file can lose the other one.
      flip(vfs, (1 - meta) * PAGE + META_MAGIC + 20, 255);
      const db = Db.open(PATH, { pageSize: PAGE }, vfs);
      expect([200, 201]).toContain(db.read((tx) => tx.root.get(KEY)?.[0]));
      expect(checkDb(vfs, PATH, db).faults).toEqual([]);
      db.close();
    }
  });

  it('beside another one is one clear error, the same for open, read-only open and check', () => {
    const { vfs } = make();
    const random = new Random(SEED);
    const codes = new Set<string>();
    for (let offset = META_MAGIC; offset < META_END; offset++) {
      for (const mask of [...masks, random.between(1, 255)]) {
        const image = copyOf(vfs);
        flip(image, offset, mask);
        flip(image, PAGE + random.between(META_MAGIC, META_END - 1), random.between(1, 255));
        const errors = [
          errorOf(() => Db.open(PATH, { pageSize: PAGE }, image)),
          errorOf(() => Db.open(PATH, { pageSize: PAGE, readOnly: true }, image)),
          errorOf(() => checkDb(image, PATH)),
        ];
        expect(new Set(errors.map(({ code, message }) => `${code} ${message}`)).size).toBe(1);
        expect(errors[0]!.message).toMatch(/^[^\n]*meta\.db [^\n]+$/);
        codes.add(errors[0]!.code);
      }
    }
    expect([...codes].sort()).toEqual(['CORRUPT', 'NOT_A_DATABASE', 'VERSION_MISMATCH']);
  });

  it('is no other version when the second one is of ours and damaged elsewhere', () => {
    const { vfs } = make();
    flip(vfs, META_MAGIC + 4, 1);
    flip(vfs, PAGE + META_MAGIC + 20, 1);
    const error = errorOf(() => Db.open(PATH, { pageSize: PAGE }, vfs));
    expect(error.code).toBe('CORRUPT');
    expect(error.message).toContain('meta 0: format version 3, meta 1: wrong checksum');
  });
});

describe('a file that was cut', () => {
  it('is refused at every page boundary and beside it, with one clear error', () => {
    const whole = sound.highWater * DAMAGE_PAGE_BYTES;
    for (let page = 1; page <= sound.highWater; page++) {
      for (const bytes of [-511, -257, -1, 0, 1].map((off) => page * DAMAGE_PAGE_BYTES + off)) {
        const vfs = copyOf(sound.vfs);
        truncateDamaged(vfs, bytes);
        if (bytes >= whole) {
          expect(faultsOf(vfs)).toEqual([]);
          continue;
        }
        // Less than one meta cannot be told from any other file.
        const code = bytes < META_END ? 'NOT_A_DATABASE' : 'CORRUPT';
        for (const work of [
          () => openDamaged(vfs),
          () => openDamaged(vfs, { readOnly: true }),
          () => checkDb(vfs, DAMAGE_PATH),
        ]) {
          const error = errorOf(work);
          if (error.code !== code) expect.fail(`${bytes} bytes: ${error.code} ${error.message}`);
        }
      }
    }
  });

  it('to nothing is a new database for a writer and none for a reader', () => {
    const vfs = copyOf(sound.vfs);
    truncateDamaged(vfs, 0);
    expect(errorOf(() => openDamaged(vfs, { readOnly: true })).code).toBe('NOT_A_DATABASE');
    const db = openDamaged(vfs);
    expect(db.read((tx) => tx.bucket(TREE))).toBeUndefined();
    db.close();
  });
});

describe('a damaged page is reported with its number', () => {
  type Spoil = (page: PageEdit, random: Random) => void;
  const ways: [string, Spoil][] = [
    ['zeros', (page) => page.bytes.fill(0)],
    ['noise', (page, random) => random.fill(page.bytes)],
    ['another number', (page) => page.view.setBigUint64(0, BigInt(page.pgid + 1), true)],
    ['a number beyond 2^53', (page) => page.view.setBigUint64(0, 2n ** 60n, true)],
    ['no type', (page) => (page.flags = 0)],
    ['the type of a meta', (page) => (page.flags = 4)],
    ['65,535 elements', (page) => (page.count = 0xffff)],
    ['2^32 - 1 overflow pages', (page) => (page.overflow = 0xffff_ffff)],
    ['overflow beyond the file', (page) => (page.overflow = sound.highWater)],
  ];

  it.each(ways)('%s', (_, change) => {
    const random = new Random(SEED);
    for (const pgid of sound.used) {
      const vfs = copyOf(sound.vfs);
      const page = new PageEdit(vfs, pgid);
      change(page, random);
      page.write();
      const faulty = pagesWithFaults(vfs);
      // 65,535 in a freelist says that its first id is the count: what it misses then is reported.
      const escaped = pgid === sound.freelist && page.count === FREELIST_COUNT_ESCAPE;
      if (escaped) expect(faulty.length).toBeGreaterThan(0);
      else if (!faulty.includes(pgid)) {
        expect.fail(`page ${pgid}: ${JSON.stringify(faultsOf(vfs).slice(0, 3))}`);
      }
      exercise(vfs, random, 'bitmap');
    }
  });

  it.each([
    ['as it is', false],
    ['under its new number', true],
  ])('another page in its place, %s', (_, renumbered) => {
    const nodes = sound.used.filter((pgid) => pgid !== sound.freelist);
    const random = new Random(SEED);
    for (const pgid of nodes) {
      const other = nodes[random.below(nodes.length)]!;
      if (other === pgid) continue;
      const vfs = copyOf(sound.vfs);
      const page = new PageEdit(vfs, other);
      if (renumbered) page.view.setBigUint64(0, BigInt(pgid), true);
      page.write(pgid);
      // The root of a bucket may be any page: its copy shows by what can be reached twice, or not at all.
      if (!renumbered) expect(pagesWithFaults(vfs)).toContain(pgid);
      else expect(faultsOf(vfs).length).toBeGreaterThan(0);
      exercise(vfs, random, 'hashmap');
    }
  });

  it('two pages that changed places, under their own numbers or the other one', () => {
    const nodes = sound.used.filter((pgid) => pgid !== sound.freelist);
    const random = new Random(SEED + 1);
    for (let round = 0; round < 60; round++) {
      const vfs = copyOf(sound.vfs);
      const a = new PageEdit(vfs, nodes[random.below(nodes.length)]!);
      const b = new PageEdit(vfs, nodes[random.below(nodes.length)]!);
      if (a.pgid === b.pgid) continue;
      if (round % 2 === 0) {
        a.view.setBigUint64(0, BigInt(b.pgid), true);
        b.view.setBigUint64(0, BigInt(a.pgid), true);
      }
      a.write(b.pgid);
      b.write(a.pgid);
      expect(faultsOf(vfs).length).toBeGreaterThan(0);
      exercise(vfs, random, 'array');
    }
  });

  it('a node without elements below a root; an empty root shows by what it no longer leads to', () => {
    const { used, freelist } = sound;
    for (const pgid of used.filter((page) => page !== freelist)) {
      const vfs = copyOf(sound.vfs);
      const page = new PageEdit(vfs, pgid);
      const wasRoot = page.buckets().length > 0;
      page.count = 0;
      page.write();
      if (wasRoot) expect(faultsOf(vfs).length).toBeGreaterThan(0);
      else expect(pagesWithFaults(vfs)).toContain(pgid);
    }
  });

  it('flags of an element that the format does not know', () => {
    const vfs = copyOf(sound.vfs);
    const page = new PageEdit(vfs, sound.root);
    page.view.setUint32(page.element(1), 5, true);
    page.write();
    expect(faultsOf(vfs)).toContainEqual({
      pgid: sound.root,
      fault: 'element 1 has flags that this format does not know',
    });
  });

  it('a bucket within an inline bucket, and keys out of order in one', () => {
    const make = (): { vfs: MemoryVfs; page: PageEdit; inline: number } => {
      const vfs = new MemoryVfs();
      const db = openDamaged(vfs);
      db.write((tx) => {
        const bucket = tx.createBucket(bytesOf('small'));
        bucket.put(bytesOf('a'), new Uint8Array(16));
        bucket.put(bytesOf('b'), bytesOf('2'));
      });
      const page = new PageEdit(vfs, db.meta.root);
      db.close();
      return { vfs, page, inline: page.leafValue(0) + 16 };
    };
    const nested = make();
    nested.page.view.setUint32(nested.inline + PAGE_HEADER_BYTES, 1, true);
    nested.page.write();
    const { pgid } = nested.page;
    const fault = 'inline bucket: it holds a bucket';
    expect(faultsOf(nested.vfs)).toContainEqual({ pgid, fault });
    const unordered = make();
    const key = unordered.inline + PAGE_HEADER_BYTES + 16 * 2;
    expect(unordered.page.view.getUint8(key)).toBe('a'.charCodeAt(0));
    unordered.page.view.setUint8(key, 'c'.charCodeAt(0));
    unordered.page.write();
    expect(faultsOf(unordered.vfs)).toContainEqual({ pgid, fault: 'key 1 is not above key 0' });
  });
});

describe('a damaged freelist', () => {
  const counts: [string, (page: PageEdit) => void][] = [
    [
      'counts 2^40 ids',
      (page) => {
        page.count = FREELIST_COUNT_ESCAPE;
        page.view.setBigUint64(PAGE_HEADER_BYTES, 2n ** 40n, true);
      },
    ],
    [
      'counts 2^64 - 1 ids',
      (page) => {
        page.count = FREELIST_COUNT_ESCAPE;
        page.view.setBigUint64(PAGE_HEADER_BYTES, 2n ** 64n - 1n, true);
      },
    ],
    ['counts more ids than its pages hold', (page) => (page.count = 0xfffe)],
    ['has 2^32 pages', (page) => (page.overflow = 0xffff_ffff)],
    ['names page 0', (page) => page.view.setBigUint64(PAGE_HEADER_BYTES, 0n, true)],
    ['names page 2^40', (page) => page.view.setBigUint64(PAGE_HEADER_BYTES, 2n ** 40n, true)],
    ['names a page twice', (page) => page.bytes.copyWithin(24, 16, 24)],
    ['is a leaf', (page) => (page.flags = 2)],
  ];

  it.each(counts)('that %s is refused for writing, and read around', (_, change) => {
    const vfs = copyOf(sound.vfs);
    const page = new PageEdit(vfs, sound.freelist);
    change(page);
    page.write();
    const error = errorOf(() => openDamaged(vfs));
    expect(error.code).toBe('CORRUPT');
    expect(error.message).toMatch(new RegExp(`^page ${sound.freelist} is damaged: `));
    expect(faultsOf(vfs)[0]?.pgid).toBe(sound.freelist);
    const db = openDamaged(vfs, { readOnly: true });
    expect(db.read((tx) => tx.bucket(TREE)?.get(bytesOf('last')))).toEqual(bytesOf('one'));
    db.close();
  });

  it('that names pages in use is found by check, page by page', () => {
    const list = new PageEdit(sound.vfs, sound.freelist);
    const lastPlace = DAMAGE_PAGE_BYTES - 8;
    const last = Number(list.view.getBigUint64(lastPlace, true));
    const below = sound.used.filter((used) => used !== sound.freelist && used < last);
    expect(below.length).toBeGreaterThan(3);
    for (const pgid of below) {
      const vfs = copyOf(sound.vfs);
      const page = new PageEdit(vfs, sound.freelist);
      // In the place of the next higher one, so that the list ascends as it did.
      let place = PAGE_HEADER_BYTES;
      while (page.view.getBigUint64(place, true) < BigInt(pgid)) place += 8;
      page.view.setBigUint64(place, BigInt(pgid), true);
      page.write();
      expect(faultsOf(vfs)).toContainEqual({
        pgid,
        fault: 'free in the stored freelist, but in use',
      });
      for (const freelist of FREELIST_KINDS) exercise(copyOf(vfs), new Random(pgid), freelist);
    }
  });
});

describe('what this format cannot show', () => {
  it('is a flip within a value, or within a key where the order stays', () => {
    const vfs = copyOf(sound.vfs);
    const branch = firstBranch(vfs, sound);
    const leaf = new PageEdit(vfs, Number(branch.child(1)));
    const last = leaf.count - 1;
    const value = leaf.leafValue(last) + 3;
    const key = leaf.leafValue(last) - 1;
    leaf.bytes[value] = leaf.bytes[value]! ^ 0xff;
    leaf.bytes[key] = leaf.bytes[key]! ^ 0x01;
    const changed = Uint8Array.from(leaf.bytes.subarray(leaf.leafKey(last), key + 1));
    leaf.write();
    expect(checkDb(vfs, DAMAGE_PATH)).toMatchObject({ ok: true, faults: [] });
    const db = openDamaged(vfs);
    // There is no checksum over a page: the wrong bytes are read as if they had been written.
    expect(db.read((tx) => tx.bucket(TREE)?.get(changed)?.[3])).toBe(0xff);
    db.close();
  });

  it('is the loss of the last elements of a leaf', () => {
    const vfs = copyOf(sound.vfs);
    const branch = firstBranch(vfs, sound);
    const leaf = new PageEdit(vfs, Number(branch.child(1)));
    const before = checkDb(vfs, DAMAGE_PATH);
    leaf.count--;
    leaf.write();
    const after = checkDb(vfs, DAMAGE_PATH);
    expect(after.ok).toBe(true);
    expect(after.entries).toBe(before.entries - 1);
  });
});

describe('any damage', () => {
  it.each(FREELIST_KINDS)('leads to an EngineError or an answer, %s', (freelist) => {
    const outcomes = { sound: 0, faulty: 0, readable: 0, writable: 0 };
    const rounds = LONG ? 700 : 150;
    for (let round = 0; round < rounds; round++) {
      const random = new Random(SEED + round);
      const image = copyOf(sound.vfs);
      for (let times = random.between(1, 3); times > 0; times--) spoil(image, sound, random);
      try {
        const outcome = exercise(image, random, freelist);
        outcomes[outcome.faults === 0 ? 'sound' : 'faulty']++;
        if (outcome.read) outcomes.readable++;
        if (outcome.written) outcomes.writable++;
        // What cannot be read has a fault that check sees.
        expect(outcome.read || outcome.faults !== 0).toBe(true);
      } catch (error) {
        throw new Error(`round ${round}`, { cause: error });
      }
    }
    expect(outcomes.faulty).toBeGreaterThan(rounds / 2);
    for (const count of Object.values(outcomes)) expect(count).toBeGreaterThan(rounds / 20);
  });
});
