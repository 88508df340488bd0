// Compact: copies all that a database holds, in key order, into a new file without free pages, and
// proves the copy before anybody can open it.
//
// In this order: the source is opened read-only, under a shared lock, and checked; the caller learns
// how much disk the copy may take and can refuse; everything but the metas is written, in one pass,
// and synced; read back, it must pass the check, hold as many entries as the source's pages do, and
// give the source's digest; then the metas are written and synced. So a program or machine that dies
// half-way leaves a file that nobody takes for a database; whatever else fails, the file is removed.
// The source is never written to.
//
// Memory: a node a level, two small page caches, and what check needs.

import { EngineError } from '../base/errors.ts';
import { pgid, txid } from '../base/ids.ts';
import { encodeMeta } from '../page/meta-page.ts';
import { nodeVfs } from '../vfs/node-vfs.ts';
import type { Vfs, VfsFile } from '../vfs/vfs.ts';
import { checkSteps, type CheckReport } from './check.ts';
import { CompactWriter } from './compact-writer.ts';
import { ContentHash, walkContents, type ContentDigest, type ContentVisitor } from './contents.ts';
import { Db } from './db.ts';
import { DraftVfs } from './draft-vfs.ts';

const CACHE_BYTES = 16 * 1024 * 1024;
/** As small as it gets; programs that only append, as etcd does, split no full page. */
const FILL_PERCENT = 1;
/** Share added to the room asked for: pages that are cut anew may fill less well than the old ones. */
const ROOM_MARGIN = 0.05;
const ROOM_BYTES_MIN = 1024 * 1024;

export interface CompactOptions {
  readonly source: string;
  /** The file to make; must not exist. */
  readonly target: string;
  /** Share of a page that is filled, 0.1 to 1. Default 1; less leaves room for keys in between. */
  readonly fillPercent?: number;
  /** Called when the source is known to be whole, before anything is made; throw to refuse. */
  readonly begin?: (plan: CompactPlan) => void;
}

export interface CompactPlan {
  readonly sourceBytes: number;
  /** Size of the new file at most; where pages of it are zeros, it takes less disk than that. */
  readonly neededBytes: number;
}

/** Where a compaction is. */
export interface CompactStep {
  readonly doing: 'check' | 'copy' | 'verify';
  /** Of the whole, 0 to 1. */
  readonly share: number;
}

export interface CompactReport extends ContentDigest {
  readonly sourceBytes: number;
  readonly targetBytes: number;
  readonly sourcePages: number;
  readonly targetPages: number;
}

/**
 * Compacts, pausing often; whoever stops half-way calls return() or throw() on it, and nothing is
 * left. Throws INVALID_ARGUMENT (target exists), CORRUPT (source), IO (the copy does not verify), what
 * opening throws, NO_SPACE, and what `begin` throws.
 */
export function* compactSteps(
  options: CompactOptions,
  vfs: Vfs = nodeVfs,
): Generator<CompactStep, CompactReport> {
  const { source, target, fillPercent = FILL_PERCENT } = options;
  if (!(fillPercent >= 0.1 && fillPercent <= 1)) {
    const fault = `fillPercent ${fillPercent} is not between 0.1 and 1`;
    throw new EngineError('INVALID_ARGUMENT', fault);
  }
  if (vfs.exists(target)) throw existsFault(target);
  const from = Db.open(source, { readOnly: true, cacheBytes: CACHE_BYTES }, vfs);
  try {
    const checked = yield* scaled(checkSteps(vfs, source, { locked: true }), 'check', [0, 0.15]);
    assertWhole(source, checked);
    const usedBytes = checked.usedPages * from.options.pageSize;
    const margin = Math.max(ROOM_BYTES_MIN, ROOM_MARGIN * usedBytes);
    const { fileBytes: sourceBytes, highWater: sourcePages } = from.stats();
    const neededBytes = Math.ceil(margin + usedBytes / fillPercent);
    options.begin?.({ sourceBytes, neededBytes });
    const made = yield* makeTarget({ from, checked, target, fillPercent }, vfs);
    return { ...made, sourceBytes, sourcePages };
  } finally {
    from.close();
  }
}

interface Copy {
  readonly from: Db;
  /** What the source's pages were found to hold. */
  readonly checked: CheckReport;
  readonly target: string;
  readonly fillPercent: number;
}

type Made = Omit<CompactReport, 'sourceBytes' | 'sourcePages'>;

function* makeTarget(copy: Copy, vfs: Vfs): Generator<CompactStep, Made> {
  const { target } = copy;
  const file = vfs.open(target, { mode: 'create' });
  let ours = false;
  let finished = false;
  try {
    // Until it has metas, bbolt would take an empty file for one that it may fill.
    vfs.lock(file, target, 'exclusive');
    if (file.size() > 0) throw existsFault(target);
    ours = true;
    const { digest, metas } = yield* write(copy, file);
    file.sync();
    const made = yield* verify(copy, digest, new DraftVfs(vfs, metas));
    file.write(metas, 0, metas.length, 0);
    file.sync();
    finished = true;
    return made;
  } finally {
    file.close();
    if (ours && !finished) vfs.remove(target);
  }
}

/** Writes everything but the metas; returns those, and the digest of what was read. */
function* write(
  { from, checked, fillPercent }: Copy,
  file: VfsFile,
): Generator<CompactStep, { digest: ContentDigest; metas: Uint8Array }> {
  const { pageSize } = from.options;
  const writer = new CompactWriter({ file, pageSize, fillPercent });
  const hash = new ContentHash();
  const tx = from.beginRead();
  try {
    const walk = shares(walkContents(tx.root, both(hash, writer)), checked.bytes);
    yield* scaled(walk, 'copy', [0.15, 0.7]);
  } finally {
    tx.end();
  }
  const { root, freelist, highWater } = writer.finish(from.meta.freelist !== undefined);
  const metas = new Uint8Array(2 * pageSize);
  for (const id of [0, 1]) {
    const meta = {
      pageSize,
      root: pgid(root),
      sequence: from.meta.sequence,
      freelist: freelist === 0 ? undefined : pgid(freelist),
      highWater: pgid(highWater),
      txid: txid(id),
    };
    encodeMeta(meta, metas.subarray(id * pageSize, (id + 1) * pageSize));
  }
  return { digest: hash.finish(), metas };
}

/** Reads the target back from its file: whole, and the same. Throws IO. */
function* verify(
  { checked: expected, target }: Copy,
  digest: ContentDigest,
  draft: DraftVfs,
): Generator<CompactStep, Made> {
  const to = Db.open(target, { readOnly: true, cacheBytes: CACHE_BYTES }, draft);
  try {
    const steps = checkSteps(draft, target, { locked: true });
    const checked = yield* scaled(steps, 'verify', [0.7, 0.75]);
    const [fault] = checked.faults;
    if (fault !== undefined) throw unverified(target, `page ${fault.pgid}: ${fault.fault}`);
    // Counted on pages, not by cursor: an error of the cursor would be the same on both sides.
    if (checked.entries !== expected.entries || checked.bytes !== expected.bytes) {
      const [held, due] = [checked, expected].map(
        (one) => `${one.entries} entries of ${one.bytes} bytes`,
      );
      throw unverified(target, `it holds ${held}, not ${due}`);
    }
    const hash = new ContentHash();
    const tx = to.beginRead();
    try {
      const walk = shares(walkContents(tx.root, hash), expected.bytes);
      yield* scaled(walk, 'verify', [0.75, 1]);
    } finally {
      tx.end();
    }
    if (hash.finish().hash !== digest.hash) throw unverified(target, 'its contents differ');
    const { fileBytes: targetBytes, highWater: targetPages } = to.stats();
    return { ...digest, targetBytes, targetPages };
  } finally {
    to.close();
  }
}

/** Shows everything to one visitor, then to the other. */
function both(first: ContentVisitor, second: ContentVisitor): ContentVisitor {
  return {
    key: (key, value) => {
      first.key(key, value);
      second.key(key, value);
    },
    enter: (name, sequence) => {
      first.enter(name, sequence);
      second.enter(name, sequence);
    },
    leave: () => {
      first.leave();
      second.leave();
    },
  };
}

/** Passes on `steps`, whose shares are of a part of the whole: from..to. */
function* scaled<T>(
  steps: Generator<number, T>,
  doing: CompactStep['doing'],
  [from, to]: readonly [number, number],
): Generator<CompactStep, T> {
  try {
    for (;;) {
      const step = steps.next();
      if (step.done === true) return step.value;
      yield { doing, share: from + (to - from) * step.value };
    }
  } finally {
    steps.return(undefined as T);
  }
}

/** Turns counts into shares of `all`. */
function* shares<T>(steps: Generator<number, T>, all: number): Generator<number, T> {
  try {
    for (;;) {
      const step = steps.next();
      if (step.done === true) return step.value;
      yield step.value / all;
    }
  } finally {
    steps.return(undefined as T);
  }
}

function assertWhole(path: string, { faults }: CheckReport): void {
  const [first] = faults;
  if (first === undefined) return;
  throw new EngineError(
    'CORRUPT',
    `${path} is damaged and was not copied: page ${first.pgid}: ${first.fault}`,
  );
}

function unverified(target: string, what: string): EngineError {
  return new EngineError('IO', `the copy in ${target} does not verify and was removed: ${what}`);
}

function existsFault(path: string): EngineError {
  return new EngineError('INVALID_ARGUMENT', `${path} exists; remove it or name another file`);
}
