// Meta: the root of one committed state. Two meta pages alternate by txid, so a torn write of one
// leaves the other. Decoding never throws: a fault is a value, since one bad meta is survivable.

import { readU64, writeU64, WORD_RANGE } from '../base/bytes.ts';
import { pgid, txid, type Pgid, type Txid } from '../base/ids.ts';
import {
  FLAG_META,
  FORMAT_VERSION,
  MAGIC,
  META_CHECKSUM,
  META_END,
  META_FLAGS,
  META_FREELIST,
  META_HIGH_WATER,
  META_MAGIC,
  META_PAGE_SIZE,
  META_ROOT,
  META_SEQUENCE,
  META_TXID,
  META_VERSION,
  PAGE_BYTES_MAX,
  PAGE_BYTES_MIN,
  PAGE_COUNT,
  PAGE_FLAGS,
  PAGE_ID,
  PAGE_OVERFLOW,
  PAGES_MAX,
} from './layout.ts';

export interface Meta {
  readonly pageSize: number;
  readonly root: Pgid;
  readonly sequence: number;
  /** undefined: no freelist is stored; it is rebuilt at open by walking the tree. */
  readonly freelist: Pgid | undefined;
  /** First page number never used so far. */
  readonly highWater: Pgid;
  readonly txid: Txid;
}

export interface MetaFault {
  readonly fault: string;
  /** True when the bytes look like a bbolt meta at all, so that the message can tell. */
  readonly recognised: boolean;
}

/** Reads the meta in the first META_END bytes of a meta page. */
export function decodeMeta(bytes: Uint8Array): Meta | MetaFault {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < META_END) return { fault: 'cut short', recognised: false };
  if (view.getUint32(META_MAGIC, true) !== MAGIC)
    return { fault: 'wrong magic', recognised: false };
  const version = view.getUint32(META_VERSION, true);
  if (version !== FORMAT_VERSION) return { fault: `format version ${version}`, recognised: true };
  if (view.getBigUint64(META_CHECKSUM, true) !== fnv1a64(bytes, META_MAGIC, META_CHECKSUM)) {
    return { fault: 'wrong checksum', recognised: true };
  }
  const pageSize = view.getUint32(META_PAGE_SIZE, true);
  const root = readU64(view, META_ROOT);
  const highWater = readU64(view, META_HIGH_WATER);
  const freelist = readU64(view, META_FREELIST);
  const id = readU64(view, META_TXID);
  // The root bucket's own counter, which bbolt never touches.
  const sequence = readU64(view, META_SEQUENCE);
  if (pageSize < PAGE_BYTES_MIN || pageSize > PAGE_BYTES_MAX || (pageSize & (pageSize - 1)) !== 0) {
    return { fault: `page size of ${pageSize} bytes`, recognised: true };
  }
  if (!(highWater <= PAGES_MAX) || Number.isNaN(id) || Number.isNaN(sequence)) {
    return { fault: 'out of range', recognised: true };
  }
  if (!(root >= 2 && root < highWater))
    return { fault: 'root page out of range', recognised: true };
  const none = Number.isNaN(freelist);
  if (!none && !(freelist >= 2 && freelist < highWater)) {
    return { fault: 'freelist page out of range', recognised: true };
  }
  return {
    pageSize,
    root: pgid(root),
    sequence,
    freelist: none ? undefined : pgid(freelist),
    highWater: pgid(highWater),
    txid: txid(id),
  };
}

/** Writes a whole meta page (header and meta) into the zeroed `page`; its number is txid mod 2. */
export function encodeMeta(meta: Meta, page: Uint8Array): void {
  const view = new DataView(page.buffer, page.byteOffset, page.byteLength);
  writeU64(view, PAGE_ID, meta.txid % 2);
  view.setUint16(PAGE_FLAGS, FLAG_META, true);
  view.setUint16(PAGE_COUNT, 0, true);
  view.setUint32(PAGE_OVERFLOW, 0, true);
  view.setUint32(META_MAGIC, MAGIC, true);
  view.setUint32(META_VERSION, FORMAT_VERSION, true);
  view.setUint32(META_PAGE_SIZE, meta.pageSize, true);
  view.setUint32(META_FLAGS, 0, true);
  writeU64(view, META_ROOT, meta.root);
  writeU64(view, META_SEQUENCE, meta.sequence);
  if (meta.freelist === undefined) {
    view.setUint32(META_FREELIST, WORD_RANGE - 1, true);
    view.setUint32(META_FREELIST + 4, WORD_RANGE - 1, true);
  } else {
    writeU64(view, META_FREELIST, meta.freelist);
  }
  writeU64(view, META_HIGH_WATER, meta.highWater);
  writeU64(view, META_TXID, meta.txid);
  view.setBigUint64(META_CHECKSUM, fnv1a64(page, META_MAGIC, META_CHECKSUM), true);
}

/** FNV-1a, 64 bits (Fowler, Noll, Vo), over bytes[start, end). 56 bytes a commit: bigint is fine. */
export function fnv1a64(bytes: Uint8Array, start: number, end: number): bigint {
  let hash = 0xcbf29ce484222325n;
  for (let i = start; i < end; i++) {
    hash = BigInt.asUintN(64, (hash ^ BigInt(bytes[i]!)) * 0x100000001b3n);
  }
  return hash;
}
