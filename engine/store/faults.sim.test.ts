// Calls that fail: every call that a store makes to its disk in a short life, log and file alike, fails once,
// and from then on, with EIO, ENOSPC and a short write. What was answered is there afterwards, what was
// refused is not; a disk without room leaves the store readable, and room makes it write again; any other
// failure poisons it until it is opened again, and reads go on.

import { describe, expect, it } from 'vitest';
import { EngineError, type EngineErrorCode } from '../base/errors.ts';
import { leaseId } from '../base/ids.ts';
import { Random } from '../base/random.ts';
import { bytesOf, textOf } from '../../scripts/simulation/model.ts';
import { FaultVfs, type Fault } from '../vfs/fault-vfs.ts';
import { MemoryVfs } from '../vfs/memory-vfs.ts';
import type { Vfs } from '../vfs/vfs.ts';
import type { StoreOptions } from './options.ts';
import { Store } from './store.ts';

const LONG = process.env['KVTUNE_LONG_TESTS'] === '1';
/** Every third call fails in every run; each one under KVTUNE_LONG_TESTS=1. */
const STRIDE = LONG ? 1 : 3;

const OPTIONS: Partial<StoreOptions> = {
  cacheBytes: 16 * 4096,
  indexBytes: 1024 ** 2,
  bufferEntries: 1024,
  bufferBytes: 1024 ** 2,
  requestBytesMax: 32 * 1024,
  segmentBytes: 64 * 1024,
  batchIntervalMs: 3_600_000,
  compactionBatch: 2,
  compactionPauseMs: 0,
};
const ROUNDS = 9;
const PUTS = 3;
const REVISION_COMPACTED = 12;

/** What became of each key that a life put. */
interface Life {
  readonly answered: Set<string>;
  /** Answered NO_SPACE: it never happened. */
  readonly refused: Set<string>;
  readonly codes: Set<EngineErrorCode>;
}

function open(vfs: Vfs, batchLimit: number): Store {
  return Store.open('/store', { ...OPTIONS, batchLimit }, vfs);
}

function put(store: Store, key: string, life: Life): void {
  const flags = { prevKv: false, ignoreValue: false, ignoreLease: false };
  const value = new Uint8Array(6000);
  store.submit({ kind: 'put', key: bytesOf(key), value, lease: leaseId(0n), ...flags }, (error) => {
    if (error === undefined) life.answered.add(key);
    else {
      life.codes.add(error.code);
      if (error.code === 'NO_SPACE') life.refused.add(key);
    }
  });
}

/** Puts, commits, a compaction: whatever fails, it goes on as a server would. */
function live(store: Store, life: Life): void {
  for (let round = 0; round < ROUNDS; round++) {
    for (let i = 0; i < PUTS; i++) put(store, `k${round}.${i}`, life);
    store.flush();
    if (round % 3 === 1) attempt(life, () => store.commit());
    if (round === 5) {
      store.submit({ kind: 'compact', revision: REVISION_COMPACTED }, () => undefined);
    }
    store.tick();
    // A read may be what fails.
    attempt(life, () => {
      expectReadable(store, life);
    });
  }
}

function attempt(life: Life, work: () => void): void {
  try {
    work();
  } catch (error) {
    if (!(error instanceof EngineError)) throw error;
    life.codes.add(error.code);
  }
}

function keysIn(store: Store): Set<string> {
  const { kvs } = store.range({ key: bytesOf('k'), end: bytesOf('l') });
  return new Set(kvs.map(({ key }) => textOf(key)));
}

/** Whatever was answered is there, and nothing that was refused. */
function expectReadable(store: Store, life: Life): void {
  const keys = keysIn(store);
  for (const key of life.answered) expect(keys.has(key), `${key} was answered`).toBe(true);
  for (const key of life.refused) expect(keys.has(key), `${key} was refused`).toBe(false);
}

/** One life with the nth call failing; false when there was no nth call. */
function liveWithFault(
  rule: { readonly fault: Fault; readonly nth: number; readonly sticky: boolean },
  batchLimit: number,
): { readonly hit: boolean; readonly life: Life; readonly recovered: boolean } {
  const memory = new MemoryVfs();
  const vfs = new FaultVfs(memory, { seed: rule.nth });
  const life: Life = { answered: new Set(), refused: new Set(), codes: new Set() };
  // A disk that stays full still cuts files and gives names.
  const operation = rule.sticky && rule.fault !== 'EIO' ? 'writes' : 'any';
  vfs.failAt({ operation, ...rule });
  let recovered = false;
  let store: Store | undefined;
  attempt(life, () => {
    store = open(vfs, batchLimit);
  });
  if (store !== undefined) {
    live(store, life);
    vfs.clearFaults();
    recovered = recovers(store, life);
    expectReadable(store, life);
  }
  for (const survival of [0, 0.5, 1]) {
    const crashed = openIfThere(memory.crashImage(new Random(rule.nth), survival), batchLimit);
    if (crashed === undefined) expect(store).toBeUndefined();
    else {
      expectReadable(crashed, life);
      crashed.close();
    }
  }
  if (store !== undefined) attempt(life, () => store?.close());
  return { hit: vfs.faults > 0, life, recovered };
}

/** A database of which the first pages were never finished holds nothing. */
function openIfThere(disk: MemoryVfs, batchLimit: number): Store | undefined {
  try {
    return open(disk, batchLimit);
  } catch (error) {
    if (error instanceof EngineError && error.code === 'NOT_A_DATABASE') return undefined;
    throw error;
  }
}

/** Whether the store takes writes, now that nothing fails any more. */
function recovers(store: Store, life: Life): boolean {
  const codes = new Set<EngineErrorCode>();
  attempt({ ...life, codes }, () => store.commit());
  const after: Life = { answered: new Set(), refused: new Set(), codes };
  put(store, 'kafter', after);
  store.flush();
  for (const key of after.answered) life.answered.add(key);
  const poisoned = codes.has('POISONED') || codes.has('IO');
  expect(after.answered.size === 1 || poisoned, `it ends with ${[...codes].join()}`).toBe(true);
  return after.answered.size === 1;
}

describe.each<[Fault, boolean, number]>([
  ['EIO', false, 10_000],
  ['EIO', true, 4],
  ['ENOSPC', false, 10_000],
  ['ENOSPC', true, 10_000],
  ['ENOSPC', true, 4],
  ['SHORT_WRITE', false, 4],
  ['SHORT_WRITE', true, 10_000],
])('%s, from then on: %s, batches of %i', (fault, sticky, batchLimit) => {
  it('at any call loses nothing that was answered', { timeout: 120_000 }, () => {
    let nth = 1;
    let recovered = 0;
    const codes = new Set<EngineErrorCode>();
    for (; ; nth += STRIDE) {
      let outcome;
      try {
        outcome = liveWithFault({ fault, nth, sticky }, batchLimit);
      } catch (error) {
        throw new Error(`call ${nth}`, { cause: error });
      }
      if (!outcome.hit) break;
      for (const code of outcome.life.codes) codes.add(code);
      if (outcome.recovered) recovered++;
    }
    expect(nth).toBeGreaterThan(25);
    // Nothing but these is told to anybody.
    expect([...codes].filter((code) => !['IO', 'NO_SPACE', 'POISONED'].includes(code))).toEqual([]);
    if (fault === 'EIO') expect(recovered).toBeLessThan(nth / STRIDE / 2);
    else expect(recovered).toBeGreaterThan(nth / STRIDE / 4);
  });
});

describe('a log that was tampered with', () => {
  function storeWithSegments(): MemoryVfs {
    const vfs = new MemoryVfs();
    const store = open(vfs, 10_000);
    const life: Life = { answered: new Set(), refused: new Set(), codes: new Set() };
    for (let i = 0; i < 40; i++) {
      put(store, `k${i}`, life);
      store.flush();
    }
    expect(vfs.list('/store/wal').length).toBeGreaterThan(3);
    const image = vfs.crashImage(new Random(1), 0);
    store.close();
    return image;
  }

  it.each([
    ['first', 0],
    ['middle', 1],
    ['last', -1],
  ])('is refused without its %s segment, which is named', (_, at) => {
    const vfs = storeWithSegments();
    const name = vfs.list('/store/wal').at(at)!;
    vfs.remove(`/store/wal/${name}`);
    const refused: unknown = expect.objectContaining({ code: 'CORRUPT' });
    expect(() => open(vfs, 10_000)).toThrow(refused);
    // And again: the attempt has changed nothing.
    expect(() => open(vfs, 10_000)).toThrow(refused);
  });

  it('is refused with garbage in a segment', () => {
    const vfs = storeWithSegments();
    const path = `/store/wal/${vfs.list('/store/wal')[1]!}`;
    const garbage = new Uint8Array(3000);
    new Random(5).fill(garbage);
    vfs.open(path, { mode: 'write' }).write(garbage, 0, garbage.length, 9000);
    expect(() => open(vfs, 10_000)).toThrow(new RegExp(path));
  });
});
