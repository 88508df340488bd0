// What check keeps in memory: two bits a page of the file and the path to the node it looks at, however
// many nodes there are and whatever is wrong with them. Measured on the heap after a collection at every
// pause, so a list or map with an entry a node shows at once.

import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, it } from 'vitest';
import { MemoryVfs } from '../vfs/memory-vfs.ts';
import { ELEMENT_BYTES, PAGE_HEADER_BYTES } from '../page/layout.ts';
import { bytesOf } from '../testing/model.ts';
import { BulkFile } from './bulk-file.ts';
import { checkSteps, type CheckReport } from './check.ts';
import { readMeta } from './open-file.ts';
import { pageBits, walkPages } from './page-walk.ts';

const PATH = 'large.db';
const PAGE = 512;
const LEAVES = 60_000;
/** Two bits are a quarter of a byte; an object a node would be a hundred and more. */
const BYTES_A_PAGE_MAX = 1;
/** The branches' keys, buffers, and what the measuring itself leaves. */
const BYTES_MAX = 512 * 1024;

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

function heldBytes(): number {
  collect();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

/** A leaf a page, so that there are as many nodes as there are pages. */
function makeLarge(): MemoryVfs {
  const vfs = new MemoryVfs();
  const options = { pageSize: PAGE, bucket: bytesOf('key'), storeFreelist: false };
  const file = BulkFile.create(PATH, options, vfs);
  for (let i = 0; i < LEAVES; i++) file.addUsed(1, bytesOf(`${i}`.padStart(17, '0')));
  file.finish();
  return vfs;
}

/** Edits every leaf. */
function damage(vfs: MemoryVfs, edit: (page: DataView) => void): void {
  const file = vfs.open(PATH, { mode: 'write' });
  const { root, highWater } = readMeta(file, PATH);
  const pages: number[] = [];
  walkPages({
    ...{ file, pageSize: PAGE, root, highWater, reached: pageBits(highWater) },
    visit: ({ pgid, isLeaf, bucket }) => {
      if (bucket.length === 1 && isLeaf) pages.push(pgid);
    },
    fault: (page, fault) => expect.fail(`page ${page}: ${fault}`),
  });
  const bytes = new Uint8Array(PAGE);
  for (const pgid of pages) {
    file.read(bytes, 0, PAGE, pgid * PAGE);
    edit(new DataView(bytes.buffer));
    file.write(bytes, 0, PAGE, pgid * PAGE);
  }
  file.close();
}

/** Runs the check; the most it held at any pause, above what was held before. */
function measure(vfs: MemoryVfs): { report: CheckReport; bytes: number } {
  const steps = checkSteps(vfs, PATH);
  const before = heldBytes();
  let bytes = 0;
  let pauses = 0;
  for (;;) {
    const step = steps.next();
    if (step.done === true) {
      expect(pauses).toBeGreaterThan(10);
      return { report: step.value, bytes };
    }
    pauses++;
    bytes = Math.max(bytes, heldBytes() - before);
  }
}

describe('the memory of check', () => {
  it.each([
    { what: 'a sound file', edit: undefined },
    {
      what: 'a file whose leaves are all damaged',
      edit: (page: DataView) => page.setUint32(0, 1, true),
    },
    {
      what: 'a file whose keys are all out of place',
      edit: (page: DataView) => page.setUint8(PAGE_HEADER_BYTES + ELEMENT_BYTES, 0xff),
    },
  ])('stays within a byte a page on $what', ({ edit }) => {
    const vfs = makeLarge();
    if (edit !== undefined) damage(vfs, edit);
    const { report, bytes } = measure(vfs);
    expect(report.ok).toBe(edit === undefined);
    expect(report.faults.length).toBeLessThanOrEqual(100);
    expect(report.pages).toBeGreaterThan(LEAVES);
    expect(bytes).toBeLessThan(BYTES_MAX + BYTES_A_PAGE_MAX * report.pages);
  });
});
