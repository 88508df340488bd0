// Byte layout of bbolt's file format, version 2, as constants. Each offset derives from the one
// before; FORMAT.md tells the same in words and layout.test.ts compares the two. Source of the
// format: bbolt's db.go, page.go and bucket.go.

export const MAGIC = 0xed0cdaed;
export const FORMAT_VERSION = 2;

/** Page header: id u64, flags u16, count u16, overflow u32. */
export const PAGE_ID = 0;
export const PAGE_FLAGS: number = PAGE_ID + 8;
export const PAGE_COUNT: number = PAGE_FLAGS + 2;
export const PAGE_OVERFLOW: number = PAGE_COUNT + 2;
export const PAGE_HEADER_BYTES: number = PAGE_OVERFLOW + 4;

export const FLAG_BRANCH = 0x01;
export const FLAG_LEAF = 0x02;
export const FLAG_META = 0x04;
export const FLAG_FREELIST = 0x10;

/** Both element kinds take 16 bytes, which lets one loop walk either. `pos` counts from the element. */
export const ELEMENT_BYTES = 16;

/** Leaf element: flags u32, pos u32, ksize u32, vsize u32. */
export const LEAF_FLAGS = 0;
export const LEAF_POS: number = LEAF_FLAGS + 4;
export const LEAF_KSIZE: number = LEAF_POS + 4;
export const LEAF_VSIZE: number = LEAF_KSIZE + 4;

/** Flag of a leaf element whose value is a bucket header. */
export const LEAF_BUCKET = 0x01;

/** Branch element: pos u32, ksize u32, pgid u64. */
export const BRANCH_POS = 0;
export const BRANCH_KSIZE: number = BRANCH_POS + 4;
export const BRANCH_PGID: number = BRANCH_KSIZE + 4;

/** Bucket header, the start of a bucket's value: root pgid u64 (0: inline), sequence u64. */
export const BUCKET_ROOT = 0;
export const BUCKET_SEQUENCE: number = BUCKET_ROOT + 8;
export const BUCKET_HEADER_BYTES: number = BUCKET_SEQUENCE + 8;

/** Meta, after the header of pages 0 and 1. */
export const META_MAGIC: number = PAGE_HEADER_BYTES;
export const META_VERSION: number = META_MAGIC + 4;
export const META_PAGE_SIZE: number = META_VERSION + 4;
export const META_FLAGS: number = META_PAGE_SIZE + 4;
export const META_ROOT: number = META_FLAGS + 4;
export const META_SEQUENCE: number = META_ROOT + 8;
export const META_FREELIST: number = META_SEQUENCE + 8;
export const META_HIGH_WATER: number = META_FREELIST + 8;
export const META_TXID: number = META_HIGH_WATER + 8;
export const META_CHECKSUM: number = META_TXID + 8;
export const META_END: number = META_CHECKSUM + 8;

/** A count of 0xFFFF in a freelist page says: the real count is the first u64 of the list. */
export const FREELIST_COUNT_ESCAPE = 0xffff;

export const KEYS_PER_PAGE_MIN = 2;
export const KEY_BYTES_MAX = 32_768;
export const VALUE_BYTES_MAX: number = 2 ** 31 - 2;
export const PAGE_BYTES_MIN = 512;
export const PAGE_BYTES_MAX = 65_536;

/** Engine limit, not the format's: page numbers fit 32 bits (16 TiB of 4 KiB pages). */
export const PAGES_MAX: number = 2 ** 32 - 2;

/** Engine limits: levels of one tree, and of buckets in buckets, that are followed and written. */
export const TREE_DEPTH_MAX = 64;
export const BUCKET_DEPTH_MAX = 64;

/** Fill percent bounds of bbolt's split. */
export const FILL_PERCENT_MIN = 0.1;
export const FILL_PERCENT_MAX = 1;
export const FILL_PERCENT_DEFAULT = 0.5;
