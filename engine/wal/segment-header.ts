// Segment header: the first sector of every segment file. It says whose log this is, where in the log
// the segment stands, and with which checksum the chain of its blocks begins. It is written and synced
// under another name before the segment gets its own, so one that does not decode is damage.

import { crc32c } from '@node-rs/crc32';
import { readU64, writeU64 } from '../base/bytes.ts';
import {
  IDENTITY_BYTES,
  LOG_SECTOR_BYTES,
  LOG_VERSION,
  SEGMENT_CHECKSUM,
  SEGMENT_FIRST_INDEX,
  SEGMENT_IDENTITY,
  SEGMENT_MAGIC,
  SEGMENT_MAGIC_AT,
  SEGMENT_NUMBER,
  SEGMENT_PREVIOUS,
  SEGMENT_VERSION,
} from './layout.ts';

export interface SegmentHeader {
  readonly identity: Uint8Array;
  readonly number: number;
  /** Index of the first entry that may stand in the segment. */
  readonly firstIndex: number;
  /** Chain value at the segment's start: the data checksum of the last block before it. */
  readonly previous: number;
}

const NAME_ENDING = '.wal';
const NAME_PATTERN = /^[0-9a-f]{16}\.wal$/;

/** Name of segment `number`: names sort as numbers do. */
export function segmentName(number: number): string {
  return `${number.toString(16).padStart(16, '0')}${NAME_ENDING}`;
}

/** The number in a segment's name; undefined for every other file. */
export function segmentNumber(name: string): number | undefined {
  return NAME_PATTERN.test(name) ? Number.parseInt(name, 16) : undefined;
}

/** The sector that holds `header`. */
export function encodeSegmentHeader(header: SegmentHeader): Uint8Array {
  const sector = new Uint8Array(LOG_SECTOR_BYTES);
  const view = new DataView(sector.buffer);
  view.setUint32(SEGMENT_MAGIC_AT, SEGMENT_MAGIC, true);
  view.setUint32(SEGMENT_VERSION, LOG_VERSION, true);
  sector.set(header.identity, SEGMENT_IDENTITY);
  writeU64(view, SEGMENT_NUMBER, header.number);
  writeU64(view, SEGMENT_FIRST_INDEX, header.firstIndex);
  view.setUint32(SEGMENT_PREVIOUS, header.previous, true);
  view.setUint32(SEGMENT_CHECKSUM, crc32c(sector.subarray(0, SEGMENT_CHECKSUM)), true);
  return sector;
}

/** The header in `sector` (its `identity` is a copy), or what is wrong with it in words. */
export function decodeSegmentHeader(sector: Uint8Array): SegmentHeader | { fault: string } {
  const view = new DataView(sector.buffer, sector.byteOffset, sector.byteLength);
  if (view.getUint32(SEGMENT_MAGIC_AT, true) !== SEGMENT_MAGIC) {
    return { fault: 'this is no segment of a log' };
  }
  const stored = view.getUint32(SEGMENT_CHECKSUM, true);
  if (stored !== crc32c(sector.subarray(0, SEGMENT_CHECKSUM))) {
    return { fault: "the segment's header does not match its checksum" };
  }
  const version = view.getUint32(SEGMENT_VERSION, true);
  if (version !== LOG_VERSION) return { fault: `log version ${version} is not known here` };
  return {
    identity: sector.slice(SEGMENT_IDENTITY, SEGMENT_IDENTITY + IDENTITY_BYTES),
    number: readU64(view, SEGMENT_NUMBER),
    firstIndex: readU64(view, SEGMENT_FIRST_INDEX),
    previous: view.getUint32(SEGMENT_PREVIOUS, true),
  };
}
