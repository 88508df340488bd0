import { describe, expect, it } from 'vitest';
import { EngineError } from '../base/errors.ts';
import { Random } from '../base/random.ts';
import { FREELIST_KINDS } from '../freelist/create.ts';
import type { FreelistKind } from '../freelist/freelist.ts';
import {
  bytesOf,
  cloneModel,
  emptyModel,
  matchesModel,
  randomChange,
  type ModelBucket,
} from '../testing/model.ts';
import { TapVfs, type DiskChange } from '../testing/tap-vfs.ts';
import { MemoryVfs } from '../vfs/memory-vfs.ts';
import { checkDb } from './check.ts';
import { Db } from './db.ts';
import type { ReadTx } from './reader.ts';

const PATH = 'crash.db';
const COMMITS = 12;
/** Nothing, some and all of what was not synced is on the disk. */
const SURVIVALS = [0, 0.3, 0.7, 1] as const;

interface Setting {
  readonly freelist: FreelistKind;
  readonly syncFreelist: boolean;
  readonly pageSize: number;
}

/** What a crash may leave: which phase of a commit the disk has seen. */
type Phase = 'creating' | 'idle' | 'pages written' | 'meta written' | 'meta synced';

/**
 * One seeded history on a disk that is looked at after every write and sync. Each look cuts the power
 * in several ways and opens what is left: it must pass check and hold the last committed state, or,
 * once its meta was written, the next one.
 */
class CrashHistory {
  crashes = 0;
  readonly #setting: Setting;
  readonly #random: Random;
  readonly #disk = new MemoryVfs();
  readonly #vfs = new TapVfs(this.#disk, (change) => {
    this.#observe(change);
  });
  readonly #readers: ReadTx[] = [];
  #phase: Phase = 'creating';
  #committed: ModelBucket = emptyModel();
  #next: ModelBucket = emptyModel();

  constructor(setting: Setting, seed: number) {
    this.#setting = setting;
    this.#random = new Random(seed);
  }

  run(): void {
    let db = this.#open();
    for (let commit = 0; commit < COMMITS; commit++) {
      this.#transaction(db);
      this.#changeReaders(db);
      if (this.#random.below(5) !== 0) continue;
      for (const reader of this.#readers.splice(0)) reader.end();
      db.close();
      db = this.#open();
    }
    for (const reader of this.#readers) reader.end();
    db.close();
  }

  #open(): Db {
    const db = Db.open(PATH, { ...this.#setting, cacheBytes: 64 * 4096 }, this.#vfs);
    this.#phase = 'idle';
    return db;
  }

  #transaction(db: Db): void {
    const random = this.#random;
    const tx = db.beginWrite();
    this.#next = cloneModel(this.#committed);
    for (let i = random.between(1, 25); i > 0; i--) randomChange(random, tx.root, this.#next);
    if (random.below(6) === 0) {
      tx.rollback();
      return;
    }
    this.#phase = 'pages written';
    tx.commit();
    expect(this.#phase).toBe('meta synced');
    this.#phase = 'idle';
    this.#committed = this.#next;
  }

  #changeReaders(db: Db): void {
    if (this.#random.below(3) === 0) this.#readers.push(db.beginRead());
    if (this.#readers.length > 2) this.#readers.shift()!.end();
  }

  #observe(change: DiskChange): void {
    const metas = 2 * this.#setting.pageSize;
    if (this.#phase === 'pages written' && change.kind === 'write' && change.position < metas) {
      this.#phase = 'meta written';
    } else if (this.#phase === 'meta written' && change.kind === 'sync') {
      this.#phase = 'meta synced';
    }
    for (const survival of SURVIVALS) this.#crash(survival);
  }

  #crash(survival: number): void {
    this.crashes++;
    const image = this.#disk.crashImage(this.#random.fork(), survival);
    const where = `crash ${this.crashes} (${this.#phase}, survival ${survival})`;
    let db: Db;
    try {
      db = Db.open(PATH, { ...this.#setting, cacheBytes: 64 * 4096 }, image);
    } catch (error) {
      // A file that was never finished is refused; nobody was told that it holds anything.
      const refused = error instanceof EngineError && error.code === 'NOT_A_DATABASE';
      if (this.#phase === 'creating' && refused) return;
      throw new Error(`${where}: open fails`, { cause: error });
    }
    expect(checkDb(image, PATH, db).faults, where).toEqual([]);
    expect(this.#allowed(survival), where).toContain(this.#stateOf(db));
    if (this.crashes % 7 === 0) writeOn(db, image, where);
    db.close();
  }

  #stateOf(db: Db): string {
    return db.read((tx) => {
      if (matchesModel(tx.root, this.#committed)) return 'committed';
      return matchesModel(tx.root, this.#next) ? 'next' : 'neither';
    });
  }

  #allowed(survival: number): string[] {
    if (this.#phase === 'meta synced') return this.#expectNext();
    if (this.#phase !== 'meta written') return ['committed'];
    if (survival === 0) return ['committed'];
    return survival === 1 ? this.#expectNext() : ['committed', 'next'];
  }

  /** A transaction that changed nothing leaves equal states, of which the first one is named. */
  #expectNext(): string[] {
    return JSON.stringify(digest(this.#next)) === JSON.stringify(digest(this.#committed))
      ? ['committed']
      : ['next'];
  }
}

function digest(model: ModelBucket): unknown {
  return [
    model.sequence,
    [...model.values].map(([key, value]) => [key, Buffer.from(value).toString('base64')]).sort(),
    [...model.buckets].map(([name, inner]) => [name, digest(inner)]).sort(),
  ];
}

/** What a crash left must be as good as any database: it takes a write and is whole afterwards. */
function writeOn(db: Db, image: MemoryVfs, where: string): void {
  const key = bytesOf('after the crash');
  db.write((tx) => {
    tx.root.put(key, new Uint8Array(3000));
  });
  expect(db.read((tx) => tx.root.get(key)?.length)).toBe(3000);
  expect(checkDb(image, PATH, db).faults, `${where}, written on`).toEqual([]);
}

const SETTINGS = FREELIST_KINDS.flatMap((freelist) =>
  [false, true].map((syncFreelist) => ({ freelist, syncFreelist })),
);

describe.each(SETTINGS)('power cuts, $freelist, syncFreelist $syncFreelist', (setting) => {
  it.each([1024, 4096])('leave a whole state at every write and sync, pages of %i', (pageSize) => {
    let crashes = 0;
    for (let seed = 1; seed <= 3; seed++) {
      const history = new CrashHistory({ ...setting, pageSize }, 1000 * seed + pageSize);
      try {
        history.run();
      } catch (error) {
        throw new Error(`seed ${seed} with pages of ${pageSize} bytes`, { cause: error });
      }
      crashes += history.crashes;
    }
    expect(crashes).toBeGreaterThan(300);
  });
});
