import { describe, expect, it } from 'vitest';
import { SpanList } from '../base/span-list.ts';
import { MemoryVfs } from '../vfs/memory-vfs.ts';
import type { VfsFile } from '../vfs/vfs.ts';
import { freelistBytes, readFreelist, writeFreelist } from './freelist-page.ts';
import { PAGE_COUNT, PAGE_HEADER_BYTES, PAGE_OVERFLOW } from './layout.ts';

const PAGE = 4096;
const AT = 3;

function file(): VfsFile {
  return new MemoryVfs().open('f', { mode: 'create' });
}

/** `ids` free pages in runs of one to three, far enough up to leave room for the freelist itself. */
function freePages(ids: number): SpanList {
  const spans = new SpanList();
  let page = 1000;
  for (let left = ids; left > 0;) {
    const pages = Math.min(left, 1 + (spans.length % 3));
    spans.push(page, pages);
    page += pages + 1;
    left -= pages;
  }
  return spans;
}

function store(target: VfsFile, spans: SpanList, pageSize = PAGE): number {
  const pages = Math.floor(freelistBytes(spans.pages()) / pageSize) + 1;
  writeFreelist(target, spans, { pgid: AT, pages, pageSize });
  return pages;
}

function read(target: VfsFile, pageSize = PAGE): ReturnType<typeof readFreelist> {
  return readFreelist(target, { pgid: AT, pageSize, highWater: 2 ** 31 });
}

function field(target: VfsFile, offset: number, bytes: number): number {
  const buffer = Buffer.alloc(bytes);
  target.read(buffer, 0, bytes, AT * PAGE + offset);
  return buffer.readUIntLE(0, bytes);
}

describe('freelist page', () => {
  it.each([
    [0, 0, 0],
    [1, 1, 1000],
    [65_534, 65_534, 1000],
    [65_535, 0xffff, 65_535],
    [65_536, 0xffff, 65_536],
    [300_000, 0xffff, 300_000],
  ])('stores %i ids with a count of %i', (ids, count, firstWord) => {
    const target = file();
    const spans = freePages(ids);
    const pages = store(target, spans);
    expect(field(target, PAGE_COUNT, 2)).toBe(count);
    expect(field(target, PAGE_OVERFLOW, 4)).toBe(pages - 1);
    expect(field(target, PAGE_HEADER_BYTES, 6)).toBe(firstWord);
    expect(target.size()).toBe((AT + pages) * PAGE);
    const found = read(target);
    expect(found.pages).toBe(pages);
    expect(found.spans.length).toBe(spans.length);
    expect(found.spans.starts.subarray(0, spans.length)).toEqual(
      spans.starts.subarray(0, spans.length),
    );
    expect(found.spans.counts.subarray(0, spans.length)).toEqual(
      spans.counts.subarray(0, spans.length),
    );
  });

  it('fills its last page exactly', () => {
    const target = file();
    const spans = freePages((512 - PAGE_HEADER_BYTES) / 8);
    expect(writeFreelist(target, spans, { pgid: AT, pages: 1, pageSize: 512 })).toBe(1);
    expect(target.size()).toBe((AT + 1) * 512);
    expect(read(target, 512).spans.pages()).toBe(62);
  });

  it('reads pages whose ids need more than 31 bits', () => {
    const target = file();
    const spans = new SpanList();
    spans.push(2 ** 32 - 10, 4);
    store(target, spans);
    const found = readFreelist(target, { pgid: AT, pageSize: PAGE, highWater: 2 ** 32 - 2 });
    expect(found.spans.starts[0]).toBe(2 ** 32 - 10);
    expect(found.spans.pages()).toBe(4);
  });

  it.each([
    ['is none', (target: VfsFile) => target.write(Buffer.from([2]), 0, 1, AT * PAGE + 8)],
    ['is none', (target: VfsFile) => target.write(Buffer.from([9]), 0, 1, AT * PAGE)],
    [
      'does not fit',
      (target: VfsFile) => target.write(Buffer.from([0xff, 3]), 0, 2, AT * PAGE + 10),
    ],
    ['behind page', (target: VfsFile) => target.write(Buffer.from([1, 0]), 0, 2, AT * PAGE + 16)],
    ['behind page', (target: VfsFile) => target.write(Buffer.alloc(6, 255), 0, 6, AT * PAGE + 16)],
    ['end of the file', (target: VfsFile) => target.truncate(AT * PAGE + 3)],
    ['end of the file', (target: VfsFile) => target.truncate(AT * PAGE + 50)],
  ])('refuses a damaged one: %s', (message, damage) => {
    const target = file();
    store(target, freePages(20));
    damage(target);
    const fault = expect.objectContaining({
      code: 'CORRUPT',
      message: expect.stringContaining(message) as string,
    }) as Error;
    expect(() => read(target)).toThrow(fault);
  });
});
