import { describe, expect, it } from 'vitest';
import type { FreelistKind } from '../freelist/freelist.ts';
import { MemoryVfs } from '../vfs/memory-vfs.ts';
import { Db } from './db.ts';
import { DEFAULT_OPTIONS, resolveOptions } from './options.ts';

function faultOf(options: Parameters<typeof resolveOptions>[0]): string {
  try {
    resolveOptions(options);
  } catch (error) {
    expect(error).toMatchObject({ name: 'EngineError', code: 'INVALID_ARGUMENT' });
    return (error as Error).message;
  }
  return '';
}

describe('resolveOptions', () => {
  it('fills in the defaults', () => {
    expect(resolveOptions({})).toEqual(DEFAULT_OPTIONS);
    expect(resolveOptions({ pageSize: 512, freelist: 'array' })).toEqual({
      ...DEFAULT_OPTIONS,
      pageSize: 512,
      freelist: 'array',
    });
  });

  it.each([
    { pageSize: 512, cacheBytes: 16 * 512 },
    { pageSize: 65_536, cacheBytes: 2 ** 31 },
    { readersMax: 1 },
    { readersMax: 65_536 },
    { fillPercent: 0.1 },
    { fillPercent: 1 },
  ])('accepts %o', (options) => {
    expect(faultOf(options)).toBe('');
  });

  it.each([
    { pageSize: 256 },
    { pageSize: 5000 },
    { pageSize: 131_072 },
    { pageSize: 1024.5 },
    { pageSize: Number.NaN },
    { cacheBytes: 15 * 4096 },
    { cacheBytes: 2 ** 31 + 1 },
    { cacheBytes: Number.NaN },
    { readersMax: 0 },
    { readersMax: 1.5 },
    { readersMax: 65_537 },
    { fillPercent: 0.05 },
    { fillPercent: 1.01 },
    { fillPercent: Number.NaN },
    { freelist: 'tree' as FreelistKind },
  ])('refuses %o and names the option', (options) => {
    expect(faultOf(options)).toContain(Object.keys(options)[0]);
  });

  it('names every fault at once', () => {
    const fault = faultOf({ pageSize: 1, readersMax: -1, fillPercent: 2 });
    for (const name of ['pageSize', 'readersMax', 'fillPercent']) expect(fault).toContain(name);
  });
});

describe('Db options', () => {
  it('reads the page size back from an existing file', () => {
    const vfs = new MemoryVfs();
    Db.open('a.db', { pageSize: 1024 }, vfs).close();
    const db = Db.open('a.db', { pageSize: 8192 }, vfs);
    expect(db.options.pageSize).toBe(1024);
    expect(db.meta.pageSize).toBe(1024);
    db.close();
  });

  it('never writes when opened read-only', () => {
    const vfs = new MemoryVfs();
    Db.open('a.db', {}, vfs).close();
    const { write, writev, sync } = vfs.calls;
    const db = Db.open('a.db', { readOnly: true }, vfs);
    const another = Db.open('a.db', { readOnly: true }, vfs);
    expect(() => db.beginWrite()).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT' }));
    expect(db.read((tx) => tx.txid)).toBe(1);
    expect(() => Db.open('a.db', {}, vfs)).toThrow(expect.objectContaining({ code: 'LOCKED' }));
    another.close();
    db.close();
    expect(vfs.calls).toMatchObject({ write, writev, sync });
    expect(() => Db.open('b.db', { readOnly: true }, vfs)).toThrow(
      expect.objectContaining({ code: 'IO' }),
    );
  });

  it('lets as many readers in as it was told', () => {
    const db = Db.open('a.db', { readersMax: 2 }, new MemoryVfs());
    const first = db.beginRead();
    db.beginRead();
    expect(() => db.beginRead()).toThrow(expect.objectContaining({ code: 'READERS_FULL' }));
    first.end();
    first.end();
    expect(db.beginRead().txid).toBe(1);
    db.close();
  });
});
