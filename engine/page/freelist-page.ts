// Freelist pages: the stored form of the free pages, one run of pages holding ascending u64 pgids
// behind a page header. Up to 65,534 ids are counted in the header; beyond that the header says 0xFFFF
// and the first u64 is the count. The ids are read and written in pieces, so 26 million of them need
// no second copy in memory.

import { WORD_RANGE } from '../base/bytes.ts';
import { SpanList } from '../base/span-list.ts';
import type { VfsFile } from '../vfs/vfs.ts';
import { FLAG_FREELIST, FREELIST_COUNT_ESCAPE, PAGE_HEADER_BYTES } from './layout.ts';
import { PageBuffer, pageCount, pageFlags, pageOverflow, writePageHeader } from './page-buffer.ts';
import { corrupt } from './page-reader.ts';

const PIECE_BYTES = 1024 * 1024;

/** Bytes that `ids` page ids take in stored form. */
export function freelistBytes(ids: number): number {
  return PAGE_HEADER_BYTES + 8 * (ids >= FREELIST_COUNT_ESCAPE ? ids + 1 : ids);
}

/** Reads the freelist at `pgid`: the free spans and the pages it takes. Throws CORRUPT. */
export function readFreelist(
  file: VfsFile,
  at: { pgid: number; pageSize: number; highWater: number },
): { spans: SpanList; pages: number } {
  const { pgid, pageSize } = at;
  const position = pgid * pageSize;
  const head = new PageBuffer(new ArrayBuffer(PAGE_HEADER_BYTES + 8));
  if (file.read(head.u8, 0, head.u8.length, position) < head.u8.length) {
    throw corrupt(pgid, 'the freelist lies beyond the end of the file');
  }
  if (pageFlags(head, 0) !== FLAG_FREELIST || head.u32[0] !== pgid) {
    throw corrupt(pgid, 'the meta page names it as the freelist, but it is none');
  }
  const pages = pageOverflow(head, 0) + 1;
  const escaped = pageCount(head, 0) === FREELIST_COUNT_ESCAPE;
  const ids = escaped ? head.u32[4]! + head.u32[5]! * WORD_RANGE : pageCount(head, 0);
  const start = PAGE_HEADER_BYTES + (escaped ? 8 : 0);
  if (start + 8 * ids > pages * pageSize || pgid + pages > at.highWater) {
    throw corrupt(pgid, `a freelist of ${ids} ids does not fit ${pages} pages`);
  }
  const spans = new SpanList(1024);
  const piece = new PageBuffer(new ArrayBuffer(PIECE_BYTES));
  let previous = 1;
  for (let done = 0; done < ids;) {
    const batch = Math.min(ids - done, PIECE_BYTES / 8);
    if (file.read(piece.u8, 0, batch * 8, position + start + done * 8) < batch * 8) {
      throw corrupt(pgid, 'the freelist is cut short by the end of the file');
    }
    for (let i = 0; i < batch; i++) {
      const id = piece.u32[2 * i]! + piece.u32[2 * i + 1]! * WORD_RANGE;
      if (id <= previous || id >= at.highWater) {
        throw corrupt(pgid, `the freelist names page ${id} behind page ${previous}`);
      }
      spans.append(id, 1);
      previous = id;
    }
    done += batch;
  }
  return { spans, pages };
}

/** Writes `spans` as a freelist of `pages` pages at `pgid`; returns the number of write calls. */
export function writeFreelist(
  file: VfsFile,
  spans: SpanList,
  at: { pgid: number; pages: number; pageSize: number },
): number {
  const ids = spans.pages();
  const total = at.pages * at.pageSize;
  const piece = new PageBuffer(new ArrayBuffer(Math.min(PIECE_BYTES, total)));
  const escaped = ids >= FREELIST_COUNT_ESCAPE;
  writePageHeader(piece, 0, {
    pgid: at.pgid,
    flags: FLAG_FREELIST,
    count: escaped ? FREELIST_COUNT_ESCAPE : ids,
    overflow: at.pages - 1,
  });
  let word = PAGE_HEADER_BYTES / 4;
  let position = at.pgid * at.pageSize;
  let writes = 0;
  const flush = (): void => {
    file.write(piece.u8, 0, word * 4, position);
    position += word * 4;
    word = 0;
    writes++;
  };
  const push = (id: number): void => {
    piece.u32[word] = id >>> 0;
    piece.u32[word + 1] = Math.floor(id / WORD_RANGE);
    word += 2;
    if (word === piece.u32.length) flush();
  };
  if (escaped) push(ids);
  for (let i = 0; i < spans.length; i++) {
    const start = spans.starts[i]!;
    for (let page = 0; page < spans.counts[i]!; page++) push(start + page);
  }
  // The rest of the run is zeroed, so that the file always reaches to the end of its last page.
  while (position + word * 4 < at.pgid * at.pageSize + total) {
    piece.u32.fill(0, word);
    const left = at.pgid * at.pageSize + total - position;
    word = Math.min(piece.u32.length, left / 4);
    flush();
  }
  if (word > 0) flush();
  return writes;
}
