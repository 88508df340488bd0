// Faults in the middle of a history: the nth call of a kind fails, for every n until nothing fails any
// more. The transaction reports it, readers old and new go on, and whatever a power cut right after it
// leaves opens as a state that was committed, or as the one that was being committed; the history then
// goes on from there to its end.

import { describe, expect, it } from 'vitest';
import { EngineError } from '../base/errors.ts';
import { Random } from '../base/random.ts';
import { FREELIST_KINDS } from '../freelist/create.ts';
import {
  cloneModel,
  emptyModel,
  matchesModel,
  randomChange,
  type ModelBucket,
} from '../testing/model.ts';
import { FaultVfs, type Fault, type FaultOperation } from '../vfs/fault-vfs.ts';
import { MemoryVfs } from '../vfs/memory-vfs.ts';
import { checkDb } from './check.ts';
import { Db } from './db.ts';
import type { EngineOptions } from './options.ts';
import type { ReadTx } from './reader.ts';

const LONG = process.env['KVTUNE_LONG_TESTS'] === '1';
const PATH = 'faults.db';
const PAGE = 1024;
const TRANSACTIONS = 5;
const FAULTS: readonly Fault[] = ['EIO', 'ENOSPC', 'SHORT_WRITE'];
const OPERATIONS: readonly FaultOperation[] = ['write', 'writev', 'sync', 'read', 'open'];
const SURVIVALS = [0, 0.4, 0.9, 1] as const;
/** Two of the six in every run; all under KVTUNE_LONG_TESTS=1. */
const SETTINGS = FREELIST_KINDS.flatMap((freelist) =>
  [false, true].map((syncFreelist) => ({ freelist, syncFreelist })),
).filter((_, i) => LONG || i % 3 === 0);

/** A history on a disk of its own; everything in it is fixed by the seed and the rule. */
class FaultyHistory {
  poisoned = 0;
  /** Failures after which the same Db went on writing. */
  undone = 0;
  /** Cuts after a failure that left the old state, and the new one. */
  readonly left = { old: 0, new: 0 };
  readonly #setting: Partial<EngineOptions>;
  readonly #random = new Random(20261122);
  readonly #readers: { readonly tx: ReadTx; readonly state: ModelBucket }[] = [];
  #disk = new MemoryVfs();
  #vfs = new FaultVfs(this.#disk);
  #state = emptyModel();

  constructor(setting: Partial<EngineOptions>) {
    this.#setting = setting;
  }

  /** Returns whether any call failed. */
  run(rule: { operation: FaultOperation; fault: Fault; nth: number }): boolean {
    let db = this.#open();
    db.write((tx) => {
      for (let i = 0; i < 60; i++) randomChange(this.#random, tx.root, this.#state);
    });
    this.#vfs.failAt(rule);
    const vfs = this.#vfs;
    for (let count = 0; count < TRANSACTIONS; count++) {
      this.#readers.push({ tx: db.beginRead(), state: this.#state });
      if (this.#readers.length > 2) this.#readers.shift()!.tx.end();
      const next = cloneModel(this.#state);
      const error = engineErrorOf(() => {
        db.write((tx) => {
          for (let i = 0; i < 25; i++) randomChange(this.#random, tx.root, next);
        });
      });
      if (error === undefined) this.#state = next;
      else db = this.#fail(db, next, error);
      if (count === 2) db = this.#reopen(db);
    }
    db = this.#reopen(db);
    this.#vfs.clearFaults();
    expect(checkDb(this.#disk, PATH, db).faults).toEqual([]);
    expect(db.read((tx) => matchesModel(tx.root, this.#state))).toBe(true);
    db.close();
    return vfs.faults > 0;
  }

  #fail(db: Db, next: ModelBucket, error: EngineError): Db {
    expect(error.code).toMatch(/^(IO|NO_SPACE)$/);
    // The history's own looks at the database are not to meet the fault that was meant for it.
    this.#vfs.clearFaults();
    for (const { tx, state } of this.#readers) expect(matchesModel(tx.root, state)).toBe(true);
    expect(db.read((tx) => matchesModel(tx.root, this.#state))).toBe(true);
    expect(db.pinnedFrames()).toBe(0);
    const refusal = engineErrorOf(() => db.beginWrite().rollback());
    if (refusal === undefined) {
      this.undone++;
      expect(checkDb(this.#disk, PATH, db).faults).toEqual([]);
      return db;
    }
    this.poisoned++;
    expect(refusal.code).toBe('POISONED');
    const disks = SURVIVALS.map((survival) => {
      const image = this.#disk.crashImage(this.#random.fork(), survival);
      return { image, state: this.#stateOf(image, next) };
    });
    this.#close(db);
    const { image, state } = disks[this.#random.below(disks.length)]!;
    this.#disk = image;
    this.#vfs = new FaultVfs(image);
    this.#state = state;
    return this.#open();
  }

  #stateOf(image: MemoryVfs, next: ModelBucket): ModelBucket {
    const db = this.#open(image);
    try {
      expect(checkDb(image, PATH, db).faults).toEqual([]);
      const states = [this.#state, next];
      const found = db.read((tx) => states.find((state) => matchesModel(tx.root, state)));
      this.left[found === next ? 'new' : 'old']++;
      return found ?? expect.fail('neither the old state nor the new one');
    } finally {
      db.close();
    }
  }

  #open(vfs: MemoryVfs | FaultVfs = this.#vfs): Db {
    return Db.open(PATH, { ...this.#setting, pageSize: PAGE, cacheBytes: 64 * PAGE }, vfs);
  }

  #reopen(db: Db): Db {
    this.#close(db);
    let opened: Db | undefined;
    const error = engineErrorOf(() => {
      opened = this.#open();
    });
    if (error !== undefined) expect(error.code).toMatch(/^(IO|NO_SPACE)$/);
    return opened ?? this.#open();
  }

  #close(db: Db): void {
    for (const { tx } of this.#readers.splice(0)) tx.end();
    db.close();
  }
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

describe.each(SETTINGS)('faults, $freelist, syncFreelist $syncFreelist', (setting) => {
  it.each(FAULTS)('%s of any call of a history loses nothing that was committed', (fault) => {
    const fired: Partial<Record<FaultOperation, number>> = {};
    const left = { old: 0, new: 0 };
    let poisoned = 0;
    let undone = 0;
    for (const operation of OPERATIONS) {
      for (let nth = 1; ; nth++) {
        const history = new FaultyHistory(setting);
        try {
          if (!history.run({ operation, fault, nth })) break;
        } catch (error) {
          throw new Error(`${operation} ${nth}`, { cause: error });
        }
        fired[operation] = nth;
        poisoned += history.poisoned;
        undone += history.undone;
        left.old += history.left.old;
        left.new += history.left.new;
      }
    }
    // Two syncs a commit, a write of the meta, and writes of pages, mostly of several in one call.
    expect(fired.sync).toBe(2 * TRANSACTIONS);
    expect(fired.write).toBeGreaterThan(TRANSACTIONS);
    expect(fired.writev).toBeGreaterThanOrEqual(TRANSACTIONS);
    expect(fired.read).toBeGreaterThan(2 * TRANSACTIONS);
    // A disk that is full before the first sync harms nothing; behind it comes the meta alone.
    const harmful = fault === 'EIO' ? fired.write! + fired.writev! : TRANSACTIONS;
    expect(poisoned).toBe(fired.sync! + harmful);
    expect(undone).toBeGreaterThan(TRANSACTIONS);
    expect(left.old).toBeGreaterThan(20);
    expect(left.new).toBeGreaterThan(5);
  });

  it('a disk that stays full refuses writes and serves readers, until there is room', () => {
    const disk = new MemoryVfs();
    const vfs = new FaultVfs(disk, { seed: 3 });
    const random = new Random(7);
    const model = emptyModel();
    const options = { ...setting, pageSize: PAGE, cacheBytes: 64 * PAGE };
    const db = Db.open(PATH, options, vfs);
    const change = (target: Db, state: ModelBucket): void => {
      target.write((tx) => {
        for (let i = 0; i < 40; i++) randomChange(random, tx.root, state);
      });
    };
    change(db, model);
    const reader = db.beginRead();
    for (const operation of ['write', 'writev', 'truncate'] as const) {
      vfs.failAt({ operation, fault: 'SHORT_WRITE', nth: 1, sticky: true });
    }
    for (let i = 0; i < 3; i++) {
      expect(engineErrorOf(() => change(db, cloneModel(model)))?.code).toBe('NO_SPACE');
      expect(matchesModel(reader.root, model)).toBe(true);
      expect(db.read((tx) => matchesModel(tx.root, model))).toBe(true);
    }
    reader.end();
    vfs.clearFaults();
    change(db, model);
    expect(checkDb(disk, PATH, db).faults).toEqual([]);
    db.close();
    for (const operation of ['write', 'writev', 'truncate'] as const) {
      vfs.failAt({ operation, fault: 'SHORT_WRITE', nth: 1, sticky: true });
    }
    // Full again: opening needs no space. With space again everything works.
    for (const space of [false, true]) {
      if (space) vfs.clearFaults();
      const again = Db.open(PATH, options, vfs);
      expect(checkDb(disk, PATH, again).faults).toEqual([]);
      expect(again.read((tx) => matchesModel(tx.root, model))).toBe(true);
      const error = engineErrorOf(() => change(again, space ? model : cloneModel(model)));
      expect(error?.code).toBe(space ? undefined : 'NO_SPACE');
      expect(again.read((tx) => matchesModel(tx.root, model))).toBe(true);
      again.close();
    }
  });
});
