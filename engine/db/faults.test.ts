import { describe, expect, it } from 'vitest';
import { EngineError } from '../base/errors.ts';
import { Random } from '../base/random.ts';
import { FREELIST_KINDS } from '../freelist/create.ts';
import {
  bytesOf,
  cloneModel,
  emptyModel,
  expectModel,
  matchesModel,
  randomChange,
  type ModelBucket,
} from '../testing/model.ts';
import { FaultVfs, type Fault, type FaultOperation } from '../vfs/fault-vfs.ts';
import { MemoryVfs } from '../vfs/memory-vfs.ts';
import { checkDb } from './check.ts';
import { Db } from './db.ts';
import type { EngineOptions } from './options.ts';

const PATH = 'faults.db';
const SEED = 20261122;
const OPERATIONS: readonly FaultOperation[] = [
  'open',
  'read',
  'write',
  'writev',
  'sync',
  'truncate',
];
const FAULTS: readonly Fault[] = ['EIO', 'ENOSPC', 'SHORT_WRITE'];
const CASES = OPERATIONS.flatMap((operation) => FAULTS.map((fault) => ({ operation, fault })));
const SETTINGS = FREELIST_KINDS.flatMap((freelist) =>
  [false, true].map((syncFreelist) => ({ freelist, syncFreelist })),
);

/** A cache of 16 pages, so that even a small tree is read from the file again and again. */
function optionsOf(setting: Partial<EngineOptions>): Partial<EngineOptions> {
  return { ...setting, pageSize: 1024, cacheBytes: 16 * 1024 };
}

/** A database with some history, closed, on a disk of its own. */
function prepare(setting: Partial<EngineOptions>): { disk: MemoryVfs; model: ModelBucket } {
  const disk = new MemoryVfs();
  const random = new Random(SEED);
  const model = emptyModel();
  const db = Db.open(PATH, optionsOf(setting), disk);
  for (let commit = 0; commit < 6; commit++) {
    db.write((tx) => {
      for (let i = 0; i < 60; i++) randomChange(random, tx.root, model);
    });
  }
  db.close();
  return { disk, model };
}

function copyOf(disk: MemoryVfs): MemoryVfs {
  return disk.crashImage(new Random(1), 1);
}

function engineErrorOf(work: () => void): EngineError | undefined {
  try {
    work();
  } catch (error) {
    expect(error).toBeInstanceOf(EngineError);
    return error as EngineError;
  }
  return undefined;
}

/** Opens what a failed scenario left, without faults: which of the two states is it? */
function reopened(disk: MemoryVfs, setting: Partial<EngineOptions>, models: ModelBucket[]): number {
  const db = Db.open(PATH, optionsOf(setting), disk);
  try {
    expect(checkDb(disk, PATH, db).faults).toEqual([]);
    return db.read((tx) => models.findIndex((model) => matchesModel(tx.root, model)));
  } finally {
    db.close();
  }
}

describe.each(SETTINGS)('a disk that fails, $freelist, syncFreelist $syncFreelist', (setting) => {
  const prepared = prepare(setting);

  it.each(CASES)('during open: $fault in each $operation', ({ operation, fault }) => {
    let nth = 1;
    for (; ; nth++) {
      const disk = copyOf(prepared.disk);
      const vfs = new FaultVfs(disk, { seed: nth });
      vfs.failAt({ operation, fault, nth });
      let db: Db | undefined;
      const error = engineErrorOf(() => {
        db = Db.open(PATH, optionsOf(setting), vfs);
      });
      if (vfs.faults === 0) {
        db!.close();
        break;
      }
      expect(error?.code).toMatch(/^(IO|NO_SPACE)$/);
      // The lock of the failed open is gone, and nothing was changed.
      expect(reopened(disk, setting, [prepared.model])).toBe(0);
    }
    if (operation === 'read') expect(nth).toBeGreaterThan(2);
  });

  it.each(CASES)('during a commit: $fault in each $operation', ({ operation, fault }) => {
    let poisoned = 0;
    let nth = 1;
    for (; ; nth++) {
      const scenario = new FailedCommit(setting, prepared, nth);
      const fired = scenario.run({ operation, fault, nth });
      if (!fired) break;
      if (scenario.poisoned) poisoned++;
    }
    // A disk that is full before the first sync harms nothing; behind it comes the meta alone.
    const full = fault !== 'EIO';
    if (operation === 'write') expect(poisoned > 1).toBe(!full);
    if (operation === 'write') expect(poisoned).toBeGreaterThan(0);
    if (operation === 'writev') expect(poisoned > 0).toBe(!full);
    if (operation === 'sync') expect(poisoned).toBe(2);
    if (operation === 'read') expect(poisoned).toBe(0);
    // Pages are written up to the last one of the file: no commit opens, cuts or stretches it.
    if (operation === 'open' || operation === 'truncate') expect(nth).toBe(1);
    else expect(nth).toBeGreaterThan(1);
  });
});

/** One transaction on a database whose nth call fails, and all that must hold afterwards. */
class FailedCommit {
  poisoned = false;
  readonly #setting: Partial<EngineOptions>;
  readonly #disk: MemoryVfs;
  readonly #vfs: FaultVfs;
  readonly #before: ModelBucket;
  readonly #after: ModelBucket;
  readonly #db: Db;

  constructor(
    setting: Partial<EngineOptions>,
    prepared: { disk: MemoryVfs; model: ModelBucket },
    seed: number,
  ) {
    this.#setting = setting;
    this.#disk = copyOf(prepared.disk);
    this.#vfs = new FaultVfs(this.#disk, { seed });
    this.#before = prepared.model;
    this.#after = cloneModel(prepared.model);
    this.#db = Db.open(PATH, optionsOf(setting), this.#vfs);
  }

  /** False when no call failed: the scenario has no such call. */
  run(rule: { operation: FaultOperation; fault: Fault; nth: number }): boolean {
    const db = this.#db;
    const random = new Random(SEED + 1);
    const oldReader = db.beginRead();
    this.#vfs.failAt(rule);
    const error = engineErrorOf(() => {
      db.write((tx) => {
        for (let i = 0; i < 40; i++) randomChange(random, tx.root, this.#after);
      });
    });
    const fired = this.#vfs.faults > 0;
    this.#vfs.clearFaults();
    if (!fired) {
      expect(error).toBeUndefined();
      oldReader.end();
      db.close();
      return false;
    }
    expect(error?.code).toMatch(/^(IO|NO_SPACE)$/);
    expectModel(oldReader.root, this.#before);
    oldReader.end();
    expect(db.read((tx) => matchesModel(tx.root, this.#before))).toBe(true);
    expect(db.pinnedFrames()).toBe(0);
    this.poisoned = engineErrorOf(() => db.beginWrite().rollback()) !== undefined;
    if (this.poisoned) this.#expectPoisoned();
    else this.#expectUnharmed();
    return true;
  }

  #expectPoisoned(): void {
    const error = engineErrorOf(() => this.#db.beginWrite());
    expect(error?.code).toBe('POISONED');
    expect(error?.cause).toBeInstanceOf(EngineError);
    this.#db.close();
    expect([0, 1]).toContain(reopened(this.#disk, this.#setting, [this.#before, this.#after]));
  }

  /** The fault harmed nothing: the next transaction works as if it never was. */
  #expectUnharmed(): void {
    expect(checkDb(this.#disk, PATH, this.#db).faults).toEqual([]);
    const after = cloneModel(this.#before);
    this.#db.write((tx) => {
      tx.root.put(bytesOf('later'), bytesOf('value'));
    });
    after.values.set('later', bytesOf('value'));
    this.#db.close();
    expect(reopened(this.#disk, this.#setting, [after])).toBe(0);
  }
}

describe('a read that fails inside commit', () => {
  it.each(FREELIST_KINDS)('undoes the transaction and poisons nothing, %s', (freelist) => {
    const disk = new MemoryVfs();
    const options = optionsOf({ freelist });
    const model = emptyModel();
    const made = Db.open(PATH, options, disk);
    made.write((tx) => {
      for (let i = 0; i < 200; i++) {
        const key = `key ${1000 + i}`;
        tx.root.put(bytesOf(key), bytesOf(key.repeat(9)));
        model.values.set(key, bytesOf(key.repeat(9)));
      }
    });
    made.close();
    let failedCommits = 0;
    for (let nth = 1; ; nth++) {
      const image = copyOf(disk);
      const vfs = new FaultVfs(image);
      const db = Db.open(PATH, options, vfs);
      const tx = db.beginWrite();
      vfs.failAt({ operation: 'read', fault: 'EIO', nth });
      // What is left of the leaf is joined with a sibling that commit has to read.
      const edited = engineErrorOf(() => {
        for (let i = 60; i < 64; i++) tx.root.delete(bytesOf(`key ${1000 + i}`));
      });
      if (edited !== undefined) tx.rollback();
      else if (engineErrorOf(() => tx.commit()) !== undefined) failedCommits++;
      if (vfs.faults === 0) break;
      vfs.clearFaults();
      expect(db.pinnedFrames()).toBe(0);
      expect(db.read((read) => matchesModel(read.root, model))).toBe(true);
      expect(checkDb(image, PATH, db).faults).toEqual([]);
      db.write((next) => next.root.put(bytesOf('key 1000'), bytesOf('new')));
      expect(checkDb(image, PATH, db).faults).toEqual([]);
      db.close();
    }
    expect(failedCommits).toBeGreaterThan(0);
  });
});

describe('creating a file', () => {
  it.each(CASES)('$fault in each $operation leaves no half database', ({ operation, fault }) => {
    for (let nth = 1; ; nth++) {
      const disk = new MemoryVfs();
      const vfs = new FaultVfs(disk, { seed: nth });
      vfs.failAt({ operation, fault, nth });
      const error = engineErrorOf(() => {
        Db.open(PATH, optionsOf({}), vfs).close();
      });
      if (vfs.faults === 0) {
        expect(error).toBeUndefined();
        break;
      }
      expect(error?.code).toMatch(/^(IO|NO_SPACE)$/);
      const again = engineErrorOf(() => {
        expect(reopened(disk, {}, [emptyModel()])).toBe(0);
      });
      if (again !== undefined) expect(again.code).toBe('NOT_A_DATABASE');
    }
  });
});

describe('a disk that stays broken', () => {
  it('keeps the writer poisoned and the readers alive', () => {
    const { disk, model } = prepare({});
    const vfs = new FaultVfs(disk);
    const db = Db.open(PATH, optionsOf({}), vfs);
    vfs.failAt({ operation: 'sync', fault: 'EIO', nth: 1, sticky: true });
    for (const code of ['IO', 'POISONED', 'POISONED']) {
      const error = engineErrorOf(() => {
        db.write((tx) => {
          tx.root.put(bytesOf('k'), bytesOf('v'));
        });
      });
      expect(error?.code).toBe(code);
    }
    db.read((tx) => {
      expectModel(tx.root, model);
    });
    db.close();
  });
});
