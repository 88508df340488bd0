// Power cuts: seeded histories of a database on a simulated disk that is looked at after every write,
// truncate and sync. Each look cuts the power in several ways (unsynced sectors lost, kept, or torn and
// reordered) and opens what is left. What must hold at every cut:
//
// - the file opens (one that was never finished may be refused: nobody was told that it holds anything);
// - check finds no fault, in the file and in the free pages in memory;
// - it holds exactly the last committed state, or, once its meta was written, the next one;
// - it is as good as any database: some cuts take further writes, and some begin a history of their own,
//   perhaps under other options, whose writes and syncs are cut again.
//
// A seed fixes the setting and the history on every machine. A finding is a bug of the engine.

import { assert } from '../../engine/base/assert.ts';
import { EngineError } from '../../engine/base/errors.ts';
import { Random } from '../../engine/base/random.ts';
import { checkDb } from '../../engine/db/check.ts';
import { Db } from '../../engine/db/db.ts';
import type { ReadTx } from '../../engine/db/reader.ts';
import { FREELIST_KINDS } from '../../engine/freelist/create.ts';
import type { FreelistKind } from '../../engine/freelist/freelist.ts';
import { MemoryVfs } from '../../engine/vfs/memory-vfs.ts';
import {
  bytesOf,
  cloneModel,
  emptyModel,
  matchesModel,
  randomChange,
  sameModel,
  type ModelBucket,
} from './model.ts';
import { TapVfs, type DiskChange } from './tap-vfs.ts';

export interface PowerCutSetting {
  readonly freelist: FreelistKind;
  readonly syncFreelist: boolean;
  readonly pageSize: number;
}

/** What was seen, to be added up over histories. */
export interface PowerCutCounts {
  /** Crash images opened and checked. */
  points: number;
  /** Those that kept some unsynced sectors and lost others. */
  torn: number;
  /** Those that began a history of their own. */
  recoveries: number;
  commits: number;
  rollbacks: number;
  reopens: number;
  /** Read transactions that outlived a commit and still saw their own state. */
  longReaders: number;
}

const PATH = 'crash.db';
const CACHE_PAGES = 64;
const COMMITS = 12;
const COMMITS_AFTER_RECOVERY = 3;
/** A page of one sector, of two, and of the usual size. */
const PAGE_SIZES = [512, 1024, 4096] as const;
/** How much of what was not synced is on the disk, besides none and all of it. */
const SURVIVALS = [0.02, 0.3, 0.7, 0.98] as const;

const SETTINGS: readonly PowerCutSetting[] = PAGE_SIZES.flatMap((pageSize) =>
  FREELIST_KINDS.flatMap((freelist) =>
    [false, true].map((syncFreelist) => ({ freelist, syncFreelist, pageSize })),
  ),
);

/** Settings repeat after this many seeds. */
export const POWER_CUT_SETTINGS: number = SETTINGS.length;

/** The setting that a seed stands for. */
export function powerCutSetting(seed: number): PowerCutSetting {
  return SETTINGS[seed % SETTINGS.length]!;
}

export function newPowerCutCounts(): PowerCutCounts {
  return {
    points: 0,
    torn: 0,
    recoveries: 0,
    commits: 0,
    rollbacks: 0,
    reopens: 0,
    longReaders: 0,
  };
}

/** Runs the history of `seed` (a safe integer >= 0), adding to `counts`. Throws at the first fault. */
export function runPowerCuts(seed: number, counts: PowerCutCounts): void {
  new History({
    setting: powerCutSetting(seed),
    random: new Random(seed),
    disk: new MemoryVfs(),
    counts,
    recovered: undefined,
  }).run();
}

/** What a crash may leave: which phase of a commit the disk has seen. */
type Phase = 'creating' | 'idle' | 'pages written' | 'meta written' | 'meta synced';

interface HistoryOptions {
  readonly setting: PowerCutSetting;
  readonly random: Random;
  readonly disk: MemoryVfs;
  readonly counts: PowerCutCounts;
  /** The state on the disk when it is the image of a crash. */
  readonly recovered: ModelBucket | undefined;
}

class History {
  readonly #setting: PowerCutSetting;
  readonly #random: Random;
  readonly #disk: MemoryVfs;
  readonly #counts: PowerCutCounts;
  readonly #isRecovery: boolean;
  readonly #vfs: TapVfs;
  readonly #readers: { readonly tx: ReadTx; readonly state: ModelBucket }[] = [];
  #phase: Phase;
  #committed: ModelBucket;
  #next: ModelBucket;

  constructor(options: HistoryOptions) {
    this.#setting = options.setting;
    this.#random = options.random;
    this.#disk = options.disk;
    this.#counts = options.counts;
    this.#isRecovery = options.recovered !== undefined;
    this.#committed = options.recovered ?? emptyModel();
    this.#next = this.#committed;
    this.#phase = this.#isRecovery ? 'idle' : 'creating';
    this.#vfs = new TapVfs(this.#disk, (change) => {
      this.#observe(change);
    });
  }

  run(): void {
    let db = this.#open(this.#vfs);
    this.#phase = 'idle';
    const commits = this.#isRecovery ? COMMITS_AFTER_RECOVERY : COMMITS;
    for (let commit = 0; commit < commits; commit++) {
      this.#transaction(db);
      this.#changeReaders(db);
      if (this.#random.below(5) !== 0) continue;
      this.#endReaders();
      db.close();
      db = this.#open(this.#vfs);
      this.#counts.reopens++;
    }
    this.#endReaders();
    db.close();
  }

  #open(vfs: TapVfs | MemoryVfs): Db {
    const { pageSize } = this.#setting;
    return Db.open(PATH, { ...this.#setting, cacheBytes: CACHE_PAGES * pageSize }, vfs);
  }

  #transaction(db: Db): void {
    const random = this.#random;
    const tx = db.beginWrite();
    this.#next = cloneModel(this.#committed);
    for (let i = random.between(1, 25); i > 0; i--) randomChange(random, tx.root, this.#next);
    if (random.below(8) === 0) {
      // Longer than the chunks that the disk is kept in, over hundreds of pages.
      const key = `large ${random.below(2)}`;
      const value = new Uint8Array(random.between(60_000, 160_000));
      random.fill(value);
      tx.root.put(bytesOf(key), value);
      this.#next.values.set(key, value);
    }
    if (random.below(6) === 0) {
      tx.rollback();
      this.#next = this.#committed;
      this.#counts.rollbacks++;
      return;
    }
    this.#phase = 'pages written';
    tx.commit();
    assert(this.#phase === ('meta synced' as Phase), `a commit ended with ${this.#phase}`);
    this.#phase = 'idle';
    this.#committed = this.#next;
    this.#counts.commits++;
  }

  /** Some readers stay for many commits, which must not reuse the pages they see. */
  #changeReaders(db: Db): void {
    const random = this.#random;
    if (random.below(3) === 0) {
      this.#readers.push({ tx: db.beginRead(), state: this.#committed });
    }
    if (this.#readers.length > 2) this.#endReader(random.below(this.#readers.length));
  }

  #endReaders(): void {
    while (this.#readers.length > 0) this.#endReader(0);
  }

  #endReader(index: number): void {
    for (const { tx, state } of this.#readers.splice(index, 1)) {
      assert(matchesModel(tx.root, state), `the reader of txid ${tx.txid} lost its state`);
      if (state !== this.#committed) this.#counts.longReaders++;
      tx.end();
    }
  }

  #observe(change: DiskChange): void {
    const metas = 2 * this.#setting.pageSize;
    if (change.kind === 'sync') {
      if (this.#phase === 'meta written') this.#phase = 'meta synced';
      // Nothing is in doubt: every cut leaves the same.
      this.#cut(1);
      return;
    }
    if (this.#phase === 'pages written' && change.kind === 'write' && change.position < metas) {
      this.#phase = 'meta written';
    }
    this.#cut(0);
    for (let i = 0; i < 2; i++) this.#cut(SURVIVALS[this.#random.below(SURVIVALS.length)]!);
    this.#cut(1);
  }

  #cut(survival: number): void {
    const counts = this.#counts;
    counts.points++;
    const image = this.#disk.crashImage(this.#random.fork(), survival);
    if (image.fates.kept > 0 && image.fates.lost > 0) counts.torn++;
    try {
      this.#look(image, survival);
    } catch (error) {
      const place = `${this.#isRecovery ? 'after a recovery, ' : ''}${this.#phase}`;
      throw new Error(`cut ${counts.points} (${place}, survival ${survival})`, { cause: error });
    }
  }

  #look(image: MemoryVfs, survival: number): void {
    let db: Db;
    try {
      db = this.#open(image);
    } catch (error) {
      const refused = error instanceof EngineError && error.code === 'NOT_A_DATABASE';
      if (this.#phase === 'creating' && refused) return;
      throw error;
    }
    expectSound(db, image);
    const state = this.#stateOf(db);
    const allowed = this.#allowed(survival);
    assert(state !== undefined, 'the file holds neither the committed state nor the next one');
    assert(allowed.includes(state), 'the file holds the wrong one of two states');
    const roll = this.#random.below(40);
    if (roll < 5) writeOn(db, image);
    db.close();
    if (roll === 39 && !this.#isRecovery) this.#recover(image, state);
  }

  /** What is left begins a history of its own, now and then under other options. */
  #recover(image: MemoryVfs, state: ModelBucket): void {
    const random = this.#random.fork();
    const { pageSize } = this.#setting;
    const other = SETTINGS[random.below(SETTINGS.length)]!;
    const setting = random.below(2) === 0 ? this.#setting : { ...other, pageSize };
    this.#counts.recoveries++;
    const counts = this.#counts;
    new History({ setting, random, disk: image, counts, recovered: state }).run();
  }

  #stateOf(db: Db): ModelBucket | undefined {
    return db.read((tx) =>
      [this.#committed, this.#next].find((state) => matchesModel(tx.root, state)),
    );
  }

  #allowed(survival: number): readonly ModelBucket[] {
    // A transaction that changed nothing leaves equal states, of which the first one is found.
    const next = sameModel(this.#committed, this.#next) ? this.#committed : this.#next;
    if (this.#phase === 'meta synced') return [next];
    if (this.#phase !== 'meta written' || survival === 0) return [this.#committed];
    return survival === 1 ? [next] : [this.#committed, next];
  }
}

function expectSound(db: Db, disk: MemoryVfs): void {
  const { faults } = checkDb(disk, PATH, db);
  const [first] = faults;
  assert(first === undefined, `${faults.length} faults; page ${first?.pgid}: ${first?.fault}`);
}

/** Takes a write and is whole afterwards. */
function writeOn(db: Db, disk: MemoryVfs): void {
  const key = bytesOf('after the crash');
  db.write((tx) => {
    tx.root.put(key, new Uint8Array(3000));
  });
  const length = db.read((tx) => tx.root.get(key)?.length);
  assert(length === 3000, 'a write after the crash is not read back');
  expectSound(db, disk);
}
