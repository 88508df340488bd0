// Microbenchmarks of getting at a page through PageReader: a hit in the shared cache (two loads, two
// atomic adds), and a miss with all that follows: a frame claimed from the clock hand, the page read
// from memory, validated, published. Files are in memory, so a miss costs what the engine adds to a read.

import { assert } from '../base/assert.ts';
import type { BenchCase, BenchRun, BenchSetting } from '../base/bench-case.ts';
import { Random } from '../base/random.ts';
import { BufferPool } from '../btree/buffer-pool.ts';
import { Node } from '../btree/node.ts';
import { MemoryVfs } from '../vfs/memory-vfs.ts';
import { FLAG_LEAF } from './layout.ts';
import { createPageCache, PageCache } from './page-cache.ts';
import { PageReader } from './page-reader.ts';

const GROUP = 'page cache';
const PAGE_BYTES = 4096;
const FIRST_PAGE = 2;
const SEED = 20261122;

export function cases({ size }: BenchSetting): readonly BenchCase[] {
  const frames = size === 'tiny' ? 16 : 4096;
  return [
    {
      group: GROUP,
      name: 'hit',
      operation: 'pin and unpin',
      operations: frames,
      prepare: () => pinRun({ frames, pages: frames / 2, pins: frames, hits: true }),
    },
    {
      group: GROUP,
      name: 'miss',
      operation: 'pin and unpin',
      operations: frames,
      // Round and round through twice the pages there are frames for: the clock never keeps the next.
      prepare: () => pinRun({ frames, pages: 2 * frames, pins: frames, hits: false }),
    },
  ];
}

function pinRun(shape: { frames: number; pages: number; pins: number; hits: boolean }): BenchRun {
  const reader = makeReader(shape.frames, shape.pages);
  const pgids = Array.from({ length: shape.pages }, (_, i) => FIRST_PAGE + i);
  if (shape.hits) {
    for (const pgid of pgids) pinOnce(reader, pgid);
    new Random(SEED).shuffle(pgids);
  }
  const readBefore = reader.pagesRead;
  let pinned = 0;
  let at = 0;
  let sum = 0;
  let expected = 0;
  return {
    run: () => {
      for (let i = 0; i < shape.pins; i++) {
        const pgid = pgids[at]!;
        at = at + 1 === pgids.length ? 0 : at + 1;
        sum += pinOnce(reader, pgid);
        expected += pgid;
      }
      pinned += shape.pins;
      return sum;
    },
    verify: () => {
      const read = reader.pagesRead - readBefore;
      const wanted = shape.hits ? 0 : pinned;
      assert(read === wanted, `${read} of ${pinned} pages were read from the file, not ${wanted}`);
      assert(sum === expected, 'each pin leads to the page asked for');
      assert(reader.cache.pinnedFrames() === 0, 'no frame stays pinned');
    },
  };
}

/** Pins and unpins the page; returns the number its header names. */
function pinOnce(reader: PageReader, pgid: number): number {
  reader.pin(pgid);
  const named = reader.buffer.u32[reader.base >>> 2]!;
  reader.unpin(reader.frame);
  return named;
}

/** A reader of a file of leaves as full as a split leaves them. */
function makeReader(frames: number, pages: number): PageReader {
  const file = new MemoryVfs().open('cache.db', { mode: 'create' });
  const pool = new BufferPool(PAGE_BYTES, PAGE_BYTES);
  const value = new Uint8Array(256);
  const node = new Node({ id: 0, kind: FLAG_LEAF, parent: undefined, pool, capacity: PAGE_BYTES });
  for (let i = 0; i < 8; i++) node.insertLeaf(i, new Uint8Array(17).fill(i), value, 0);
  for (let pgid = FIRST_PAGE; pgid < FIRST_PAGE + pages; pgid++) {
    node.seal(pgid, 1, PAGE_BYTES);
    file.write(node.buffer.u8, 0, PAGE_BYTES, pgid * PAGE_BYTES);
  }
  const cacheBytes = frames * PAGE_BYTES;
  const share = createPageCache({ pageSize: PAGE_BYTES, cacheBytes, filePages: pages });
  return new PageReader(new PageCache(share, false), file);
}
