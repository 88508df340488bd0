// UndoVfs: lets a job write to a database file and then brings back every byte, so that each measured
// round starts from the same file without copying 100 GB. Before a page is overwritten for the first
// time its old bytes go to a journal file beside the database; undo() writes them back, cuts the file
// to its old size and syncs. Capturing happens in an unmeasured rehearsal of the job; a measured round
// loads the journal first and, since the job is deterministic, meets no page that is not in it.
//
// Rehearsing has a second purpose: it allocates the disk blocks the job writes to. A write into a hole
// costs more than into an allocated block, so rounds must start from equal blocks as well as bytes.
//
// Journal: pages of (8-byte little-endian position, 4096 bytes). The database's page size must be a
// multiple of it; writes are whole pages at page positions, as the engine makes them. Cutting the file
// journals all that is cut off; the engine never does.

import { crc32 } from 'node:zlib';
import {
  EngineError,
  WrappedFile,
  WrappedVfs,
  type OpenFlags,
  type Vfs,
  type VfsFile,
} from '../../engine/index.ts';

const PAGE = 4096;
const RECORD = 8 + PAGE;
/** Neighbouring pages that are read or written in one call. */
const RUN_PAGES = 256;

/** What a round found of its file before it began; equal for all rounds of a cell. */
export interface FileState {
  readonly dbBytes: number;
  readonly allocatedBytes: number;
  /** CRC-32 over the metas and every page any rehearsed arm writes, as hex. */
  readonly digest: string;
}

export class UndoVfs extends WrappedVfs {
  readonly #journalPath: string;
  readonly #journal: VfsFile;
  /** Journaled positions to their record. */
  readonly #records = new Map<number, number>();
  /** The same as a bit a page of the database: what a write asks, so it must cost next to nothing. */
  #journaled: Uint32Array = new Uint32Array(0);
  /** Start and length of every write of this job. */
  readonly #writes: number[] = [];
  readonly #page: Uint8Array = new Uint8Array(PAGE);
  /** Size of the database when it was opened. */
  #size: number | undefined;
  #captured = 0;

  /** Opens or makes the journal. */
  constructor(vfs: Vfs, journalPath: string) {
    super(vfs);
    this.#journalPath = journalPath;
    this.#journal = vfs.open(journalPath, { mode: 'create' });
    const run = new Uint8Array(RUN_PAGES * RECORD);
    const view = new DataView(run.buffer);
    const records = Math.floor(this.#journal.size() / RECORD);
    for (let record = 0; record < records; record++) {
      const at = record % RUN_PAGES;
      if (at === 0) this.#journal.read(run, 0, run.length, record * RECORD);
      this.#records.set(Number(view.getBigUint64(at * RECORD, true)), record);
    }
  }

  /** Pages added to the journal since it was opened: 0 in a measured round that went as rehearsed. */
  get captured(): number {
    return this.#captured;
  }

  get positions(): readonly number[] {
    return [...this.#records.keys()];
  }

  override open(path: string, flags: OpenFlags): VfsFile {
    const file = super.open(path, flags);
    if (flags.mode === 'read') return file;
    this.#size = file.size();
    this.#journaled = new Uint32Array(Math.ceil(this.#size / PAGE / 32));
    for (const position of this.#records.keys()) this.#mark(position / PAGE);
    return new JournaledFile(file, (position, length) => {
      this.#beforeWrite(file, position, length);
    });
  }

  /** Brings the database back to what it was when it was opened. Call it after closing the Db. */
  undo(path: string): void {
    const size = this.#size;
    if (size === undefined) return;
    this.#journal.sync();
    const file = this.inner.open(path, { mode: 'write' });
    try {
      this.#writeBack(file, this.#overwritten(size));
      if (file.size() !== size) file.truncate(size);
      file.sync();
    } finally {
      file.close();
    }
    this.#writes.length = 0;
  }

  /** Writes everything that the journal holds back to `file`. */
  undoAll(file: VfsFile): void {
    this.#writeBack(file, ascending(this.#records.keys()));
  }

  close(): void {
    this.#journal.close();
  }

  #beforeWrite(file: VfsFile, position: number, length: number): void {
    this.#writes.push(position, length);
    const end = Math.min(position + length, this.#size ?? 0);
    for (let page = Math.floor(position / PAGE); page * PAGE < end; page++) {
      const word = this.#journaled[page >>> 5] ?? 0;
      if ((word & (1 << (page & 31))) === 0) this.#capture(file, page);
    }
  }

  #capture(file: VfsFile, page: number): void {
    const position = page * PAGE;
    const record = this.#records.size;
    const head = new Uint8Array(8);
    new DataView(head.buffer).setBigUint64(0, BigInt(position), true);
    this.#page.fill(0);
    file.read(this.#page, 0, PAGE, position);
    this.#journal.writev([head, this.#page], record * RECORD);
    this.#records.set(position, record);
    this.#mark(page);
    this.#captured++;
  }

  #mark(page: number): void {
    this.#journaled[page >>> 5] = (this.#journaled[page >>> 5] ?? 0) | (1 << (page & 31));
  }

  /** Positions of the old pages that this job wrote to, ascending. */
  #overwritten(size: number): number[] {
    const positions = new Set<number>();
    for (let i = 0; i < this.#writes.length; i += 2) {
      const start = this.#writes[i] ?? 0;
      const end = Math.min(start + (this.#writes[i + 1] ?? 0), size);
      for (let at = start - (start % PAGE); at < end; at += PAGE) positions.add(at);
    }
    return ascending(positions);
  }

  /** Neighbours in the file are neighbours in the journal too, as far as they were written in one go. */
  #writeBack(file: VfsFile, positions: readonly number[]): void {
    const run = new Uint8Array(RUN_PAGES * RECORD);
    const joins = (next: number): boolean =>
      this.#records.get(next) === this.#recordOf(next - PAGE) + 1;
    for (const { position, pages } of runsOf(positions, joins)) {
      this.#journal.read(run, 0, pages * RECORD, this.#recordOf(position) * RECORD);
      const sources = Array.from({ length: pages }, (_, page) =>
        run.subarray(page * RECORD + 8, (page + 1) * RECORD),
      );
      file.writev(sources, position);
    }
  }

  #recordOf(position: number): number {
    const record = this.#records.get(position);
    if (record === undefined) {
      throw new EngineError('CORRUPT', `${this.#journalPath} does not hold position ${position}`);
    }
    return record;
  }
}

/** Tells of every stretch that is about to be written or cut off. */
class JournaledFile extends WrappedFile {
  readonly #before: (position: number, length: number) => void;

  constructor(file: VfsFile, before: (position: number, length: number) => void) {
    super(file);
    this.#before = before;
  }

  override write(source: Uint8Array, offset: number, length: number, position: number): void {
    this.#before(position, length);
    super.write(source, offset, length, position);
  }

  override writev(sources: readonly Uint8Array[], position: number): void {
    const length = sources.reduce((sum, source) => sum + source.length, 0);
    this.#before(position, length);
    super.writev(sources, position);
  }

  override truncate(bytes: number): void {
    this.#before(bytes, Math.max(0, this.size() - bytes));
    super.truncate(bytes);
  }
}

/** Positions in a journal that another process wrote. */
export function journalPositions(vfs: Vfs, journalPath: string): readonly number[] {
  const journal = new UndoVfs(vfs, journalPath);
  const positions = journal.positions;
  journal.close();
  return positions;
}

/**
 * Brings back a database that a process was writing when it died: all that the journals hold, and its size. Takes
 * the lock that such a process would hold. Throws LOCKED, IO.
 */
export function restoreFile(
  vfs: Vfs,
  path: string,
  { journals, dbBytes }: { readonly journals: readonly string[]; readonly dbBytes: number },
): void {
  const file = vfs.open(path, { mode: 'write' });
  try {
    vfs.lock(file, path, 'exclusive');
    for (const journalPath of journals) {
      const journal = new UndoVfs(vfs, journalPath);
      journal.undoAll(file);
      journal.close();
    }
    if (file.size() !== dbBytes) file.truncate(dbBytes);
    file.sync();
  } finally {
    file.close();
  }
}

/**
 * The state of a database file: its size, blocks, and a digest of its metas and of the pages at
 * `positions`. Reading them also puts them in the page cache, for every round alike.
 */
export function fileState(vfs: Vfs, path: string, positions: Iterable<number>): FileState {
  const file = vfs.open(path, { mode: 'read' });
  const run = new Uint8Array(RUN_PAGES * PAGE);
  const sorted = Float64Array.from([0, PAGE, ...positions])
    .sort()
    .filter((position, i, all) => i === 0 || position !== all[i - 1]);
  let digest = 0;
  for (const { position, pages } of runsOf(sorted)) {
    run.fill(0, file.read(run, 0, pages * PAGE, position), pages * PAGE);
    digest = crc32(run.subarray(0, pages * PAGE), digest);
  }
  const state = {
    dbBytes: file.size(),
    allocatedBytes: file.allocatedBytes(),
    digest: digest.toString(16).padStart(8, '0'),
  };
  file.close();
  return state;
}

/** Stretches of neighbouring pages among ascending positions; `joins` may end one before its next page. */
function* runsOf(
  positions: ArrayLike<number>,
  joins: (next: number) => boolean = () => true,
): Generator<{ readonly position: number; readonly pages: number }> {
  for (let i = 0; i < positions.length;) {
    const position = positions[i] ?? 0;
    let pages = 1;
    let next = position + PAGE;
    while (pages < RUN_PAGES && positions[i + pages] === next && joins(next)) {
      pages++;
      next += PAGE;
    }
    yield { position, pages };
    i += pages;
  }
}

function ascending(positions: Iterable<number>): number[] {
  return [...positions].sort((a, b) => a - b);
}
