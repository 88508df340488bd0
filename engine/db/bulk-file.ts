// BulkFile: writes a whole database file in one pass: one bucket, bulk-loaded, at pages the caller
// chooses, with everything else free. Used to make aged databases of any size without living their
// life. The file becomes a database only with finish(): before that it has no valid meta.

import { assert } from '../base/assert.ts';
import { EngineError } from '../base/errors.ts';
import { pgid, txid } from '../base/ids.ts';
import { writeU64 } from '../base/bytes.ts';
import { BulkLoader } from '../btree/bulk-load.ts';
import { SpanList } from '../base/span-list.ts';
import { freelistBytes, writeFreelist } from '../page/freelist-page.ts';
import {
  BUCKET_HEADER_BYTES,
  BUCKET_ROOT,
  ELEMENT_BYTES,
  FLAG_LEAF,
  LEAF_BUCKET,
} from '../page/layout.ts';
import { encodeMeta } from '../page/meta-page.ts';
import { elementAt, PageBuffer, writePageHeader } from '../page/page-buffer.ts';
import { nodeVfs } from '../vfs/node-vfs.ts';
import type { Vfs, VfsFile } from '../vfs/vfs.ts';

/** Pages 0 and 1 are the metas. */
const FIRST_PAGE = 2;
const FILL_PERCENT = 0.9;

/** Longest piece of a used run that one leaf fills: 4 MiB of value at 4 KiB a page. */
export const USED_PAGES_MAX = 1024;

export interface BulkFileOptions {
  readonly pageSize: number;
  readonly bucket: Uint8Array;
  /** Whether the free pages are stored, so that opening need not walk the tree. */
  readonly storeFreelist: boolean;
}

export class BulkFile {
  readonly #file: VfsFile;
  readonly #options: BulkFileOptions;
  readonly #loader: BulkLoader;
  readonly #free = new SpanList(1024);
  /** First page of the used run being filled, and its end. */
  #next = FIRST_PAGE;
  #end = FIRST_PAGE;

  /** Creates the file. Throws IO or NO_SPACE, and INVALID_ARGUMENT if it exists. */
  static create(path: string, options: BulkFileOptions, vfs: Vfs = nodeVfs): BulkFile {
    if (vfs.exists(path)) {
      throw new EngineError('INVALID_ARGUMENT', `${path} exists; remove it or name another file`);
    }
    return new BulkFile(vfs.open(path, { mode: 'create' }), options);
  }

  private constructor(file: VfsFile, options: BulkFileOptions) {
    this.#file = file;
    this.#options = options;
    this.#loader = new BulkLoader({
      file,
      pageSize: options.pageSize,
      fillPercent: FILL_PERCENT,
      place: () => this.#place(),
    });
  }

  /** Pages laid out so far. */
  get pages(): number {
    return this.#end;
  }

  get nodes(): number {
    return this.#loader.nodes;
  }

  /**
   * Appends `pages` used pages, filled by one leaf with `key` and the branches that are due before
   * it. False when branches took them all: the key is not in the file then.
   */
  addUsed(pages: number, key: Uint8Array): boolean {
    assert(pages <= USED_PAGES_MAX, 'a used run is added in pieces that one value can fill');
    this.#next = this.#end;
    this.#end += pages;
    this.#loader.settle();
    const left = this.#end - this.#next;
    if (left === 0) return false;
    this.#loader.addHoleLeaf(this.#next, left, key);
    this.#next = this.#end;
    return true;
  }

  /** Appends a run of `pages` free pages. */
  addFree(pages: number): void {
    this.#free.append(this.#end, pages);
    this.#end += pages;
    this.#next = this.#end;
  }

  /**
   * Brings to disk what is laid out by now, in another thread where the vfs can: the disk works while the
   * caller goes on. Wait for the end of the last one before finish() or abandon(), whatever it ends with.
   */
  flush(): Promise<void> {
    return this.#file.startSync?.() ?? Promise.resolve();
  }

  /** Writes the rest, syncs, and only then the metas: the file is a database from here on. */
  finish(): void {
    const { pageSize, storeFreelist } = this.#options;
    const root = this.#loader.finish();
    const rootLeaf = this.#place();
    this.#writeRootLeaf(rootLeaf, root);
    let freelist: number | undefined;
    if (storeFreelist) {
      const pages = Math.floor(freelistBytes(this.#free.pages()) / pageSize) + 1;
      freelist = this.#end;
      this.#end += pages;
      writeFreelist(this.#file, this.#free, { pgid: freelist, pages, pageSize });
    }
    if (this.#file.size() < this.#end * pageSize) this.#file.truncate(this.#end * pageSize);
    this.#file.sync();
    for (const id of [0, 1]) {
      const page = new Uint8Array(pageSize);
      encodeMeta(
        {
          pageSize,
          root: pgid(rootLeaf),
          sequence: 0,
          freelist: freelist === undefined ? undefined : pgid(freelist),
          highWater: pgid(this.#end),
          txid: txid(id),
        },
        page,
      );
      this.#file.write(page, 0, pageSize, id * pageSize);
    }
    this.#file.sync();
    this.#file.close();
  }

  /** Gives up: closes the file without making it a database. */
  abandon(): void {
    this.#file.close();
  }

  /** A page for a branch: from the current used run, else behind everything. */
  #place(): number {
    if (this.#next < this.#end) return this.#next++;
    const page = this.#end++;
    this.#next = this.#end;
    return page;
  }

  #writeRootLeaf(at: number, bucketRoot: number): void {
    const { pageSize, bucket } = this.#options;
    const page = new PageBuffer(new ArrayBuffer(pageSize));
    assert(
      elementAt(0, 1) + bucket.length + BUCKET_HEADER_BYTES <= pageSize,
      'a short bucket name',
    );
    writePageHeader(page, 0, { pgid: at, flags: FLAG_LEAF, count: 1, overflow: 0 });
    const word = elementAt(0, 0) >>> 2;
    page.u32[word] = LEAF_BUCKET;
    page.u32[word + 1] = ELEMENT_BYTES;
    page.u32[word + 2] = bucket.length;
    page.u32[word + 3] = BUCKET_HEADER_BYTES;
    const key = elementAt(0, 1);
    page.u8.set(bucket, key);
    writeU64(new DataView(page.u8.buffer), key + bucket.length + BUCKET_ROOT, bucketRoot);
    this.#file.write(page.u8, 0, pageSize, at * pageSize);
  }
}
