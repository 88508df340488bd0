// Microbenchmarks of RwLock where nobody else wants it: what every read and write of a guarded structure
// pays. `crowded` has the writer look past the slots of as many threads as a machine has cores. What
// waiting costs depends on the machine's scheduler, and is measured where the store is.

import { assert } from '../base/assert.ts';
import type { BenchCase, BenchRun, BenchSetting } from '../base/bench-case.ts';
import { RwLock } from './rw-lock.ts';

const GROUP = 'rw lock';
/** Words of the lock's layout (its header): USED, and a line of OWNER and STATE for each thread. */
const USED = 1;
const LINE = 16;
const CROWD = 8;
const NOBODY = 1_000_000;

export function cases({ size }: BenchSetting): readonly BenchCase[] {
  const operations = size === 'tiny' ? 10 : 10_000;
  const timed = (name: string, operation: string, prepare: () => BenchRun): BenchCase => ({
    ...{ group: GROUP, name, operation, operations, prepare },
  });
  return [
    timed('shared', 'lock and unlock', () => sharedRun(operations)),
    timed('exclusive', 'lock and unlock', () => exclusiveRun(operations, 0)),
    timed('exclusive, crowded', 'lock and unlock', () => exclusiveRun(operations, CROWD)),
  ];
}

function sharedRun(operations: number): BenchRun {
  const { lock, words } = makeLock(0);
  let sum = 0;
  let runs = 0;
  return {
    run: () => {
      for (let i = 0; i < operations; i++) {
        lock.lockShared();
        // The lock's own slot, taken by the first turn: READING.
        sum += words[LINE + 1]!;
        lock.unlockShared();
      }
      runs++;
      return sum;
    },
    verify: () => {
      assert(sum === runs * operations, 'each turn saw its slot reading');
      assert(lock.tryLockExclusive(0), 'the lock is free afterwards');
    },
  };
}

function exclusiveRun(operations: number, others: number): BenchRun {
  const { lock, words } = makeLock(others);
  let entered = 0;
  let runs = 0;
  return {
    run: () => {
      for (let i = 0; i < operations; i++) {
        lock.lockExclusive();
        if (words[0] !== 0) entered++;
        lock.unlockExclusive();
      }
      runs++;
      return entered;
    },
    verify: () => {
      assert(entered === runs * operations, 'each turn saw its name at the gate');
      assert(words[0] === 0 && lock.stats.count === 0, 'the lock is free, and nobody waited');
    },
  };
}

/** A lock that `others`, threads there are not, used before. */
function makeLock(others: number): { lock: RwLock; words: Int32Array } {
  const words = new Int32Array(new SharedArrayBuffer(4 * RwLock.words));
  for (let slot = 0; slot < others; slot++) words[LINE * (1 + slot)] = NOBODY + slot;
  words[USED] = others;
  return { lock: new RwLock(words, 0), words };
}
