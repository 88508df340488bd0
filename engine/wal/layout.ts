// Byte layout of the log as constants. Each offset derives from the one before; the section 'The log'
// of FORMAT.md tells the same in words, and layout.test.ts compares the two.

/** What a disk writes whole or not at all; segment headers and blocks begin at a multiple of it. */
export const LOG_SECTOR_BYTES = 512;

/** 'KVTL' as bytes. */
export const SEGMENT_MAGIC = 0x4c54564b;
export const LOG_VERSION = 1;

/** Segment header: one sector. */
export const SEGMENT_MAGIC_AT = 0;
export const SEGMENT_VERSION: number = SEGMENT_MAGIC_AT + 4;
export const SEGMENT_IDENTITY: number = SEGMENT_VERSION + 4;
export const SEGMENT_NUMBER: number = SEGMENT_IDENTITY + 16;
export const SEGMENT_FIRST_INDEX: number = SEGMENT_NUMBER + 8;
export const SEGMENT_PREVIOUS: number = SEGMENT_FIRST_INDEX + 8;
export const SEGMENT_ZEROS: number = SEGMENT_PREVIOUS + 4;
export const SEGMENT_CHECKSUM: number = LOG_SECTOR_BYTES - 4;

export const IDENTITY_BYTES = 16;

/** 'KVTB' as bytes. */
export const BLOCK_MAGIC = 0x4254564b;

/** Block header. */
export const BLOCK_MAGIC_AT = 0;
export const BLOCK_CHECKSUM: number = BLOCK_MAGIC_AT + 4;
export const BLOCK_DATA_CHECKSUM: number = BLOCK_CHECKSUM + 4;
export const BLOCK_PREVIOUS: number = BLOCK_DATA_CHECKSUM + 4;
export const BLOCK_SEGMENT: number = BLOCK_PREVIOUS + 4;
export const BLOCK_FIRST_INDEX: number = BLOCK_SEGMENT + 8;
export const BLOCK_SYNCED_INDEX: number = BLOCK_FIRST_INDEX + 8;
export const BLOCK_POSITION: number = BLOCK_SYNCED_INDEX + 8;
export const BLOCK_DATA_BYTES: number = BLOCK_POSITION + 4;
export const BLOCK_COUNT: number = BLOCK_DATA_BYTES + 4;
export const BLOCK_ZERO_SECTORS: number = BLOCK_COUNT + 4;
export const BLOCK_HEADER_BYTES: number = BLOCK_ZERO_SECTORS + 4;

/** In front of each record's payload: its length, u32. */
export const RECORD_HEADER_BYTES = 4;
