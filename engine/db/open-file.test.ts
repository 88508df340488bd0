import { describe, expect, it } from 'vitest';
import { EngineError, type EngineErrorCode } from '../base/errors.ts';
import { FREELIST_KINDS } from '../freelist/create.ts';
import { META_CHECKSUM, META_MAGIC, META_VERSION } from '../page/layout.ts';
import { fnv1a64 } from '../page/meta-page.ts';
import { bytesOf } from '../testing/model.ts';
import { MemoryVfs } from '../vfs/memory-vfs.ts';
import { checkDb } from './check.ts';
import { Db } from './db.ts';
import { clearSpans } from './open-file.ts';
import { pageBits, setBit } from './page-walk.ts';

const PATH = 'open.db';
const KEY = bytesOf('txid');

/** A database of three commits, each of which stored its own txid; the last one is number 4. */
function make(pageSize = 4096): MemoryVfs {
  const vfs = new MemoryVfs();
  const db = Db.open(PATH, { pageSize }, vfs);
  for (let i = 0; i < 3; i++) {
    db.write((tx) => {
      tx.root.put(KEY, Uint8Array.of(tx.txid));
    });
  }
  db.close();
  return vfs;
}

function overwrite(vfs: MemoryVfs, position: number, bytes: Uint8Array): void {
  const file = vfs.open(PATH, { mode: 'write' });
  file.write(bytes, 0, bytes.length, position);
  file.close();
}

/** Opens and returns the txid that the newest whole state stored. */
function storedTxid(vfs: MemoryVfs): number | undefined {
  const db = Db.open(PATH, {}, vfs);
  try {
    expect(checkDb(vfs, PATH, db).faults).toEqual([]);
    return db.read((tx) => tx.root.get(KEY)?.[0]);
  } finally {
    db.close();
  }
}

function refusal(vfs: MemoryVfs): { code: EngineErrorCode; message: string } {
  try {
    Db.open(PATH, {}, vfs).close();
  } catch (error) {
    if (!(error instanceof EngineError)) throw error;
    // A refused open leaves no lock behind.
    const file = vfs.open(PATH, { mode: 'write' });
    vfs.lock(file, PATH, 'exclusive');
    file.close();
    return { code: error.code, message: error.message };
  }
  throw new Error('the file was opened');
}

describe.each([512, 4096, 65_536])('opening, pages of %i bytes', (pageSize) => {
  it('takes the newest state', () => {
    expect(storedTxid(make(pageSize))).toBe(4);
  });

  it('takes the other meta when one is damaged', () => {
    // Transaction 4 wrote meta 0, transaction 3 wrote meta 1.
    const first = make(pageSize);
    overwrite(first, 20, new Uint8Array(30));
    expect(storedTxid(first)).toBe(3);
    const second = make(pageSize);
    overwrite(second, pageSize + 20, new Uint8Array(30));
    expect(storedTxid(second)).toBe(4);
  });

  it('goes on from the meta that was whole', () => {
    const vfs = make(pageSize);
    overwrite(vfs, 0, new Uint8Array(80));
    const db = Db.open(PATH, {}, vfs);
    expect(db.options.pageSize).toBe(pageSize);
    db.write((tx) => {
      tx.root.put(KEY, Uint8Array.of(99));
    });
    expect(db.meta.txid).toBe(4);
    db.close();
    expect(storedTxid(vfs)).toBe(99);
  });

  it('refuses a file with two damaged metas in one sentence that names both', () => {
    const vfs = make(pageSize);
    overwrite(vfs, 40, Uint8Array.of(0xee));
    overwrite(vfs, pageSize + 40, Uint8Array.of(0xee));
    const { code, message } = refusal(vfs);
    expect(code).toBe('CORRUPT');
    expect(message).toMatch(
      /both meta pages .* \(meta 0: wrong checksum, meta 1: wrong checksum\)/,
    );
  });

  it('refuses a file that was cut short', () => {
    const vfs = make(pageSize);
    const file = vfs.open(PATH, { mode: 'write' });
    file.truncate(3 * pageSize);
    file.close();
    expect(refusal(vfs)).toMatchObject({
      code: 'CORRUPT',
      message: expect.stringMatching(/cut short: .* but has 3/) as string,
    });
  });
});

describe('opening what is no database', () => {
  it.each([
    ['zeros', new Uint8Array(16_384)],
    ['text', bytesOf('no database at all '.repeat(1000))],
    ['less than a meta', Uint8Array.of(1, 2, 3)],
  ])('refuses %s', (_, bytes) => {
    const vfs = new MemoryVfs();
    const file = vfs.open(PATH, { mode: 'create' });
    file.write(bytes, 0, bytes.length, 0);
    file.close();
    expect(refusal(vfs).code).toBe('NOT_A_DATABASE');
  });

  it('refuses another version by its number', () => {
    const vfs = make();
    const page = new Uint8Array(4096);
    const file = vfs.open(PATH, { mode: 'write' });
    for (const id of [0, 1]) {
      file.read(page, 0, 4096, id * 4096);
      const view = new DataView(page.buffer);
      view.setUint32(META_VERSION, 3, true);
      view.setBigUint64(META_CHECKSUM, fnv1a64(page, META_MAGIC, META_CHECKSUM), true);
      file.write(page, 0, 4096, id * 4096);
    }
    file.close();
    expect(refusal(vfs)).toMatchObject({
      code: 'VERSION_MISMATCH',
      message: expect.stringContaining('format version 3') as string,
    });
  });

  it('refuses a second writer', () => {
    const vfs = make();
    const db = Db.open(PATH, {}, vfs);
    expect(() => Db.open(PATH, {}, vfs)).toThrow(expect.objectContaining({ code: 'LOCKED' }));
    db.close();
    expect(storedTxid(vfs)).toBe(4);
  });
});

describe.each(FREELIST_KINDS)('free pages at open, %s', (freelist) => {
  it('are the same whether they were stored or found by walking the tree', () => {
    const vfs = new MemoryVfs();
    const stored = Db.open(PATH, { freelist, syncFreelist: true, pageSize: 1024 }, vfs);
    for (let round = 0; round < 20; round++) {
      stored.write((tx) => {
        const bucket = tx.ensureBucket(bytesOf('b'));
        for (let i = 0; i < 50; i++)
          bucket.put(bytesOf(`${(i * 7 + round) % 90}`), new Uint8Array(700));
        for (let i = round; i < 90; i += 3) bucket.delete(bytesOf(`${i}`));
      });
    }
    stored.close();
    const loaded = Db.open(PATH, { freelist, syncFreelist: false }, vfs);
    const before = loaded.stats().freePages;
    expect(before).toBeGreaterThan(20);
    expect(loaded.meta.freelist).toBeDefined();
    loaded.write((tx) => {
      tx.root.put(KEY, KEY);
    });
    expect(loaded.meta.freelist).toBeUndefined();
    const pages = loaded.stats().freePages + loaded.stats().pendingPages;
    loaded.close();
    const walked = Db.open(PATH, { freelist }, vfs);
    expect(walked.stats().freePages).toBe(pages);
    expect(checkDb(vfs, PATH, walked).faults).toEqual([]);
    walked.close();
  });
});

describe('clearSpans', () => {
  it('lists the runs of clear bits below the end', () => {
    const bits = pageBits(200);
    for (let page = 0; page < 200; page++)
      if (page < 70 || page === 99 || page > 180) setBit(bits, page);
    const spans = clearSpans(bits, 200);
    expect([...spans.starts.subarray(0, spans.length)]).toEqual([70, 100]);
    expect([...spans.counts.subarray(0, spans.length)]).toEqual([29, 81]);
    expect(clearSpans(pageBits(33), 33).pages()).toBe(33);
  });
});
