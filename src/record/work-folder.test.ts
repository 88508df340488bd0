// Where databases lie: made and removed with all it holds, refused where nothing could be measured, and never made in
// the place of a disk that is not there.

import { existsSync, mkdirSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { testFolder } from '../testing/test-folder.ts';
import { RecordError } from './record-error.ts';
import { freeBytesAt, WorkFolder } from './work-folder.ts';

const base = testFolder('work-folder');
let made = 0;

function path(): string {
  return join(base, String(++made));
}

function refused(work: () => unknown): RecordError {
  try {
    work();
  } catch (error) {
    if (error instanceof RecordError) return error;
    throw error;
  }
  throw new Error('nothing was refused');
}

describe('WorkFolder', () => {
  it('is made, and removed with all it holds and all that was made for it', () => {
    const top = path();
    const work = new WorkFolder(join(top, 'deep', 'work'));
    writeFileSync(work.file('a.db'), 'a');
    expect(work.freeBytes()).toBeGreaterThan(0);
    work.remove();
    work.remove();
    expect(existsSync(top)).toBe(false);
  });

  it('leaves above it what others have', () => {
    const top = path();
    const work = new WorkFolder(join(top, 'work'));
    writeFileSync(join(top, 'theirs'), '');
    work.remove();
    expect(readdirSync(top)).toEqual(['theirs']);
  });

  it('can be emptied of what a killed run left', () => {
    const work = new WorkFolder(join(path(), 'work'));
    mkdirSync(work.file('sub'));
    writeFileSync(work.file('sub/a.db'), 'a');
    expect(readdirSync(work.emptyFolder('sub'))).toEqual([]);
    work.clear();
    expect(readdirSync(work.path)).toEqual([]);
  });

  it('that should be new does not share the folder of another', () => {
    const folder = join(path(), 'work');
    const first = new WorkFolder(folder, { hold: 'new' });
    writeFileSync(first.file('db'), 'x');
    expect(refused(() => new WorkFolder(folder, { hold: 'new' }))).toMatchObject({
      kind: 'exists',
      message: expect.stringContaining('is in use by a run') as string,
    });
    expect(existsSync(first.file('db'))).toBe(true);
  });

  it('is not made below a folder that a user named and that is not there', () => {
    const disk = path();
    const error = refused(() => new WorkFolder(join(disk, 'work'), { parents: 'kept' }));
    expect(error.kind).toBe('missing');
    expect(error.message).toBe(
      `the work folder ${disk} does not exist; mount the disk, or make the folder first`,
    );
    expect(existsSync(disk)).toBe(false);
    writeFileSync(disk, '');
    expect(refused(() => new WorkFolder(join(disk, 'work'), { parents: 'kept' })).message).toMatch(
      /is no folder/,
    );
  });

  it('lies in such a folder where it is there, and leaves it there', () => {
    const disk = path();
    mkdirSync(disk);
    const work = new WorkFolder(join(disk, 'work'), { parents: 'kept' });
    expect(readdirSync(disk)).toEqual(['work']);
    work.remove();
    expect(readdirSync(disk)).toEqual([]);
  });

  // Node's own recursive mkdir does not come back from there.
  it.runIf(existsSync('/proc/self'))('is refused where the system takes no folders', () => {
    for (const place of ['/proc/work', '/proc/a/b/work', '/proc/self/work']) {
      expect(refused(() => new WorkFolder(place))).toMatchObject({
        kind: 'missing',
        message: expect.stringMatching(/cannot be made: /) as string,
      });
    }
    expect(refused(() => new WorkFolder('/proc/work', { parents: 'kept' })).kind).toBe('missing');
  });

  it.runIf(existsSync('/dev/full'))(
    'is refused, and taken back, where nothing can be written',
    () => {
      const folder = join(path(), 'work');
      mkdirSync(folder, { recursive: true });
      symlinkSync('/dev/full', join(folder, '.kvtune-write-probe'));
      expect(refused(() => new WorkFolder(folder))).toMatchObject({
        kind: 'missing',
        message: expect.stringMatching(/cannot be written: .*ENOSPC/) as string,
        cause: { code: 'ENOSPC' },
      });
      expect(readdirSync(folder)).toEqual([]);
    },
  );

  it('is refused where a file or a broken link is in the way', () => {
    const file = path();
    writeFileSync(file, '');
    const link = path();
    symlinkSync(join(base, 'nowhere'), link);
    for (const place of [file, join(file, 'below'), link]) {
      expect(refused(() => new WorkFolder(place)).message).toMatch(/cannot be made: /);
    }
  });
});

it('freeBytesAt() finds the room of a folder that is still to be made', () => {
  expect(freeBytesAt(join(base, 'not', 'there', 'yet', 'a.db'))).toBeGreaterThan(0);
});
