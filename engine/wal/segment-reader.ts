// Segment reader: walks the blocks of one segment file and tells its end from damage. It owns the
// judgement; what follows from it for the whole log is recovery.ts.
//
// What makes the judgement possible, all kept by the writer: blocks are written to sectors that hold
// zeros, each sector gets one content between two syncs, and the remains of a crash are cut off before
// anything is written again. So behind the last whole block, with power cuts alone:
// - the next header's sector is zeros (it was not written) or a whole header: else it is damaged;
// - under a whole header the data is whole, or lacks sectors, which are zeros then. The header says how
//   many of its sectors are zeros by right: if there are no more, and the checksum fails, it is damaged;
// - what lacks was never synced. A later block that says it was (`syncedIndex`) proves damage.

import { crc32c } from '@node-rs/crc32';
import { EngineError } from '../base/errors.ts';
import type { VfsFile } from '../vfs/vfs.ts';
import {
  blockBytes,
  countZeroSectors,
  decodeBlockHeader,
  isZero,
  type BlockHeader,
} from './block.ts';
import { BLOCK_HEADER_BYTES, LOG_SECTOR_BYTES, RECORD_HEADER_BYTES } from './layout.ts';
import { decodeSegmentHeader, segmentNumber, type SegmentHeader } from './segment-header.ts';

/** `payload` is valid during the call. */
export type EntryVisitor = (index: number, payload: Uint8Array) => void;

/** Where the whole blocks of a segment end. */
export interface SegmentEnd {
  /** First byte behind them, where the next block belongs. */
  readonly position: number;
  readonly lastIndex: number;
  /** Chain value of the last block. */
  readonly chain: number;
  /**
   * 'closed': at `position` stands the empty block that says another segment follows; 'zeros': nothing
   * does; 'torn': a block that lacks sectors.
   */
  readonly how: 'closed' | 'zeros' | 'torn';
}

const WINDOW_BYTES = 1_048_576;

export class SegmentReader {
  readonly path: string;
  readonly header: SegmentHeader;
  readonly bytes: number;
  readonly #file: VfsFile;
  readonly #seed: number;
  #window = new Uint8Array(0);
  #windowStart = 0;

  /** Reads the header. `file` stays the caller's; `seed`: see block.ts, made from the identity. */
  constructor(file: VfsFile, path: string, name: string, seed: (identity: Uint8Array) => number) {
    this.path = path;
    this.#file = file;
    this.bytes = file.size();
    const at = this.#load(0, LOG_SECTOR_BYTES);
    const header = decodeSegmentHeader(this.#window.subarray(at, at + LOG_SECTOR_BYTES));
    if ('fault' in header) throw corrupt(path, 0, header.fault);
    if (header.number !== segmentNumber(name)) {
      throw corrupt(path, 0, `this is segment ${header.number} under the name of another`);
    }
    this.header = header;
    this.#seed = seed(header.identity);
  }

  /** Checks every block up to the end, and hands its entries on. Throws CORRUPT. */
  walk(visit?: EntryVisitor): SegmentEnd {
    let position = LOG_SECTOR_BYTES;
    let lastIndex = this.header.firstIndex - 1;
    let chain = this.header.previous;
    for (;;) {
      const header = this.#headerAt(position);
      if (header === undefined) return { position, lastIndex, chain, how: 'zeros' };
      const inPlace = header.segment === this.header.number && header.position === position;
      if (!inPlace || header.firstIndex !== lastIndex + 1 || header.previous !== chain) {
        throw corrupt(this.path, position, 'a block that does not continue the one before');
      }
      if (!this.#hasWholeData(header)) return { position, lastIndex, chain, how: 'torn' };
      if (header.count === 0) return { position, lastIndex, chain, how: 'closed' };
      if (visit === undefined) this.#visitRecords(header, () => undefined);
      else this.#visitRecords(header, visit);
      position += blockBytes(header.dataBytes);
      lastIndex += header.count;
      chain = header.dataChecksum;
    }
  }

  /**
   * Looks behind the end of the log's last segment. Throws CORRUPT if a block there was written when the
   * entry that is missing at `end` had been synced; returns whether anything but zeros is there.
   */
  hasRemains(end: SegmentEnd): boolean {
    let remains = false;
    for (let at = end.position; at < this.bytes; at += LOG_SECTOR_BYTES) {
      const offset = this.#load(at, LOG_SECTOR_BYTES);
      if (isZero(this.#window, offset, offset + LOG_SECTOR_BYTES)) continue;
      remains = true;
      const header = decodeBlockHeader(this.#window, offset, this.#seed);
      if (header?.segment !== this.header.number || header.position !== at) continue;
      if (header.syncedIndex > end.lastIndex) {
        const lost = `entry ${end.lastIndex + 1} is damaged or gone`;
        throw corrupt(
          this.path,
          end.position,
          `${lost}, and was synced: the block at ${at} says so`,
        );
      }
    }
    return remains;
  }

  /** The header at `position`; undefined where the sector is zeros or reaches over the file's end. */
  #headerAt(position: number): BlockHeader | undefined {
    if (position + LOG_SECTOR_BYTES > this.bytes) return undefined;
    const at = this.#load(position, LOG_SECTOR_BYTES);
    const header = decodeBlockHeader(this.#window, at, this.#seed);
    if (header !== undefined) return header;
    if (isZero(this.#window, at, at + LOG_SECTOR_BYTES)) return undefined;
    throw corrupt(this.path, position, 'a damaged block header');
  }

  /** Loads the block; false where it lacks sectors. */
  #hasWholeData({
    position,
    previous,
    dataBytes,
    dataChecksum,
    zeroSectors,
  }: BlockHeader): boolean {
    const length = blockBytes(dataBytes);
    if (position + length > this.bytes) return false;
    const at = this.#load(position, length);
    const data = this.#window.subarray(at + BLOCK_HEADER_BYTES, at + length);
    if (crc32c(data, previous) === dataChecksum) return true;
    const zeros = countZeroSectors(this.#window, at + LOG_SECTOR_BYTES, at + length);
    if (zeros > zeroSectors) return false;
    throw corrupt(this.path, position, 'a block whose data does not match its checksum');
  }

  #visitRecords(
    { position, firstIndex, count, dataBytes }: BlockHeader,
    visit: EntryVisitor,
  ): void {
    const start = this.#load(position, blockBytes(dataBytes)) + BLOCK_HEADER_BYTES;
    const end = start + dataBytes;
    const view = new DataView(this.#window.buffer);
    let at = start;
    for (let i = 0; i < count; i++) {
      const payload = at + RECORD_HEADER_BYTES;
      const next = payload <= end ? payload + view.getUint32(at, true) : Number.NaN;
      if (!(next <= end)) throw corrupt(this.path, position, 'records that do not fit their block');
      visit(firstIndex + i, this.#window.subarray(payload, next));
      at = next;
    }
    if (at !== end) throw corrupt(this.path, position, 'records that do not fill their block');
  }

  /** Makes [position, position + length) available; zeros behind the end. Returns its offset. */
  #load(position: number, length: number): number {
    const offset = position - this.#windowStart;
    if (offset >= 0 && offset + length <= this.#window.length) return offset;
    const wanted = Math.max(length, Math.min(WINDOW_BYTES, this.bytes - position));
    if (this.#window.length < wanted) this.#window = new Uint8Array(wanted);
    this.#windowStart = position;
    const read = this.#file.read(this.#window, 0, this.#window.length, position);
    this.#window.fill(0, read);
    return 0;
  }
}

/** Damage, with its file and byte. */
export function corrupt(path: string, position: number, what: string): EngineError {
  return new EngineError('CORRUPT', `${path} at byte ${position}: ${what}`);
}
