// Damage to a log's files: cut short at every byte, flipped in every byte, a segment gone or from
// another store. What was acknowledged is replayed or reported; a wrong payload is never replayed.

import { describe, expect, it } from 'vitest';
import { Random } from '../base/random.ts';
import { MemoryVfs } from '../vfs/memory-vfs.ts';
import { entriesOf, payloadOf } from './testing/entries.ts';
import { Wal } from './wal.ts';

const LONG = process.env['KVTUNE_LONG_TESTS'] === '1';
/** Every fifth byte is flipped in every run; each one under KVTUNE_LONG_TESTS=1. */
const STRIDE = LONG ? 1 : 5;
const FOLDER = '/wal';
const OPTIONS = { segmentBytes: 4096, identity: new Uint8Array(16).fill(3) };
const corrupt = (text: RegExp): unknown =>
  expect.objectContaining({ code: 'CORRUPT', message: expect.stringMatching(text) as unknown });

/** A copy of all that is on `vfs`. */
function copyOf(vfs: MemoryVfs): MemoryVfs {
  return vfs.crashImage(new Random(1), 1);
}

function open(vfs: MemoryVfs): Wal {
  return Wal.open(FOLDER, OPTIONS, vfs);
}

function segmentPaths(vfs: MemoryVfs): string[] {
  return vfs.list(FOLDER).map((name) => `${FOLDER}/${name}`);
}

function sizeOf(vfs: MemoryVfs, path: string): number {
  return vfs.open(path, { mode: 'read' }).size();
}

/** Two batches in the first segment, two in the second, all synced; `unsynced` entries behind them. */
function smallLog(unsynced: number): { vfs: MemoryVfs; entries: [number, string][]; end: number } {
  const vfs = new MemoryVfs();
  const log = open(vfs);
  for (const length of [700, 900, 400, 1_500, 700]) {
    log.append(payloadOf(length, length));
    log.append(new Uint8Array(length));
    log.sync();
  }
  const entries = entriesOf(log);
  for (let i = 0; i < unsynced; i++) {
    log.append(payloadOf(i, 400));
    log.flush();
  }
  expect(log.stats().segments).toBeGreaterThan(1);
  return { vfs, entries, end: log.syncedIndex };
}

function flip(vfs: MemoryVfs, path: string, at: number, mask: number): void {
  const file = vfs.open(path, { mode: 'write' });
  const byte = new Uint8Array(1);
  file.read(byte, 0, 1, at);
  byte[0]! ^= mask;
  file.write(byte, 0, 1, at);
  file.close();
}

/** What opening and replaying says: the entries, or the error's message. */
function outcomeOf(vfs: MemoryVfs): [number, string][] | string {
  try {
    return entriesOf(open(vfs));
  } catch (error) {
    expect(error).toMatchObject({ name: 'EngineError', code: 'CORRUPT' });
    return String(error);
  }
}

describe('a flipped byte', () => {
  it.each([0x01, 0x80, 0xff])('is reported, or lies where nothing is, mask %i', (mask) => {
    const { vfs, entries } = smallLog(0);
    const expected = JSON.stringify(entries);
    const counts = { reported: 0, harmless: 0 };
    for (const path of segmentPaths(vfs)) {
      for (let at = mask % STRIDE; at < sizeOf(vfs, path); at += STRIDE) {
        const image = copyOf(vfs);
        flip(image, path, at, mask);
        const outcome = outcomeOf(image);
        if (typeof outcome === 'string') {
          expect(outcome).toMatch(/\/wal\/[0-9a-f]{16}\.wal at byte \d+: /);
          expect(outcome).toContain(path);
          const position = Number(/at byte (\d+)/.exec(outcome)?.[1]);
          expect(position).toBeLessThanOrEqual(at);
          counts.reported++;
        } else {
          expect(JSON.stringify(outcome)).toBe(expected);
          counts.harmless++;
        }
      }
    }
    expect(counts.reported).toBeGreaterThan(7_000 / STRIDE);
    // Zeros behind the block that closes a segment, and behind the sector of the next block.
    expect(counts.harmless).toBeGreaterThan(100 / STRIDE);
  });

  it('in what was never synced leaves a prefix, or is reported', () => {
    const { vfs, entries, end } = smallLog(3);
    const path = segmentPaths(vfs).at(-1)!;
    const all = entriesOf(open(copyOf(vfs)));
    expect(all).toHaveLength(end + 3);
    for (let at = 0; at < sizeOf(vfs, path); at += STRIDE) {
      const image = copyOf(vfs);
      flip(image, path, at, 0x10);
      const outcome = outcomeOf(image);
      if (typeof outcome === 'string') continue;
      expect(outcome.length).toBeGreaterThanOrEqual(entries.length);
      expect(JSON.stringify(outcome)).toBe(JSON.stringify(all.slice(0, outcome.length)));
    }
  });
});

describe('a lost sector', () => {
  it('is reported where a later block says that it was synced, else ends the log', () => {
    const { vfs, entries } = smallLog(0);
    const paths = segmentPaths(vfs);
    const seen = { reported: 0, short: 0 };
    for (const path of paths) {
      for (let at = 0; at < sizeOf(vfs, path); at += 512) {
        const image = copyOf(vfs);
        const file = image.open(path, { mode: 'write' });
        file.write(new Uint8Array(512), 0, 512, at);
        const outcome = outcomeOf(image);
        if (typeof outcome === 'string') seen.reported++;
        else {
          // Only the last batch has nothing behind it that could tell.
          expect(outcome.length).toBeGreaterThanOrEqual(entries.length - 2);
          expect(outcome).toEqual(entries.slice(0, outcome.length));
          if (outcome.length < entries.length) seen.short++;
        }
      }
    }
    expect(seen.reported).toBeGreaterThan(10);
    expect(seen.short).toBe(2);
  });

  it.each([512, 1024])('at %i of the last segment is damage if a later batch was synced', (at) => {
    const vfs = new MemoryVfs();
    const log = open(vfs);
    log.append(payloadOf(1, 900));
    log.flush();
    log.append(payloadOf(2, 10));
    log.sync();
    const cutAt = (): MemoryVfs => {
      const image = copyOf(vfs);
      const [path] = segmentPaths(image);
      image.open(path!, { mode: 'write' }).write(new Uint8Array(512), 0, 512, at);
      return image;
    };
    // Both blocks were synced together: the second says nothing of the first.
    expect(open(cutAt()).lastIndex).toBe(0);
    log.append(payloadOf(3, 10));
    log.flush();
    const said = corrupt(
      /at byte 512: entry 1 is damaged or gone, and was synced: the block at 2048/,
    );
    expect(() => open(cutAt())).toThrow(said);
  });
});

describe('a torn tail', () => {
  it.each([[0], [3]])('is dropped, cut at every byte, %i unsynced entries', (unsynced) => {
    const { vfs } = smallLog(unsynced);
    const path = segmentPaths(vfs).at(-1)!;
    const all = entriesOf(open(copyOf(vfs)));
    let before = 0;
    for (let bytes = 512; bytes <= sizeOf(vfs, path); bytes++) {
      const image = copyOf(vfs);
      image.open(path, { mode: 'write' }).truncate(bytes);
      const log = open(image);
      const entries = entriesOf(log);
      expect(JSON.stringify(entries)).toBe(JSON.stringify(all.slice(0, entries.length)));
      expect(entries.length).toBeGreaterThanOrEqual(before);
      before = entries.length;
      // And the log goes on from there.
      const next = log.append(payloadOf(1, 20));
      log.close();
      expect(open(image).lastIndex).toBe(next);
    }
    expect(before).toBe(all.length);
  });
});

describe('segments', () => {
  it('that are missing are named, the first one when it is needed, the last one too', () => {
    const { vfs } = smallLog(0);
    const paths = segmentPaths(vfs);
    expect(paths.length).toBeGreaterThan(2);
    for (const path of paths.slice(1)) {
      const image = copyOf(vfs);
      image.remove(path);
      expect(() => open(image)).toThrow(corrupt(new RegExp(`${path.slice(5)}.* missing`)));
    }
    vfs.remove(paths[0]!);
    const log = open(vfs);
    expect(() => entriesOf(log)).toThrow(corrupt(/begins with entry 3, 1 is needed/));
  });

  it('that are all missing are noticed by who knows that there were some', () => {
    const { vfs, end } = smallLog(0);
    for (const path of segmentPaths(vfs)) vfs.remove(path);
    expect(() => entriesOf(open(vfs), end)).toThrow(corrupt(/ends with entry 0, but entry 10 was/));
  });

  it('of another store, another place or another version are refused', () => {
    const other = new MemoryVfs();
    const log = Wal.open(FOLDER, { ...OPTIONS, identity: new Uint8Array(16).fill(4) }, other);
    for (let i = 0; i < 9; i++) {
      log.append(payloadOf(i, 900));
      log.sync();
    }
    const [first, second, third] = segmentPaths(other);
    for (const path of [first!, second!]) {
      const { vfs } = smallLog(0);
      copyFile(other, path, vfs, path);
      expect(() => open(vfs)).toThrow(corrupt(new RegExp(`${path} at byte 0: .* another store`)));
    }
    const { vfs } = smallLog(0);
    copyFile(vfs, second!, vfs, third!);
    expect(() => open(vfs)).toThrow(corrupt(/at byte 0: this is segment 2 under the name of/));
  });

  it('with the same name of the same store, from another life, are refused', () => {
    const { vfs } = smallLog(0);
    const life = new MemoryVfs();
    const log = open(life);
    for (let i = 0; i < 9; i++) {
      log.append(payloadOf(i + 50, 900));
      log.sync();
    }
    const second = segmentPaths(vfs)[1]!;
    copyFile(life, second, vfs, second);
    expect(() => open(vfs)).toThrow(corrupt(/does not continue the one before|damaged or gone/));
  });

  it('that are no segments are left alone', () => {
    const { vfs, entries } = smallLog(0);
    vfs.open(`${FOLDER}/notes.txt`, { mode: 'create' }).close();
    expect(entriesOf(open(vfs))).toEqual(entries);
    expect(vfs.list(FOLDER)).toContain('notes.txt');
  });

  it('damaged after the log was opened are found by replay', () => {
    const { vfs } = smallLog(0);
    const log = open(vfs);
    const path = segmentPaths(vfs).at(-1)!;
    vfs.open(path, { mode: 'write' }).truncate(512);
    expect(() => entriesOf(log)).toThrow(corrupt(/at byte 512: entry \d+ is gone/));
  });
});

it('makes durable what a process wrote that died before its sync', () => {
  const vfs = new MemoryVfs();
  const log = open(vfs);
  log.append(payloadOf(1, 100));
  log.flush();
  expect(open(vfs.crashImage(new Random(1), 0)).lastIndex).toBe(0);
  expect(open(vfs).syncedIndex).toBe(1);
  expect(open(vfs.crashImage(new Random(1), 0)).lastIndex).toBe(1);
});

it('a payload that holds blocks of the log is never taken for them', () => {
  const vfs = new MemoryVfs();
  const log = open(vfs);
  log.append(payloadOf(1, 100));
  log.sync();
  // The log's own bytes, so placed that its sectors are sectors again.
  const file = vfs.open(segmentPaths(vfs)[0]!, { mode: 'read' });
  const embedded = new Uint8Array(452 + 1024);
  file.read(embedded, 452, 1024, 512);
  log.append(embedded);
  log.flush();
  // The block's first sector is lost, those with the copies stay.
  file.close();
  const writable = vfs.open(segmentPaths(vfs)[0]!, { mode: 'write' });
  writable.write(new Uint8Array(512), 0, 512, 1024);
  expect(open(vfs).lastIndex).toBe(1);
});

function copyFile(from: MemoryVfs, source: string, to: MemoryVfs, target: string): void {
  const bytes = new Uint8Array(sizeOf(from, source));
  from.open(source, { mode: 'read' }).read(bytes, 0, bytes.length, 0);
  const file = to.open(target, { mode: 'create' });
  file.truncate(0);
  file.write(bytes, 0, bytes.length, 0);
}
