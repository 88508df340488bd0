// What a Wal promises whatever disk it is on. wal.test.ts runs it on real files, in memory and under the
// fault vfs; what happens when the power goes or the disk lies is in the other tests of this folder.

import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Random } from '../base/random.ts';
import type { Vfs } from '../vfs/vfs.ts';
import { entriesOf, payloadOf } from './testing/entries.ts';
import { Wal } from './wal.ts';

export interface WalUnderTest {
  readonly vfs: Vfs;
  readonly folder: string;
  readonly dispose: () => void;
}

const SMALL = { segmentBytes: 4096 };

export function walContract(name: string, make: () => WalUnderTest): void {
  describe(`the log on ${name}`, () => {
    let under: WalUnderTest;
    const logs: Wal[] = [];
    beforeEach(() => {
      under = make();
    });
    afterEach(() => {
      for (const log of logs.splice(0)) log.close();
      under.dispose();
    });
    const open = (options: Parameters<typeof Wal.open>[1] = SMALL): Wal => {
      const log = Wal.open(under.folder, options, under.vfs);
      logs.push(log);
      return log;
    };

    it('replays what was appended, also after it was opened again, over many segments', () => {
      const random = new Random(31);
      const log = open();
      const expected: [number, string][] = [];
      for (let i = 1; i <= 200; i++) {
        const payload = payloadOf(i, random.below(300));
        expect(log.append(payload)).toBe(i);
        expected.push([i, Buffer.from(payload).toString('hex')]);
        if (random.below(4) === 0) log.sync();
      }
      expect(entriesOf(log)).toEqual(expected);
      log.close();
      const again = open();
      expect(again.lastIndex).toBe(200);
      expect(again.stats().segments).toBeGreaterThan(8);
      expect(entriesOf(again)).toEqual(expected);
      expect(entriesOf(again, 150)).toEqual(expected.slice(150));
      expect(entriesOf(again, 200)).toEqual([]);
      expect(again.append(payloadOf(201, 5))).toBe(201);
      expect(entriesOf(again, 200)).toHaveLength(1);
    });

    it('copies the payload, in part where a length is given, and takes empty ones', () => {
      const log = open();
      const payload = Uint8Array.of(1, 2, 3);
      log.append(payload, 2);
      payload.fill(9);
      log.append(payload, 0);
      expect(entriesOf(log)).toEqual([
        [1, '0102'],
        [2, ''],
      ]);
    });

    it('writes one block and syncs once for a batch, and not at all for nothing', () => {
      const log = open({});
      for (let i = 0; i < 64; i++) log.append(payloadOf(i, 256));
      expect(log.stats()).toMatchObject({ appends: 64, bytes: 64 * 256, writes: 0, syncs: 0 });
      log.sync();
      log.sync();
      log.flush();
      expect(log.stats()).toMatchObject({ writes: 1, syncs: 1, segments: 1 });
      expect(log.stats().syncNs).toBeGreaterThan(0);
      expect(log.syncedIndex).toBe(64);
      log.append(payloadOf(1, 1));
      log.flush();
      expect(log.syncedIndex).toBe(64);
      log.sync();
      expect(log.stats()).toMatchObject({ writes: 2, syncs: 2 });
    });

    it('grows its block for a large entry, up to what a segment can hold', () => {
      const log = open({ segmentBytes: 3 * 1_048_576 });
      const limit = 3 * 1_048_576 - 2 * 512 - 60;
      log.append(payloadOf(1, 10));
      log.append(payloadOf(2, limit));
      log.append(payloadOf(3, 10));
      expect(() => log.append(new Uint8Array(limit + 1))).toThrow(
        expect.objectContaining({ code: 'INVALID_ARGUMENT' }),
      );
      log.close();
      const lengths = entriesOf(open()).map(([, hex]) => hex.length / 2);
      expect(lengths).toEqual([10, limit, 10]);
    });

    it('keeps its identity, and refuses another', () => {
      const identity = payloadOf(7, 16);
      open({ ...SMALL, identity }).close();
      expect(open().identity).toEqual(identity);
      const other = payloadOf(8, 16);
      expect(() => open({ identity: other })).toThrow(
        expect.objectContaining({
          code: 'CORRUPT',
          message: expect.stringMatching(/another store/) as unknown,
        }),
      );
    });

    it('makes up an identity where none is given', () => {
      const first = open().identity;
      expect(first).toHaveLength(16);
      expect(Wal.open(`${under.folder}2`, SMALL, under.vfs).identity).not.toEqual(first);
    });

    it('begins behind an index, and refuses to replay what it never had', () => {
      const log = open({ ...SMALL, afterIndex: 41 });
      expect(log.append(payloadOf(1, 3))).toBe(42);
      log.close();
      const again = open({ afterIndex: 7 });
      expect(again.lastIndex).toBe(42);
      expect(entriesOf(again, 41)).toHaveLength(1);
      const missing = (text: string): unknown =>
        expect.objectContaining({
          code: 'CORRUPT',
          message: expect.stringContaining(text) as unknown,
        });
      expect(() => entriesOf(again, 40)).toThrow(missing('begins with entry 42, 41 is needed'));
      expect(() => entriesOf(again, 43)).toThrow(missing('ends with entry 42, but entry 43 was'));
    });

    it('releases whole segments, and keeps the last one', () => {
      const log = open();
      for (let i = 1; i <= 100; i++) {
        log.append(payloadOf(i, 200));
        log.sync();
      }
      const { segments, segmentBytes } = log.stats();
      log.release(0);
      expect(log.stats().segments).toBe(segments);
      log.release(50);
      expect(log.stats().segments).toBeLessThan(segments / 2 + 2);
      expect(log.stats().segmentBytes).toBeLessThan(segmentBytes);
      expect(entriesOf(log, 50)).toHaveLength(50);
      log.release(100);
      expect(log.stats().segments).toBe(1);
      expect(log.append(payloadOf(0, 1))).toBe(101);
      log.close();
      expect(open().lastIndex).toBe(101);
      expect(under.vfs.list(under.folder)).toHaveLength(1);
    });

    it('takes back what is not synced', () => {
      const log = open();
      log.append(payloadOf(1, 100));
      log.sync();
      log.append(payloadOf(2, 600));
      log.flush();
      log.append(payloadOf(3, 100));
      expect(log.discard()).toBe(1);
      expect(log.append(payloadOf(4, 20))).toBe(2);
      log.close();
      expect(entriesOf(open()).map(([, hex]) => hex.length / 2)).toEqual([100, 20]);
    });

    it('closes twice, and takes use after that for a bug', () => {
      const log = open();
      log.close();
      log.close();
      expect(() => log.append(payloadOf(1, 1))).toThrow(/after close/);
      expect(() => log.sync()).toThrow(/after close/);
    });

    it('refuses options with every fault in them', () => {
      const identity = new Uint8Array(3);
      expect(() => open({ segmentBytes: 7, identity, afterIndex: -1 })).toThrow(
        /segmentBytes 7 .*; identity has 3 bytes .*; afterIndex -1/,
      );
    });
  });
}
