// Compaction: the copy holds the same in as few pages as it takes, the source stays as it is, and
// whatever goes wrong on the way, nothing is left that could be taken for a database.

import { describe, expect, it } from 'vitest';
import { EngineError, type EngineErrorCode } from '../base/errors.ts';
import { Random } from '../base/random.ts';
import { TapVfs } from '../../scripts/simulation/tap-vfs.ts';
import { hashOfDb, hashOfModel } from '../testing/canonical-hash.ts';
import { bytesOf, emptyModel, randomChange, type ModelBucket } from '../testing/model.ts';
import { elementAt, valueLength, valueStart } from '../page/page-buffer.ts';
import { FaultVfs, type FaultOperation } from '../vfs/fault-vfs.ts';
import { MemoryVfs } from '../vfs/memory-vfs.ts';
import type { Vfs } from '../vfs/vfs.ts';
import { checkDb } from './check.ts';
import { compactSteps, type CompactOptions, type CompactReport } from './compact.ts';
import { Db } from './db.ts';
import type { EngineOptions } from './options.ts';
import { readMeta } from './open-file.ts';
import { pageBits, walkPages, type PageVisit } from './page-walk.ts';

const SEED = 20261124;
const SOURCE = 'source.db';
const TARGET = 'target.db';

/** A life of random commits, so that pages are free and nodes half full; returns what is left. */
function live(vfs: Vfs, options: Partial<EngineOptions>, rounds = 30): ModelBucket {
  const random = new Random(SEED);
  const model = emptyModel();
  const db = Db.open(SOURCE, { cacheBytes: 2 ** 20, ...options }, vfs);
  for (let round = 0; round < rounds; round++) {
    db.write((tx) => {
      for (let i = random.between(1, 60); i > 0; i--) randomChange(random, tx.root, model);
    });
  }
  db.close();
  return model;
}

function compact(vfs: Vfs, options: Partial<CompactOptions> = {}): CompactReport {
  const steps = compactSteps({ source: SOURCE, target: TARGET, ...options }, vfs);
  for (;;) {
    const step = steps.next();
    if (step.done === true) return step.value;
  }
}

function contents(vfs: Vfs, path: string): Uint8Array {
  const file = vfs.open(path, { mode: 'read' });
  const bytes = new Uint8Array(file.size());
  file.read(bytes, 0, bytes.length, 0);
  file.close();
  return bytes;
}

function walk(vfs: Vfs, path: string, visit: (visit: PageVisit) => void): void {
  const file = vfs.open(path, { mode: 'read' });
  const { pageSize, root, highWater } = readMeta(file, path);
  const reached = pageBits(highWater);
  const fault = (page: number, what: string): never => expect.fail(`page ${page}: ${what}`);
  walkPages({ file, pageSize, root, highWater, reached, visit, fault });
  file.close();
}

/** `keys` in one bucket: 17 bytes of key, `valueBytes` of value. */
function fill(vfs: Vfs, keys: number, valueBytes: number, pageSize = 4096): void {
  const db = Db.open(SOURCE, { pageSize }, vfs);
  for (let i = 0; i < keys;) {
    db.write((tx) => {
      const bucket = tx.ensureBucket(bytesOf('key'));
      for (const end = Math.min(keys, i + 1000); i < end; i++) {
        const place = (i * 7919) % keys;
        bucket.put(bytesOf(`${place}`.padStart(17, '0')), new Uint8Array(valueBytes).fill(i));
      }
    });
  }
  db.close();
}

function expectFault(code: EngineErrorCode, message: RegExp, work: () => unknown): void {
  let thrown: unknown;
  try {
    work();
  } catch (error) {
    thrown = error;
  }
  expect(thrown).toBeInstanceOf(EngineError);
  expect((thrown as EngineError).message).toMatch(message);
  expect((thrown as EngineError).code).toBe(code);
}

describe('compactSteps()', () => {
  it.each([true, false])(
    'leaves pages of zeros to be holes, freelist stored %s',
    (syncFreelist) => {
      const vfs = new MemoryVfs();
      const db = Db.open(SOURCE, { pageSize: 4096, syncFreelist }, vfs);
      db.write((tx) => {
        const bucket = tx.createBucket(bytesOf('bucket'));
        bucket.put(bytesOf('value'), new Uint8Array(300_000).fill(1, 150_000, 150_001));
        tx.root.put(bytesOf('zeros'), new Uint8Array(3_000_000));
      });
      db.close();
      const { targetBytes } = compact(vfs);
      const file = vfs.open(TARGET, { mode: 'read' });
      // The root's last page is a hole: the file has to reach behind it all the same.
      expect(file.size()).toBe(targetBytes);
      expect(targetBytes).toBeGreaterThan(3_300_000);
      expect(file.allocatedBytes()).toBeLessThan(targetBytes / 10);
      file.close();
      expect(checkDb(vfs, TARGET).faults).toEqual([]);
      const copy = Db.open(TARGET, { readOnly: true }, vfs);
      const value = copy.read((tx) => tx.bucket(bytesOf('bucket'))?.get(bytesOf('value')));
      expect(value?.indexOf(1)).toBe(150_000);
      expect(value?.lastIndexOf(1)).toBe(150_000);
      copy.close();
    },
  );

  const PAGE_SIZES = [512, 1024, 4096, 65_536];
  it.each(
    PAGE_SIZES.flatMap((pageSize) =>
      [0.1, 0.5, 1].flatMap((fillPercent) =>
        [true, false].map((syncFreelist) => ({ pageSize, fillPercent, syncFreelist })),
      ),
    ),
  )(
    'copies a lived-in database: pages of $pageSize, fill $fillPercent, freelist stored $syncFreelist',
    ({ pageSize, fillPercent, syncFreelist }) => {
      const vfs = new MemoryVfs();
      const model = live(vfs, { pageSize, syncFreelist });
      const before = contents(vfs, SOURCE);
      let neededBytes = 0;
      const report = compact(vfs, {
        fillPercent,
        begin: (plan) => {
          expect(vfs.exists(TARGET)).toBe(false);
          expect(plan.sourceBytes).toBe(before.length);
          ({ neededBytes } = plan);
        },
      });
      expect(report).toMatchObject(hashOfModel(model));
      expect(report.targetBytes).toBeLessThanOrEqual(neededBytes);
      expect(report.sourceBytes).toBe(before.length);
      expect(report.sourcePages * pageSize).toBe(before.length);
      expect(Buffer.compare(contents(vfs, SOURCE), before)).toBe(0);
      const { faults, usedPages, pages } = checkDb(vfs, TARGET);
      expect(faults).toEqual([]);
      expect(usedPages).toBe(pages);
      expect(pages * pageSize).toBe(report.targetBytes);
      // And it can be gone on with.
      const db = Db.open(TARGET, {}, vfs);
      expect(db.meta.freelist !== undefined).toBe(syncFreelist);
      expect(hashOfDb(db)).toEqual(hashOfModel(model));
      const random = new Random(SEED + 1);
      for (let round = 0; round < 5; round++) {
        db.write((tx) => {
          for (let i = 0; i < 40; i++) randomChange(random, tx.root, model);
        });
      }
      expect(checkDb(vfs, TARGET, db).faults).toEqual([]);
      expect(hashOfDb(db)).toEqual(hashOfModel(model));
      db.close();
    },
  );

  it('copies an empty database', () => {
    const vfs = new MemoryVfs();
    Db.open(SOURCE, {}, vfs).close();
    expect(compact(vfs)).toMatchObject({ keys: 0, buckets: 0, bytes: 0 });
    expect(checkDb(vfs, TARGET)).toMatchObject({ ok: true, entries: 0 });
  });

  it('keeps the sequence of every bucket, of empty and inline ones and of the root', () => {
    const vfs = new MemoryVfs();
    const db = Db.open(SOURCE, {}, vfs);
    db.write((tx) => {
      tx.root.setSequence(3);
      tx.createBucket(bytesOf('empty')).setSequence(Number.MAX_SAFE_INTEGER);
      tx.createBucket(bytesOf('inline')).put(bytesOf('a'), bytesOf('b'));
      tx.bucket(bytesOf('inline'))?.setSequence(7);
    });
    db.close();
    compact(vfs);
    const copy = Db.open(TARGET, { readOnly: true }, vfs);
    copy.read((tx) => {
      expect(tx.bucket(bytesOf('empty'))?.sequence).toBe(Number.MAX_SAFE_INTEGER);
      expect(tx.bucket(bytesOf('inline'))?.sequence).toBe(7);
    });
    expect(copy.meta.sequence).toBe(3);
    copy.close();
  });

  it('fills pages: as many keys in each leaf as fit, or as the fill percent says', () => {
    for (const [fillPercent, keysALeaf] of [
      [1, 14],
      [0.5, 7],
    ] as const) {
      const vfs = new MemoryVfs();
      fill(vfs, 7000, 256);
      compact(vfs, { fillPercent });
      const counts: number[] = [];
      walk(vfs, TARGET, (visit) => {
        if (visit.isLeaf && visit.bucket.length === 1) counts.push(visit.count);
      });
      expect(counts).toEqual(new Array(7000 / keysALeaf).fill(keysALeaf));
    }
  });

  it('leaves zeros behind the last value of a page, never bytes of another', () => {
    const vfs = new MemoryVfs();
    const db = Db.open(SOURCE, {}, vfs);
    db.write((tx) => {
      const bucket = tx.createBucket(bytesOf('b'));
      for (let i = 0; i < 9000; i++) {
        bucket.put(bytesOf(`${i}`.padStart(5, '0')), new Uint8Array((i * 7) % 600).fill(255));
      }
    });
    db.close();
    expect(compact(vfs).targetPages).toBeGreaterThan(2 * 256);
    const copy = contents(vfs, TARGET);
    let slack = 0;
    walk(vfs, TARGET, ({ pgid, isLeaf, count, page }) => {
      if (!isLeaf) return;
      const last = elementAt(0, count - 1);
      const end = pgid * 4096 + valueStart(page, last) + valueLength(page, last);
      const behind = copy.subarray(end, (pgid + 1) * 4096);
      slack += behind.length;
      expect(behind.every((byte) => byte === 0)).toBe(true);
    });
    expect(slack).toBeGreaterThan(10_000);
  });

  // bbolt stops with an assertion when it joins the only child of a branch with a sibling.
  it.each([90, 91, 92, 93, 94, 95, 96, 97, 98, 99, 100, 101, 102])(
    'gives every branch two children, with %i leaves below them',
    (leaves) => {
      const vfs = new MemoryVfs();
      // Three entries a leaf; branches of up to 14 children.
      fill(vfs, 3 * leaves, 130, 512);
      compact(vfs);
      let branches = 0;
      walk(vfs, TARGET, (visit) => {
        if (visit.isLeaf) return;
        branches++;
        expect(visit.count).toBeGreaterThan(1);
      });
      expect(branches).toBeGreaterThan(6);
    },
  );

  it('says how far it is, never backwards, and pauses in a file of few large values', () => {
    const vfs = new MemoryVfs();
    const db = Db.open(SOURCE, {}, vfs);
    db.write((tx) => {
      const bucket = tx.createBucket(bytesOf('b'));
      for (let i = 0; i < 9; i++) bucket.put(bytesOf(`${i}`), new Uint8Array(3_000_000));
    });
    db.close();
    const shares: number[] = [];
    const parts = new Set<string>();
    const steps = compactSteps({ source: SOURCE, target: TARGET }, vfs);
    for (const step of steps) {
      shares.push(step.share);
      parts.add(step.doing);
    }
    expect(shares.length).toBeGreaterThan(6);
    expect(shares.every((share, i) => share <= 1 && share >= (shares[i - 1] ?? 0))).toBe(true);
    expect([...parts]).toEqual(['copy', 'verify']);
  });

  it('refuses a target that exists and leaves it alone', () => {
    const vfs = new MemoryVfs();
    live(vfs, {}, 2);
    const before = contents(vfs, SOURCE);
    expectFault('INVALID_ARGUMENT', /exists/, () => compact(vfs, { target: SOURCE }));
    expect(Buffer.compare(contents(vfs, SOURCE), before)).toBe(0);
    // Made by somebody else between the look and the opening.
    const file = vfs.open(TARGET, { mode: 'create' });
    file.write(bytesOf('precious'), 0, 8, 0);
    file.close();
    const blind: Vfs = {
      open: (path, flags) => vfs.open(path, flags),
      exists: () => false,
      remove: (path) => vfs.remove(path),
      list: (folder) => vfs.list(folder),
      makeFolder: (folder) => vfs.makeFolder(folder),
      rename: (from, to) => vfs.rename(from, to),
      syncFolder: (folder) => vfs.syncFolder(folder),
      lock: (locked, path, kind) => vfs.lock(locked, path, kind),
    };
    expectFault('INVALID_ARGUMENT', /exists/, () => compact(blind));
    expect(Buffer.from(contents(vfs, TARGET)).toString()).toBe('precious');
  });

  it.each([0, 0.09, 1.01, Number.NaN])('refuses a fill percent of %d', (fillPercent) => {
    const vfs = new MemoryVfs();
    live(vfs, {}, 1);
    expect(() => compact(vfs, { fillPercent })).toThrow(/fillPercent .* is not between 0.1 and 1/);
  });

  it('makes nothing when it is refused the room', () => {
    const vfs = new MemoryVfs();
    live(vfs, {}, 5);
    const begin = (): never => {
      throw new EngineError('NO_SPACE', 'no room');
    };
    expectFault('NO_SPACE', /no room/, () => compact(vfs, { begin }));
    expect(vfs.exists(TARGET)).toBe(false);
  });

  it('does not copy a damaged file, and names the damage', () => {
    const vfs = new MemoryVfs();
    fill(vfs, 500, 100);
    let leaf = 0;
    walk(vfs, SOURCE, (visit) => {
      if (visit.isLeaf && visit.bucket.length === 1) leaf = visit.pgid;
    });
    const file = vfs.open(SOURCE, { mode: 'write' });
    file.write(new Uint8Array(16).fill(255), 0, 16, leaf * 4096);
    file.close();
    expectFault('CORRUPT', new RegExp(`page ${leaf}:`), () => compact(vfs));
    expect(vfs.exists(TARGET)).toBe(false);
  });

  it('is kept out by a writer, and keeps writers out', () => {
    const vfs = new MemoryVfs();
    const db = Db.open(SOURCE, {}, vfs);
    expectFault('LOCKED', /source/, () => compact(vfs));
    db.close();
    let tried = 0;
    const tap = new TapVfs(vfs, () => {
      tried++;
      // An unfinished file looks empty to bbolt, which would make a database of it.
      for (const path of [SOURCE, TARGET]) {
        expectFault('LOCKED', new RegExp(path), () => Db.open(path, {}, vfs));
      }
    });
    compact(tap);
    expect(tried).toBeGreaterThan(2);
  });
});

describe('a compaction that fails', () => {
  it('leaves nothing and changes nothing, wherever it is stopped', () => {
    const vfs = new MemoryVfs();
    fill(vfs, 12_000, 1000);
    const before = contents(vfs, SOURCE);
    const stopped = new Set<string>();
    for (let stop = 0; ; stop++) {
      const steps = compactSteps({ source: SOURCE, target: TARGET }, vfs);
      let last = '';
      let done = false;
      for (let step = 0; step <= stop && !done; step++) {
        const next = steps.next();
        if (next.done === true) done = true;
        else last = next.value.doing;
      }
      if (done) break;
      if (last !== 'check') expect(vfs.exists(TARGET)).toBe(true);
      stopped.add(last);
      expect(() => steps.throw(new Error('stop'))).toThrow('stop');
      expect(vfs.exists(TARGET)).toBe(false);
    }
    expect([...stopped]).toEqual(['check', 'copy', 'verify']);
    expect(Buffer.compare(contents(vfs, SOURCE), before)).toBe(0);
    // No handle and no lock is left either.
    Db.open(SOURCE, {}, vfs).close();
  });

  it.each(['open', 'read', 'write', 'sync'] satisfies FaultOperation[])(
    'leaves nothing and changes nothing, whichever %s fails',
    (operation) => {
      const memory = new MemoryVfs();
      const vfs = new FaultVfs(memory);
      const model = live(memory, { pageSize: 1024 }, 8);
      const before = contents(memory, SOURCE);
      let failed = 0;
      for (let nth = 1; ; nth++) {
        for (const fault of ['EIO', 'ENOSPC', 'SHORT_WRITE'] as const) {
          if (operation !== 'write' && fault === 'SHORT_WRITE') continue;
          vfs.clearFaults();
          vfs.failAt({ operation, nth, fault });
          const faultsBefore = vfs.faults;
          let thrown: unknown;
          try {
            compact(vfs);
          } catch (error) {
            thrown = error;
          }
          expect(Buffer.compare(contents(memory, SOURCE), before)).toBe(0);
          if (vfs.faults === faultsBefore) {
            expect(thrown).toBeUndefined();
            expect(checkDb(memory, TARGET).ok).toBe(true);
            expect(nth).toBeGreaterThan(1);
            expect(failed).toBeGreaterThan(1);
            return;
          }
          failed++;
          expect(thrown).toBeInstanceOf(EngineError);
          expect(memory.exists(TARGET)).toBe(false);
        }
        expect(hashOfModel(model).keys).toBeGreaterThan(0);
      }
    },
  );

  it.each([
    { where: 'a header', byte: 2 * 4096 + 2, fault: /page 2: header names page/ },
    {
      where: 'an element',
      byte: 12 * 4096 + 60,
      fault: /it holds 501 entries of \d+ bytes, not 501 entries of/,
    },
    { where: 'a value', byte: 3 * 4096 + 2000, fault: /its contents differ/ },
  ])('is noticed when the disk keeps other bytes than it was given: $where', ({ byte, fault }) => {
    const memory = new MemoryVfs();
    fill(memory, 500, 100);
    const vfs = new TapVfs(memory, ({ kind }) => {
      if (kind !== 'write' || !memory.exists(TARGET)) return;
      const file = memory.open(TARGET, { mode: 'write' });
      const read = Uint8Array.of(0);
      if (file.read(read, 0, 1, byte) === 1) {
        file.write(Uint8Array.of(read[0]! ^ 4), 0, 1, byte);
      }
      file.close();
    });
    const unverified = 'the copy in target.db does not verify and was removed: ';
    expectFault('IO', new RegExp(`^${unverified}${fault.source}`), () => compact(vfs));
    expect(memory.exists(TARGET)).toBe(false);
  });

  it('leaves a file that is no database, or all of it, wherever the power is cut', () => {
    const memory = new MemoryVfs();
    const model = live(memory, { pageSize: 1024 });
    const expected = hashOfModel(model);
    const random = new Random(SEED);
    const outcomes = { absent: 0, none: 0, whole: 0 };
    const cut = (): void => {
      for (const survival of [0, 0.5, 1]) {
        const image = memory.crashImage(random, survival);
        if (!image.exists(TARGET)) {
          outcomes.absent++;
          continue;
        }
        try {
          const db = Db.open(TARGET, { readOnly: true }, image);
          expect(checkDb(image, TARGET).faults).toEqual([]);
          expect(hashOfDb(db)).toEqual(expected);
          db.close();
          outcomes.whole++;
        } catch (error) {
          expect(error).toBeInstanceOf(EngineError);
          outcomes.none++;
        }
      }
    };
    compact(new TapVfs(memory, cut), { begin: cut });
    expect(outcomes.none).toBeGreaterThan(5);
    expect(outcomes.whole).toBeGreaterThan(3);
    // The three cuts before there is a file, and some between its making and its first sync.
    expect(outcomes.absent).toBeGreaterThan(3);
    const last = { ...outcomes };
    cut();
    expect(outcomes.whole).toBe(last.whole + 3);
  });
});
