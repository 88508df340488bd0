// What opening a database file takes: laying out a new one, choosing between its two metas, and
// getting its free pages, stored or not.

import { EngineError } from '../base/errors.ts';
import { pgid, txid } from '../base/ids.ts';
import type { Freelist } from '../freelist/freelist.ts';
import { SpanList } from '../base/span-list.ts';
import { readFreelist } from '../page/freelist-page.ts';
import {
  FLAG_FREELIST,
  FLAG_LEAF,
  META_END,
  PAGE_BYTES_MAX,
  PAGE_BYTES_MIN,
} from '../page/layout.ts';
import { decodeMeta, encodeMeta, type Meta, type MetaFault } from '../page/meta-page.ts';
import { PageBuffer, writePageHeader } from '../page/page-buffer.ts';
import { corrupt } from '../page/page-reader.ts';
import type { VfsFile } from '../vfs/vfs.ts';
import { hasBit, pageBits, setBit, walkPages } from './page-walk.ts';

/**
 * Lays out an empty database as bbolt does: two metas, an empty freelist, an empty root leaf. The metas
 * are written last, behind a sync of their own, so that a crash never leaves a meta without its pages:
 * until then the file is no database.
 */
export function initializeFile(file: VfsFile, pageSize: number): void {
  const pages = new PageBuffer(new ArrayBuffer(4 * pageSize));
  for (const id of [0, 1]) {
    const meta: Meta = {
      pageSize,
      root: pgid(3),
      sequence: 0,
      freelist: pgid(2),
      highWater: pgid(4),
      txid: txid(id),
    };
    encodeMeta(meta, pages.u8.subarray(id * pageSize, (id + 1) * pageSize));
  }
  writePageHeader(pages, 2 * pageSize, { pgid: 2, flags: FLAG_FREELIST, count: 0, overflow: 0 });
  writePageHeader(pages, 3 * pageSize, { pgid: 3, flags: FLAG_LEAF, count: 0, overflow: 0 });
  file.write(pages.u8, 2 * pageSize, 2 * pageSize, 2 * pageSize);
  file.sync();
  file.write(pages.u8, 0, 2 * pageSize, 0);
  file.sync();
}

/** The newest whole meta. Throws NOT_A_DATABASE, VERSION_MISMATCH or CORRUPT, naming both faults. */
export function readMeta(file: VfsFile, path: string): Meta {
  const found: Meta[] = [];
  const faults: MetaFault[] = [];
  const keep = (decoded: Meta | MetaFault): void => {
    if ('fault' in decoded) faults.push(decoded);
    else found.push(decoded);
  };
  keep(metaAt(file, 0));
  const first = found[0];
  if (first !== undefined) {
    keep(metaAt(file, first.pageSize));
  } else {
    // The first meta is damaged and with it the page size: look where the second one may start.
    for (let size = PAGE_BYTES_MIN; size <= PAGE_BYTES_MAX && found.length === 0; size *= 2) {
      const decoded = metaAt(file, size);
      if (!('fault' in decoded) ? decoded.pageSize === size : decoded.recognised) keep(decoded);
    }
  }
  const meta = found.sort((a, b) => b.txid - a.txid)[0];
  if (meta === undefined) throw metaError(path, faults);
  const bytes = file.size();
  if (bytes < meta.highWater * meta.pageSize) {
    throw new EngineError(
      'CORRUPT',
      `${path} is cut short: it should hold ${meta.highWater} pages but has ` +
        `${Math.floor(bytes / meta.pageSize)}; restore it from a backup`,
    );
  }
  return meta;
}

function metaAt(file: VfsFile, position: number): Meta | MetaFault {
  const bytes = new Uint8Array(META_END);
  const read = file.read(bytes, 0, META_END, position);
  return decodeMeta(bytes.subarray(0, read));
}

function metaError(path: string, faults: readonly MetaFault[]): EngineError {
  const recognised = faults.filter((fault) => fault.recognised);
  const [version] = recognised;
  // Another version shows in every meta that can be read; in one of two it is damage.
  const differs = recognised.every((fault) => fault.fault.startsWith('format version'));
  if (version !== undefined && differs) {
    return new EngineError(
      'VERSION_MISMATCH',
      `${path} has ${version.fault}; this engine reads version 2 (bbolt, etcd 3)`,
    );
  }
  if (recognised.length === 0) {
    return new EngineError('NOT_A_DATABASE', `${path} is no bbolt or etcd database`);
  }
  const reasons = faults.map((fault, i) => `meta ${i}: ${fault.fault}`).join(', ');
  return new EngineError(
    'CORRUPT',
    `both meta pages of ${path} are damaged (${reasons}); restore it from a backup`,
  );
}

/** Loads the free pages; returns how many pages the stored freelist takes (0: none is stored). */
export function loadFreelist(file: VfsFile, meta: Meta, freelist: Freelist): number {
  if (meta.freelist !== undefined) {
    const { spans, pages } = readFreelist(file, {
      pgid: meta.freelist,
      pageSize: meta.pageSize,
      highWater: meta.highWater,
    });
    freelist.load(spans);
    return pages;
  }
  freelist.load(unreachedSpans(file, meta));
  return 0;
}

/** All pages the tree does not reach, by walking it. Throws CORRUPT at the first damaged page. */
function unreachedSpans(file: VfsFile, meta: Meta): SpanList {
  const reached = pageBits(meta.highWater);
  setBit(reached, 0);
  setBit(reached, 1);
  walkPages({
    file,
    pageSize: meta.pageSize,
    root: meta.root,
    highWater: meta.highWater,
    reached,
    visit: () => undefined,
    fault: (page, fault) => {
      throw corrupt(page, fault);
    },
  });
  return clearSpans(reached, meta.highWater);
}

/** Runs of clear bits among the first `pages` bits, ascending. */
export function clearSpans(bits: Uint32Array, pages: number): SpanList {
  const spans = new SpanList(1024);
  for (let page = 0; page < pages; page++) {
    if ((page & 31) === 0 && bits[page >>> 5] === 0xffff_ffff) {
      page += 31;
      continue;
    }
    if (!hasBit(bits, page)) spans.append(page, 1);
  }
  return spans;
}
