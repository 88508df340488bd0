// inspect: what a database file holds, by numbers: pages, free spans, and a row a bucket. Walks every
// node once; values are not read. Throws CORRUPT at the first damaged page: run check on such a file.
// inspectSteps() pauses every now and then, so that a caller can show where it is and stop.

import { readFreelist } from '../page/freelist-page.ts';
import { elementAt, valueLength } from '../page/page-buffer.ts';
import { corrupt } from '../page/page-reader.ts';
import type { Vfs } from '../vfs/vfs.ts';
import { clearSpans, readMeta } from './open-file.ts';
import { PageWalk, pageBits, setBit, type PageVisit } from './page-walk.ts';

export interface BucketReport {
  /** Path of names, joined by '/'; bytes that are no printable ASCII as \xNN. '' is the root. */
  readonly name: string;
  keys: number;
  /** Levels of pages, 0 for an inline bucket. */
  depth: number;
  leafPages: number;
  branchPages: number;
  /** Pages of nodes beyond their first. */
  overflowPages: number;
  /** Bytes of keys and values. */
  bytes: number;
}

export interface InspectReport {
  readonly pageSize: number;
  readonly dbBytes: number;
  readonly pages: number;
  readonly freePages: number;
  /** Pages freed by transactions a reader may still look at; a file at rest has none. */
  readonly pendingPages: number;
  /** How many free spans there are, by length in pages. */
  readonly freeSpans: Readonly<Record<string, number>>;
  readonly txid: number;
  readonly freelistStored: boolean;
  readonly buckets: readonly BucketReport[];
}

/** Nodes between two pauses: some milliseconds' worth where they are in memory. */
const NODES_A_STEP = 4096;

export function inspectDb(vfs: Vfs, path: string): InspectReport {
  const steps = inspectSteps(vfs, path);
  for (;;) {
    const step = steps.next();
    if (step.done === true) return step.value;
  }
}

/** As inspectDb(), pausing every now and then to say which share of the file's pages it has seen. */
export function* inspectSteps(vfs: Vfs, path: string): Generator<number, InspectReport> {
  const file = vfs.open(path, { mode: 'read' });
  try {
    vfs.lock(file, path, 'shared');
    const meta = readMeta(file, path);
    const { pageSize, highWater, root } = meta;
    const buckets = new Map<string, BucketReport>();
    const reached = pageBits(highWater);
    setBit(reached, 0);
    setBit(reached, 1);
    let seen = 0;
    const walk = new PageWalk({
      file,
      pageSize,
      root,
      highWater,
      reached,
      visit: (visit) => {
        count(buckets, visit);
        if (!visit.inline) seen += visit.pages;
      },
      fault: (page, fault) => {
        throw corrupt(page, fault);
      },
    });
    for (let nodes = 1; walk.step(); nodes++) {
      if (nodes % NODES_A_STEP === 0) yield seen / highWater;
    }
    if (meta.freelist !== undefined) {
      const { pages } = readFreelist(file, { pgid: meta.freelist, pageSize, highWater });
      for (let page = 0; page < pages; page++) setBit(reached, meta.freelist + page);
    }
    const spans = clearSpans(reached, highWater);
    const freeSpans: Record<string, number> = {};
    for (let i = 0; i < spans.length; i++) {
      const length = String(spans.counts[i]!);
      freeSpans[length] = (freeSpans[length] ?? 0) + 1;
    }
    return {
      pageSize,
      dbBytes: file.size(),
      pages: highWater,
      freePages: spans.pages(),
      pendingPages: 0,
      freeSpans,
      txid: meta.txid,
      freelistStored: meta.freelist !== undefined,
      buckets: [...buckets.values()],
    };
  } finally {
    file.close();
  }
}

function count(buckets: Map<string, BucketReport>, visit: PageVisit): void {
  const name = visit.bucket.map(printable).join('/');
  let bucket = buckets.get(name);
  if (bucket === undefined) {
    bucket = { name, keys: 0, depth: 0, leafPages: 0, branchPages: 0, overflowPages: 0, bytes: 0 };
    buckets.set(name, bucket);
  }
  if (!visit.inline) {
    bucket.depth = Math.max(bucket.depth, visit.depth + 1);
    bucket.overflowPages += visit.pages - 1;
    if (visit.isLeaf) bucket.leafPages++;
    else bucket.branchPages++;
  }
  if (!visit.isLeaf) return;
  bucket.keys += visit.count;
  for (let i = 0; i < visit.count; i++) {
    const element = elementAt(0, i);
    bucket.bytes += visit.page.u32[(element >>> 2) + 2]! + valueLength(visit.page, element);
  }
}

function printable(name: Uint8Array): string {
  let text = '';
  for (const byte of name) {
    const plain = byte >= 0x20 && byte < 0x7f && byte !== 0x5c;
    text += plain ? String.fromCharCode(byte) : `\\x${byte.toString(16).padStart(2, '0')}`;
  }
  return text;
}
