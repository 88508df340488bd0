// Recovery: what a folder of segments says, judged as one log. It owns the order of segments: numbers
// without a gap, one store, one chain of indexes and checksums from each to the next. Whatever breaks
// that is CORRUPT with its file and byte; only unsynced blocks at the end of the last segment are dropped.

import { join } from 'node:path';
import { EngineError } from '../base/errors.ts';
import { equalBytes } from '../base/bytes.ts';
import type { Vfs } from '../vfs/vfs.ts';
import { headerSeed, sealBlock } from './block.ts';
import { LOG_SECTOR_BYTES } from './layout.ts';
import { segmentName, segmentNumber } from './segment-header.ts';
import { corrupt, SegmentReader, type EntryVisitor, type SegmentEnd } from './segment-reader.ts';
import { SegmentWriter } from './segment-writer.ts';

/** A segment that is part of the log. */
export interface LogSegment {
  readonly number: number;
  readonly firstIndex: number;
  readonly path: string;
  /** Size of the file; of the last segment, when it was opened. */
  readonly bytes: number;
}

export interface RecoveredLog {
  readonly identity: Uint8Array;
  /** Ascending; the last one is `writer`'s. */
  readonly segments: LogSegment[];
  readonly writer: SegmentWriter;
  readonly lastIndex: number;
  readonly chain: number;
}

interface WalkedSegment extends LogSegment {
  readonly identity: Uint8Array;
  readonly previous: number;
  readonly end: SegmentEnd;
}

/**
 * Reads and checks the whole log in `folder`, drops what was never synced at its end, and syncs the
 * rest: what is returned is durable. undefined where there is no segment. Cost: one pass over all bytes.
 */
export function recoverLog(
  vfs: Vfs,
  folder: string,
  expected: Uint8Array | undefined,
): RecoveredLog | undefined {
  const names = vfs.list(folder).filter((name) => segmentNumber(name) !== undefined);
  checkNumbers(folder, names);
  let identity = expected;
  const walked: WalkedSegment[] = [];
  for (const name of names) {
    const segment = walkSegment(vfs, folder, name, identity);
    identity ??= segment.identity;
    checkContinues(walked.at(-1), segment);
    walked.push(segment);
  }
  const last = walked.at(-1);
  if (last === undefined || identity === undefined) return undefined;
  const before = walked.at(-2);
  walked.slice(0, -1).forEach((segment, i) => checkClosed(segment, walked[i + 1]!, last));
  if (before?.end.how === 'zeros') closeSegment(vfs, before, headerSeed(identity));
  if (last.end.how === 'closed') {
    const missing = segmentName(last.number + 1);
    throw corrupt(last.path, last.end.position, `the log goes on in ${missing}, which is missing`);
  }
  // A process that died may have left names and blocks that no sync has seen.
  vfs.syncFolder(folder);
  const { lastIndex, chain } = last.end;
  return { identity, segments: walked, writer: openWriter(vfs, last), lastIndex, chain };
}

/** Hands on the entries of `segment` behind `afterIndex`; it must hold all up to the one before `next`. */
export function replaySegment(
  vfs: Vfs,
  segment: LogSegment,
  { afterIndex, next }: { readonly afterIndex: number; readonly next: number },
  visit: EntryVisitor,
): void {
  const { path, number } = segment;
  const { lastIndex, position } = withFile(vfs, path, (file) =>
    new SegmentReader(file, path, segmentName(number), headerSeed).walk((index, payload) => {
      if (index > afterIndex) visit(index, payload);
    }),
  );
  if (lastIndex !== next - 1) throw corrupt(path, position, `entry ${lastIndex + 1} is gone`);
}

/** Writes and syncs the empty block that says another segment follows. */
export function markClosed(
  writer: SegmentWriter,
  at: { readonly lastIndex: number; readonly chain: number },
  seed: number,
): void {
  const block = new Uint8Array(LOG_SECTOR_BYTES);
  const { number: segment, position } = writer;
  const { lastIndex: syncedIndex, chain: previous } = at;
  const place = { segment, position, previous };
  const counts = { dataBytes: 0, firstIndex: syncedIndex + 1, syncedIndex, count: 0 };
  sealBlock(block, { ...place, ...counts }, seed);
  writer.write(block, LOG_SECTOR_BYTES);
  writer.sync();
}

function checkNumbers(folder: string, names: readonly string[]): void {
  const first = segmentNumber(names[0] ?? '') ?? 0;
  names.forEach((name, i) => {
    if (segmentNumber(name) === first + i) return;
    const missing = join(folder, segmentName(first + i));
    throw corrupt(missing, 0, `the segment is missing; the next one there is ${name}`);
  });
}

function walkSegment(
  vfs: Vfs,
  folder: string,
  name: string,
  identity: Uint8Array | undefined,
): WalkedSegment {
  const path = join(folder, name);
  return withFile(vfs, path, (file) => {
    const reader = new SegmentReader(file, path, name, headerSeed);
    const { header, bytes } = reader;
    if (identity !== undefined && !equalBytes(header.identity, identity)) {
      throw corrupt(path, 0, 'the segment belongs to another store');
    }
    return { ...header, path, bytes, end: reader.walk() };
  });
}

function checkContinues(before: WalkedSegment | undefined, segment: WalkedSegment): void {
  if (before === undefined) return;
  const { lastIndex, chain, position } = before.end;
  if (lastIndex + 1 < segment.firstIndex) {
    const known = `the next segment begins with ${segment.firstIndex}`;
    throw corrupt(before.path, position, `entry ${lastIndex + 1} is damaged or gone: ${known}`);
  }
  if (lastIndex + 1 !== segment.firstIndex || chain !== segment.previous) {
    throw corrupt(segment.path, 0, 'the segment does not continue the one before');
  }
}

/**
 * A segment is closed as soon as the next one has its name: only the last but one may be found open,
 * and only where the power went in between, when the next one had no entry.
 */
function checkClosed(segment: WalkedSegment, next: WalkedSegment, last: WalkedSegment): void {
  const { how, position } = segment.end;
  if (how === 'closed') return;
  if (how === 'zeros' && next === last && last.end.lastIndex < last.firstIndex) return;
  throw corrupt(segment.path, position, 'the end of the segment is damaged or gone');
}

function closeSegment(vfs: Vfs, segment: WalkedSegment, seed: number): void {
  const file = vfs.open(segment.path, { mode: 'write' });
  try {
    markClosed(
      new SegmentWriter(file, segment.path, segment, segment.end.position),
      segment.end,
      seed,
    );
  } finally {
    file.close();
  }
}

/** Opens the last segment behind its last whole block, without remains, everything synced. */
function openWriter(vfs: Vfs, last: WalkedSegment): SegmentWriter {
  const file = vfs.open(last.path, { mode: 'write' });
  try {
    const name = segmentName(last.number);
    const remains = new SegmentReader(file, last.path, name, headerSeed).hasRemains(last.end);
    const writer = new SegmentWriter(file, last.path, last, last.end.position);
    if (remains) writer.cut(last.end.position);
    else writer.sync();
    return writer;
  } catch (error) {
    file.close();
    throw error;
  }
}

function withFile<T>(vfs: Vfs, path: string, use: (file: ReturnType<Vfs['open']>) => T): T {
  const file = vfs.open(path, { mode: 'read' });
  try {
    return use(file);
  } finally {
    file.close();
  }
}

/** What replay says of entries that the log does not have, though the caller's state needs them. */
export function missingEntries(folder: string, what: string): EngineError {
  return new EngineError('CORRUPT', `the log in ${folder} ${what}`);
}
