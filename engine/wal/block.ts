// Block: what one write of the log puts down, whole sectors of it: a header, records, zeros to the end
// of the last sector. One checksum covers all records of a block, because a block is what survives or
// is lost: nothing in it is acknowledged before all of it is synced. A call for each record of 256 B
// would take 0.10 us; framing one takes 0.03, its share of one call for 64 another 0.03 (wal.bench.ts).
//
// Header and data are checked apart: a header lies in one sector, so it is whole, or zeros, or damaged;
// the data may lack sectors.
//
// The header's checksum starts from a seed made of the store's identity, so that a payload which holds
// blocks of another log never passes for one of this log; its own place is in it for the same reason.

import { crc32c } from '@node-rs/crc32';
import { readU64, writeU64 } from '../base/bytes.ts';
import {
  BLOCK_CHECKSUM,
  BLOCK_COUNT,
  BLOCK_DATA_BYTES,
  BLOCK_DATA_CHECKSUM,
  BLOCK_FIRST_INDEX,
  BLOCK_HEADER_BYTES,
  BLOCK_MAGIC,
  BLOCK_MAGIC_AT,
  BLOCK_POSITION,
  BLOCK_PREVIOUS,
  BLOCK_SEGMENT,
  BLOCK_SYNCED_INDEX,
  BLOCK_ZERO_SECTORS,
  LOG_SECTOR_BYTES,
} from './layout.ts';

/** A block's place in the log. */
export interface BlockPlace {
  readonly segment: number;
  /** Byte in the segment's file. */
  readonly position: number;
}

export interface BlockHeader extends BlockPlace {
  /** Chain value of the block before. */
  readonly previous: number;
  /** Chain value of this block: CRC32C of its data and padding, started from `previous`. */
  readonly dataChecksum: number;
  /** Bytes of the records, without header and padding. */
  readonly dataBytes: number;
  readonly firstIndex: number;
  /** Every entry up to this one was on disk before the block was written. */
  readonly syncedIndex: number;
  /** Entries; none in the block that ends a segment. */
  readonly count: number;
  /** Sectors of the block that are all zeros as they should be. */
  readonly zeroSectors: number;
}

/** Bytes on disk of a block with `dataBytes` of records. */
export function blockBytes(dataBytes: number): number {
  const bytes = BLOCK_HEADER_BYTES + dataBytes;
  return Math.ceil(bytes / LOG_SECTOR_BYTES) * LOG_SECTOR_BYTES;
}

/** What the checksums of all block headers of a store start from. */
export function headerSeed(identity: Uint8Array): number {
  return crc32c(identity);
}

/**
 * Pads the block in the front of `block`, whose records are in place, and writes its header. Returns
 * the data checksum.
 */
export function sealBlock(
  block: Uint8Array,
  header: Omit<BlockHeader, 'dataChecksum' | 'zeroSectors'>,
  seed: number,
): number {
  const used = BLOCK_HEADER_BYTES + header.dataBytes;
  const end = blockBytes(header.dataBytes);
  block.fill(0, used, end);
  const dataChecksum = crc32c(block.subarray(BLOCK_HEADER_BYTES, end), header.previous);
  const view = new DataView(block.buffer, block.byteOffset, BLOCK_HEADER_BYTES);
  view.setUint32(BLOCK_MAGIC_AT, BLOCK_MAGIC, true);
  view.setUint32(BLOCK_DATA_CHECKSUM, dataChecksum, true);
  view.setUint32(BLOCK_PREVIOUS, header.previous, true);
  writeU64(view, BLOCK_SEGMENT, header.segment);
  writeU64(view, BLOCK_FIRST_INDEX, header.firstIndex);
  writeU64(view, BLOCK_SYNCED_INDEX, header.syncedIndex);
  view.setUint32(BLOCK_POSITION, header.position, true);
  view.setUint32(BLOCK_DATA_BYTES, header.dataBytes, true);
  view.setUint32(BLOCK_COUNT, header.count, true);
  view.setUint32(BLOCK_ZERO_SECTORS, countZeroSectors(block, LOG_SECTOR_BYTES, end), true);
  const checked = block.subarray(BLOCK_DATA_CHECKSUM, BLOCK_HEADER_BYTES);
  view.setUint32(BLOCK_CHECKSUM, crc32c(checked, seed), true);
  return dataChecksum;
}

/** The header at `at` of `bytes`; undefined where there is none of this store or it is damaged. */
export function decodeBlockHeader(
  bytes: Uint8Array,
  at: number,
  seed: number,
): BlockHeader | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset + at, BLOCK_HEADER_BYTES);
  if (view.getUint32(BLOCK_MAGIC_AT, true) !== BLOCK_MAGIC) return undefined;
  const checked = bytes.subarray(at + BLOCK_DATA_CHECKSUM, at + BLOCK_HEADER_BYTES);
  if (view.getUint32(BLOCK_CHECKSUM, true) !== crc32c(checked, seed)) return undefined;
  return {
    segment: readU64(view, BLOCK_SEGMENT),
    position: view.getUint32(BLOCK_POSITION, true),
    previous: view.getUint32(BLOCK_PREVIOUS, true),
    dataChecksum: view.getUint32(BLOCK_DATA_CHECKSUM, true),
    dataBytes: view.getUint32(BLOCK_DATA_BYTES, true),
    firstIndex: readU64(view, BLOCK_FIRST_INDEX),
    syncedIndex: readU64(view, BLOCK_SYNCED_INDEX),
    count: view.getUint32(BLOCK_COUNT, true),
    zeroSectors: view.getUint32(BLOCK_ZERO_SECTORS, true),
  };
}

/** How many sectors of bytes[from, to) are all zeros. */
export function countZeroSectors(bytes: Uint8Array, from: number, to: number): number {
  let count = 0;
  for (let at = from; at < to; at += LOG_SECTOR_BYTES) {
    if (isZero(bytes, at, at + LOG_SECTOR_BYTES)) count++;
  }
  return count;
}

export function isZero(bytes: Uint8Array, from: number, to: number): boolean {
  for (let i = from; i < to; i++) if (bytes[i] !== 0) return false;
  return true;
}
