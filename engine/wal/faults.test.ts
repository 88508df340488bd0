// Calls that fail: every call of a log's life once, with EIO, ENOSPC and a short write. What was
// acknowledged is there afterwards; want of room harms nothing; every other failure poisons.

import { describe, expect, it } from 'vitest';
import { EngineError } from '../base/errors.ts';
import { Random } from '../base/random.ts';
import { FaultVfs, type Fault } from '../vfs/fault-vfs.ts';
import { MemoryVfs } from '../vfs/memory-vfs.ts';
import { entriesOf, payloadOf } from './testing/entries.ts';
import { Wal } from './wal.ts';

const OPTIONS = { segmentBytes: 3072, identity: new Uint8Array(16).fill(2) };
const LENGTHS = [200, 700, 30, 900, 1_100, 5, 600, 800];

interface Life {
  /** Entries that a sync() acknowledged. */
  acknowledged: number;
  appended: number;
  errors: unknown[];
}

/** Appends and syncs in turn and goes on after failures, as a store would. */
function live(vfs: FaultVfs, answer: 'retry' | 'discard'): Life {
  const life: Life = { acknowledged: 0, appended: 0, errors: [] };
  const log = Wal.open('/wal', OPTIONS, vfs);
  LENGTHS.forEach((length, i) => {
    try {
      // After a discard the same index comes again: one length an index keeps payloads comparable.
      while (log.lastIndex <= i) {
        const index = log.lastIndex + 1;
        log.append(payloadOf(index, LENGTHS[index - 1] ?? length));
      }
      life.appended = Math.max(life.appended, log.lastIndex);
      log.sync();
      life.acknowledged = log.lastIndex;
      if (i === 5) log.release(2);
    } catch (error) {
      life.errors.push(error);
      const full = error instanceof EngineError && error.code === 'NO_SPACE';
      if (full && answer === 'discard' && !isPoisoned(log)) {
        life.acknowledged = Math.max(life.acknowledged, log.discard());
      }
    }
  });
  if (!isPoisoned(log)) {
    log.sync();
    life.acknowledged = log.lastIndex;
  }
  log.close();
  return life;
}

function isPoisoned(log: Wal): boolean {
  try {
    log.flush();
    return false;
  } catch (error) {
    return error instanceof EngineError && error.code === 'POISONED';
  }
}

describe.each<[Fault, 'retry' | 'discard']>([
  ['EIO', 'retry'],
  ['ENOSPC', 'retry'],
  ['ENOSPC', 'discard'],
  ['SHORT_WRITE', 'retry'],
  ['SHORT_WRITE', 'discard'],
])('%s, then %s', (fault, answer) => {
  it('at any call loses nothing that was acknowledged', () => {
    let recovered = 0;
    let nth = 1;
    for (; ; nth++) {
      const memory = new MemoryVfs();
      const vfs = new FaultVfs(memory, { seed: nth });
      vfs.failAt({ operation: 'any', nth, fault });
      let life: Life = { acknowledged: 0, appended: 0, errors: [] };
      try {
        life = live(vfs, answer);
      } catch (error) {
        // Opening failed: it may be tried again.
        expect(error).toMatchObject({ name: 'EngineError' });
      }
      if (vfs.faults === 0) break;
      if (life.acknowledged === LENGTHS.length) recovered++;
      for (const survival of [0, 0.5, 1]) {
        const image = memory.crashImage(new Random(nth), survival);
        const log = Wal.open('/wal', OPTIONS, image);
        expect(log.lastIndex).toBeGreaterThanOrEqual(life.acknowledged);
        expect(log.lastIndex).toBeLessThanOrEqual(life.appended);
        const released = Math.min(2, log.lastIndex);
        for (const [index, hex] of entriesOf(log, released)) {
          expect(hex).toBe(Buffer.from(payloadOf(index, LENGTHS[index - 1]!)).toString('hex'));
        }
        log.append(payloadOf(1, 9));
        log.close();
      }
    }
    expect(nth).toBeGreaterThan(40);
    // Room that comes back heals the failed writes; a failed sync or write of the disk stays.
    if (fault === 'EIO') expect(recovered).toBeLessThan(nth / 4);
    else expect(recovered).toBeGreaterThan(nth / 5);
  });
});

describe('a full disk', () => {
  const full: unknown = expect.objectContaining({ code: 'NO_SPACE' });

  it('keeps what is framed until there is room, and takes entries while they fit', () => {
    const vfs = new FaultVfs(new MemoryVfs());
    const log = Wal.open('/wal', OPTIONS, vfs);
    log.append(payloadOf(1, 1_200));
    log.sync();
    vfs.failAt({ operation: 'any', nth: 1, fault: 'ENOSPC', sticky: true });
    log.append(payloadOf(2, 1_200));
    expect(() => log.sync()).toThrow(full);
    expect(() => log.append(payloadOf(3, 1_200))).toThrow(full);
    expect([log.lastIndex, log.syncedIndex]).toEqual([2, 1]);
    expect(log.append(payloadOf(3, 100))).toBe(3);
    vfs.clearFaults();
    expect(log.append(payloadOf(4, 1_200))).toBe(4);
    log.sync();
    expect(entriesOf(log).map(([, hex]) => hex.length / 2)).toEqual([1_200, 1_200, 100, 1_200]);
  });

  it('may give the entries up: their indexes are used again', () => {
    const vfs = new FaultVfs(new MemoryVfs());
    const log = Wal.open('/wal', OPTIONS, vfs);
    log.append(payloadOf(1, 900));
    log.sync();
    log.append(payloadOf(2, 900));
    vfs.failAt({ operation: 'write', nth: 1, fault: 'SHORT_WRITE', sticky: true });
    expect(() => log.sync()).toThrow(full);
    expect(log.discard()).toBe(1);
    vfs.clearFaults();
    expect(log.append(payloadOf(3, 50))).toBe(2);
    log.close();
    const again = Wal.open('/wal', OPTIONS, vfs);
    expect(entriesOf(again).map(([, hex]) => hex.length / 2)).toEqual([900, 50]);
  });
});

describe('a failed sync', () => {
  it.each(['EIO', 'ENOSPC'] as const)('poisons the log, %s', (fault) => {
    const vfs = new FaultVfs(new MemoryVfs());
    const log = Wal.open('/wal', OPTIONS, vfs);
    log.append(payloadOf(1, 10));
    vfs.failAt({ operation: 'sync', nth: 1, fault });
    expect(() => log.sync()).toThrow(/injected/);
    const poisoned: unknown = expect.objectContaining({
      code: 'POISONED',
      cause: expect.objectContaining({ name: 'EngineError' }) as unknown,
    });
    expect(() => log.sync()).toThrow(poisoned);
    expect(() => log.append(payloadOf(2, 10))).toThrow(poisoned);
    expect(() => log.discard()).toThrow(poisoned);
    expect(() => log.release(1)).toThrow(poisoned);
    expect(() => entriesOf(log)).toThrow(poisoned);
    log.close();
  });
});
