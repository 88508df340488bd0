// UndoVfs on real files: whatever a job writes, undo brings back every byte and the size; a second
// run meets only journaled pages; a journal serves an instance that did not write it.

import { readFileSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { nodeVfs, Random, type VfsFile } from '../../engine/index.ts';
import { fileDigest } from '../testing/file-digest.ts';
import { testFolder } from '../testing/test-folder.ts';
import { fileState, journalPositions, restoreFile, UndoVfs } from './undo-vfs.ts';

const PAGE = 4096;
const PAGES = 300;
const RECORD = 8 + PAGE;
const SEED = 20261122;

const folder = testFolder('undo');
let made = 0;

interface Place {
  readonly path: string;
  readonly journal: string;
}

/** A database's worth of random bytes with a hole in it. */
function place(bytes = PAGES * PAGE): Place {
  const path = join(folder, `${String(++made)}.db`);
  const content = new Uint8Array(bytes);
  new Random(SEED).fill(content.subarray(0, bytes / 2));
  writeFileSync(path, content.subarray(0, bytes / 2));
  truncateSync(path, bytes);
  return { path, journal: `${path}.undo` };
}

/** Random whole-page writes, joined ones too, inside the file and beyond its end. */
function randomJob(file: VfsFile, seed: number): void {
  const random = new Random(seed);
  const page = new Uint8Array(PAGE);
  const end = PAGES + 40;
  for (let i = 0; i < 120; i++) {
    random.fill(page);
    const at = random.below(end);
    if (random.below(3) === 0) {
      const sources = Array.from({ length: 1 + random.below(5) }, () => page.slice());
      file.writev(sources, at * PAGE);
    } else {
      file.write(page, 0, PAGE, at * PAGE);
    }
  }
  file.sync();
}

function run({ path, journal }: Place, job: (file: VfsFile) => void): number {
  const vfs = new UndoVfs(nodeVfs, journal);
  const file = vfs.open(path, { mode: 'write' });
  try {
    job(file);
  } finally {
    file.close();
  }
  vfs.undo(path);
  vfs.close();
  return vfs.captured;
}

describe('UndoVfs', () => {
  it('brings back every byte and the size after random writes and growth', () => {
    const at = place();
    const before = fileDigest(at.path);
    let changed = '';
    const captured = run(at, (file) => {
      randomJob(file, 1);
      expect(file.size()).toBeGreaterThan(PAGES * PAGE);
      changed = fileDigest(at.path);
    });
    expect(changed).not.toBe(before);
    expect(captured).toBeGreaterThan(50);
    expect(fileDigest(at.path)).toBe(before);
    expect(statSync(at.path).size).toBe(PAGES * PAGE);
  });

  it('captures nothing in a second run of the same job, and undoes that too', () => {
    const at = place();
    const before = fileDigest(at.path);
    const captured = run(at, (file) => randomJob(file, 2));
    expect(captured).toBeGreaterThan(0);
    const journalBytes = statSync(at.journal).size;
    expect(journalBytes).toBe(captured * RECORD);
    for (let again = 0; again < 3; again++) {
      expect(run(at, (file) => randomJob(file, 2))).toBe(0);
      expect(fileDigest(at.path)).toBe(before);
    }
    expect(statSync(at.journal).size).toBe(journalBytes);
  });

  it('captures only the pages a different job adds', () => {
    const at = place();
    const before = fileDigest(at.path);
    const page = new Uint8Array(PAGE).fill(7);
    expect(run(at, (file) => file.write(page, 0, PAGE, 5 * PAGE))).toBe(1);
    const both = run(at, (file) => file.writev([page, page, page], 4 * PAGE));
    expect(both).toBe(2);
    expect(fileDigest(at.path)).toBe(before);
    expect([...journalPositions(nodeVfs, at.journal)].sort((a, b) => a - b)).toEqual([
      4 * PAGE,
      5 * PAGE,
      6 * PAGE,
    ]);
  });

  it.each([0, 10.5 * PAGE, PAGES * PAGE - 1])('brings back what was cut off at %d', (bytes) => {
    const at = place();
    const before = fileDigest(at.path);
    run(at, (file) => {
      file.truncate(bytes);
      expect(file.size()).toBe(bytes);
      file.truncate((PAGES + 3) * PAGE);
    });
    expect(fileDigest(at.path)).toBe(before);
    run(at, (file) => file.truncate(bytes));
    expect(fileDigest(at.path)).toBe(before);
  });

  it('journals nothing for growth alone', () => {
    const at = place();
    const before = fileDigest(at.path);
    const page = new Uint8Array(PAGE).fill(9);
    const captured = run(at, (file) => {
      file.write(page, 0, PAGE, (PAGES + 100) * PAGE);
      file.truncate((PAGES + 200) * PAGE);
    });
    expect(captured).toBe(0);
    expect(fileDigest(at.path)).toBe(before);
  });

  it('brings back a file that ends inside a page', () => {
    const at = place(10 * PAGE + 100);
    const before = fileDigest(at.path);
    run(at, (file) => file.write(new Uint8Array(2 * PAGE).fill(1), 0, 2 * PAGE, 9 * PAGE));
    expect(fileDigest(at.path)).toBe(before);
  });

  it('drops a last record that was cut short, and captures its page again', () => {
    const at = place();
    const before = fileDigest(at.path);
    run(at, (file) => randomJob(file, 3));
    const records = journalPositions(nodeVfs, at.journal).length;
    truncateSync(at.journal, statSync(at.journal).size - 1000);
    expect(journalPositions(nodeVfs, at.journal)).toHaveLength(records - 1);
    expect(run(at, (file) => randomJob(file, 3))).toBe(1);
    expect(fileDigest(at.path)).toBe(before);
    expect(statSync(at.journal).size).toBe(records * RECORD);
  });

  it('reads and locks through to the file', () => {
    const at = place();
    const vfs = new UndoVfs(nodeVfs, at.journal);
    const file = vfs.open(at.path, { mode: 'write' });
    vfs.lock(file, at.path, 'exclusive');
    const other = nodeVfs.open(at.path, { mode: 'write' });
    if (nodeVfs.exists('/usr/bin/flock')) {
      expect(() => nodeVfs.lock(other, at.path, 'exclusive')).toThrow(/open in another process/);
    }
    other.close();
    const page = new Uint8Array(PAGE);
    expect(file.read(page, 0, PAGE, 3 * PAGE)).toBe(PAGE);
    expect(page).toEqual(new Uint8Array(readFileSync(at.path).subarray(3 * PAGE, 4 * PAGE)));
    expect(file.allocatedBytes()).toBe(statSync(at.path).blocks * 512);
    file.close();
    vfs.close();
  });
});

describe('fileState', () => {
  it('is equal before each run, and sees a change at a journaled position or a meta', () => {
    const at = place();
    run(at, (file) => randomJob(file, 4));
    const state = (): ReturnType<typeof fileState> =>
      fileState(nodeVfs, at.path, journalPositions(nodeVfs, at.journal));
    const first = state();
    expect(first.dbBytes).toBe(PAGES * PAGE);
    for (let again = 0; again < 3; again++) {
      run(at, (file) => randomJob(file, 4));
      expect(state()).toEqual(first);
    }
    const [position = 0] = journalPositions(nodeVfs, at.journal);
    for (const flipped of [position + 17, 100, PAGE + 100]) {
      const file = nodeVfs.open(at.path, { mode: 'write' });
      const byte = new Uint8Array(1);
      file.read(byte, 0, 1, flipped);
      file.write(
        byte.map((value) => value ^ 1),
        0,
        1,
        flipped,
      );
      expect(state().digest).not.toBe(first.digest);
      file.write(byte, 0, 1, flipped);
      file.close();
    }
    expect(state()).toEqual(first);
  });
});

describe('restoreFile', () => {
  it('brings back what jobs were writing that nobody undid, from all their journals', () => {
    const at = place();
    const before = fileDigest(at.path);
    const other = `${at.path}.other`;
    run({ path: at.path, journal: other }, (file) => randomJob(file, 5));
    // Of a process that died: neither undone nor closed.
    const vfs = new UndoVfs(nodeVfs, at.journal);
    const file = vfs.open(at.path, { mode: 'write' });
    randomJob(file, 6);
    expect(fileDigest(at.path)).not.toBe(before);
    restoreFile(nodeVfs, at.path, { journals: [at.journal, other], dbBytes: PAGES * PAGE });
    expect(fileDigest(at.path)).toBe(before);
    file.close();
    vfs.close();
  });

  it('leaves a file alone that another still has locked', () => {
    const at = place();
    const file = nodeVfs.open(at.path, { mode: 'write' });
    nodeVfs.lock(file, at.path, 'exclusive');
    expect(() => restoreFile(nodeVfs, at.path, { journals: [], dbBytes: 0 })).toThrow(
      expect.objectContaining({ code: 'LOCKED' }),
    );
    file.close();
    expect(statSync(at.path).size).toBe(PAGES * PAGE);
  });
});
