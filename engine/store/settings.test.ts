// What an open store says it runs with, option by option: what was asked for arrives at the part that uses it,
// and where a part got something else than what was asked for, that is what the store says.

import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Db } from '../db/db.ts';
import { MemoryVfs } from '../vfs/memory-vfs.ts';
import { Wal } from '../wal/wal.ts';
import { STORE_DEFAULTS, STORE_OPTION_RULES, type StoreOptions } from './options.ts';
import { Store } from './store.ts';

type Name = keyof StoreOptions;

/** None of them a default. */
const ASKED: StoreOptions = {
  freelist: 'array',
  syncFreelist: true,
  pageSize: 8192,
  // No whole number of pages: what was asked for is what a result must be found by.
  cacheBytes: 1024 ** 2 + 1,
  readersMax: 7,
  fillPercent: 0.6,
  readOnly: false,
  durability: 'each',
  readLock: 'copy',
  indexLock: 'global',
  leaseExpiry: 'scan',
  leaseRevokeRate: 17,
  leaseCheckpointSeconds: 19,
  leaseTtlMin: 23,
  leaseRevokeKeys: 29,
  batchLimit: 31,
  batchIntervalMs: 37,
  compactionBatch: 41,
  compactionPauseMs: 43,
  quotaBytes: 47 * 1024 ** 2,
  requestBytesMax: 53 * 1024,
  txnOperationsMax: 59,
  indexBytes: 8 * 1024 ** 2 + 1,
  bufferEntries: 2048,
  bufferBytes: 7 * 1024 ** 2,
  segmentBytes: 128 * 1024,
};

/** A store is never opened for reading only: resolveStoreOptions() refuses it. */
const NAMES = (Object.keys(STORE_OPTION_RULES) as Name[]).filter((name) => name !== 'readOnly');

/** What is dropped on its way to its part, which gets the default in its place. */
const drop = vi.hoisted(() => ({ name: '' }));

/** `options` as they are handed on where one of them is dropped; `names` are those of the receiver. */
function handedOn<Options extends object>(
  options: Options,
  names: Readonly<Record<string, string>> = {},
): Options {
  const own = names[drop.name] ?? drop.name;
  if (!(own in options)) return options;
  return { ...options, [own]: STORE_DEFAULTS[drop.name as Name] };
}

vi.mock(import('../mvcc/mvcc.ts'), async (original) => {
  const { Mvcc, ...others } = await original();
  class Dropping extends Mvcc {
    constructor(...[db, options, owners]: ConstructorParameters<typeof Mvcc>) {
      super(db, handedOn(options), owners);
    }
  }
  return { ...others, Mvcc: Dropping };
});

vi.mock(import('../lease/lessor.ts'), async (original) => {
  const { Lessor, ...others } = await original();
  const names = {
    leaseExpiry: 'expiry',
    leaseRevokeRate: 'revokeRate',
    leaseTtlMin: 'ttlSecondsMin',
    leaseCheckpointSeconds: 'checkpointSeconds',
  };
  class Dropping extends Lessor {
    constructor(options: ConstructorParameters<typeof Lessor>[0] = {}) {
      super(handedOn(options, names));
    }
  }
  return { ...others, Lessor: Dropping };
});

vi.mock(import('./lease-upkeep.ts'), async (original) => {
  const { LeaseUpkeep, ...others } = await original();
  class Dropping extends LeaseUpkeep {
    constructor(...[lessor, queue, leaseRevokeKeys]: ConstructorParameters<typeof LeaseUpkeep>) {
      super(lessor, queue, handedOn({ leaseRevokeKeys }).leaseRevokeKeys);
    }
  }
  return { ...others, LeaseUpkeep: Dropping };
});

vi.mock(import('./admission.ts'), async (original) => {
  const { Admission, ...others } = await original();
  class Dropping extends Admission {
    constructor(parts: ConstructorParameters<typeof Admission>[0]) {
      super(handedOn(parts));
    }
  }
  return { ...others, Admission: Dropping };
});

vi.mock(import('./applier.ts'), async (original) => {
  const { Applier, ...others } = await original();
  class Dropping extends Applier {
    constructor(parts: ConstructorParameters<typeof Applier>[0]) {
      super(handedOn(parts));
    }
  }
  return { ...others, Applier: Dropping };
});

vi.mock(import('./group-log.ts'), async (original) => {
  const { GroupLog, ...others } = await original();
  class Dropping extends GroupLog {
    constructor(parts: ConstructorParameters<typeof GroupLog>[0]) {
      super(handedOn(parts));
    }
  }
  return { ...others, GroupLog: Dropping };
});

beforeEach(() => {
  drop.name = '';
  const openDb = Db.open.bind(Db);
  vi.spyOn(Db, 'open').mockImplementation((path, options = {}, vfs) =>
    openDb(path, handedOn(options), vfs),
  );
  const openWal = Wal.open.bind(Wal);
  vi.spyOn(Wal, 'open').mockImplementation((folder, options = {}, vfs) =>
    openWal(folder, handedOn(options), vfs),
  );
});

afterEach(() => {
  vi.restoreAllMocks();
});

function settingsOf(options: Partial<StoreOptions>, vfs = new MemoryVfs()) {
  const store = Store.open('store', options, vfs);
  const settings = store.settings();
  store.close();
  return settings;
}

/** Sizes that a test can afford, so that each option is tried alone. */
const SMALL = { indexBytes: 16 * 1024 ** 2, bufferBytes: 16 * 1024 ** 2, bufferEntries: 4096 };

describe('settings of an open store', () => {
  it('are all there, and the defaults where nothing was asked for', () => {
    expect(settingsOf(SMALL)).toEqual({ ...STORE_DEFAULTS, ...SMALL });
    expect(Object.keys(settingsOf(ASKED)).sort()).toEqual(Object.keys(STORE_OPTION_RULES).sort());
  });

  it.each(NAMES)('%s arrives at its part', (name) => {
    expect(ASKED[name]).not.toBe(STORE_DEFAULTS[name]);
    expect(settingsOf({ ...SMALL, [name]: ASKED[name] })[name]).toBe(ASKED[name]);
  });

  it.each(NAMES)('%s shows when it is dropped on the way', (name) => {
    drop.name = name;
    expect(settingsOf(ASKED)[name]).toBe(STORE_DEFAULTS[name]);
  });

  it('give the page size of a file that is there', () => {
    const vfs = new MemoryVfs();
    settingsOf({ ...SMALL, pageSize: 1024 }, vfs);
    expect(settingsOf({ ...SMALL, pageSize: 8192 }, vfs)['pageSize']).toBe(1024);
  });
});

describe('fillPercent', () => {
  it('is what the leaves of revisions are filled to', () => {
    const bytesAt = (fillPercent: number): number => {
      const store = Store.open('store', { ...SMALL, fillPercent }, new MemoryVfs());
      for (let i = 0; i < 5000; i++) {
        const key = Buffer.from(`key-${i}`);
        store.submitPut(key, key.length, Buffer.alloc(100), 100, 0n as never, () => undefined);
      }
      store.flush();
      store.commit();
      const { highWater } = store.mvcc.backend.db.meta;
      store.close();
      return highWater;
    };
    expect(bytesAt(0.5) / bytesAt(0.9)).toBeGreaterThan(1.4);
  });
});
