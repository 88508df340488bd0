// Loads on real threads, in short slices: every workload is carried out, closed and open, and its truth holds over
// all slices; faults of the store and of what it holds come out; an abort ends a slice early and keeps what
// was measured. No test here depends on how fast the machine is.

import { mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { decodeFromCompressedBase64 } from 'hdr-histogram-js';
import { afterEach, describe, expect, it } from 'vitest';
import { EngineError, nodeVfs, Store } from '../../engine/index.ts';
import { systemClock } from '../measure/clock.ts';
import type { Scalars } from '../record/round.ts';
import { testFolder } from '../testing/test-folder.ts';
import { loadPlan, type SliceReport } from './load-plan.ts';
import { OpenLoad, type LoadContext, type SliceAsked } from './open-load.ts';
import { findTemplate, prepareTemplate } from './template.ts';

const FOLDER = testFolder('open-load');
let folders = 0;
let open: OpenLoad | undefined;

/** Small stores: 1 GiB of index for a few keys would be a waste. */
const SMALL = {
  cacheBytes: 16 * 1024 ** 2,
  indexBytes: 64 * 1024 ** 2,
  bufferEntries: 65_536,
  bufferBytes: 64 * 1024 ** 2,
  segmentBytes: 4 * 1024 ** 2,
} as const;

function emptyFolder(): string {
  const folder = join(FOLDER, `${folders++}`);
  mkdirSync(folder);
  return folder;
}

const CONTEXT: LoadContext = {
  signal: new AbortController().signal,
  onProgress: () => undefined,
};

function prepared(asked: Scalars, folder: string, seed = 3) {
  const { plan } = loadPlan({ ...SMALL, ...asked });
  return prepareTemplate(plan, { prepared: folder, seed, clock: systemClock, ...CONTEXT });
}

/** A store under that load, its template prepared with another seed than its streams have. */
async function opened(asked: Scalars, folder: string = emptyFolder()): Promise<OpenLoad> {
  const { plan } = loadPlan({ ...SMALL, ...asked });
  const template = await prepared(asked, folder);
  const store = join(folder, `store-${folders++}`);
  open = await OpenLoad.open({ plan, template, folder: store, seed: 7, clock: systemClock });
  return open;
}

function slice(
  load: OpenLoad,
  asked: Partial<SliceAsked> = {},
  context: LoadContext = CONTEXT,
): Promise<SliceReport> {
  const byDefault = { seconds: 0.12, operationsMax: 0, seed: folders, histograms: false };
  return load.slice({ ...byDefault, ...asked }, context);
}

function operationsOf({ lanes }: SliceReport): number {
  return lanes.reduce((sum, { operations }) => sum + operations, 0);
}

afterEach(async () => {
  await open?.kill();
  open = undefined;
});

const CASES: readonly { asked: Scalars; rate: number }[] = [
  { asked: { workload: 'large-values', keys: 30, valueBytes: 50_000 }, rate: 300 },
  {
    asked: { workload: 'key-churn', keys: 300, compactEvery: 50, retainRevisions: 20 },
    rate: 1500,
  },
  { asked: { workload: 'mass-leases', leases: 500, keysPerLease: 2 }, rate: 1500 },
  {
    asked: { workload: 'read-heavy', keys: 500, rangeShare: 0.1, writeShare: 0.3 },
    rate: 1500,
  },
  {
    asked: {
      workload: 'long-reads',
      standingKeys: 500,
      longRate: 50,
      shortRate: 500,
      putRate: 500,
    },
    rate: 1500,
  },
  { asked: { workload: 'kubernetes', nodes: 20, podsPerNode: 5 }, rate: 1500 },
];

describe.each(CASES)('$asked.workload', ({ asked, rate }) => {
  it('is carried out in a closed loop by two threads, and its truth holds over all slices', async () => {
    const load = await opened({ ...asked, clients: 5, threads: 2 });
    for (let i = 0; i < 3; i++) {
      const report = await slice(load, { histograms: true, seconds: 20, operationsMax: 60 });
      expect(operationsOf(report)).toBe(60);
      for (const { operations, errors, latency, service } of report.lanes) {
        expect(errors).toEqual({});
        expect(service).toBeUndefined();
        if (operations === 0) continue;
        expect(decodeFromCompressedBase64(latency.histogram, 64).totalCount).toBe(operations);
      }
    }
    const { ok, faults, entries } = await load.verify(CONTEXT);
    expect({ ok, faults }).toEqual({ ok: true, faults: [] });
    expect(entries).toBeGreaterThan(10);
    await load.close();
  });

  it('is carried out on a schedule, and its truth holds over all slices', async () => {
    const due = { loop: 'open', arrival: 'poisson', ratePerSecond: rate };
    const load = await opened({ ...asked, ...due, clients: 6 });
    let offered = 0;
    let seconds = 0;
    for (let i = 0; i < 2; i++) {
      const report = await slice(load, { seed: i, seconds: 0.2 });
      for (const lane of report.lanes) expect(lane.errors).toEqual({});
      expect(report.seconds).toBeCloseTo(0.2, 6);
      offered += operationsOf(report) + report.health.skipped + report.health.unfinished;
      seconds += report.seconds;
    }
    // What was due was done, or is told; Poisson's deviation is some 5% here.
    expect(offered / (rate * seconds)).toBeGreaterThan(0.6);
    expect(offered / (rate * seconds)).toBeLessThan(1.6);
    expect(await load.verify(CONTEXT)).toMatchObject({ ok: true, faults: [] });
    await load.close();
  });
});

describe('an open load', () => {
  it('reads its settings from the store and from the threads', async () => {
    const due = { loop: 'open', arrival: 'constant', ratePerSecond: 500, clients: 5, threads: 2 };
    const store = { durability: 'each', freelist: 'array', batchIntervalMs: 7, syncDelayMs: 1 };
    const load = await opened({ workload: 'read-heavy', keys: 90, ...due, ...store });
    const { threads, ...seen } = due;
    expect(threads).toBe(2);
    expect(load.settings).toMatchObject({ ...SMALL, ...store, ...seen, keys: 90, putDelayUs: 0 });
  });

  it('tells what the counters of the store grew by in the slice alone', async () => {
    const load = await opened({
      workload: 'read-heavy',
      keys: 90,
      writeShare: 1,
      durability: 'each',
    });
    for (let i = 0; i < 2; i++) {
      const report = await slice(load, { seconds: 0.3 });
      const { requests = 0, revisions = 0, walSyncs = 0 } = report.grown;
      // Read by a timer, which is late on a busy machine.
      expect(requests / operationsOf(report)).toBeGreaterThan(0.3);
      expect(requests / operationsOf(report)).toBeLessThan(3);
      // One sync a request, and one revision a put; what is under way while they are read blurs it.
      expect(revisions / requests).toBeCloseTo(1, 1);
      expect(walSyncs / requests).toBeCloseTo(1, 1);
    }
  });

  it('ends a slice at the number of operations that was asked for, each anew', async () => {
    const load = await opened({ workload: 'read-heavy', keys: 200 });
    for (let i = 0; i < 2; i++) {
      const report = await slice(load, { operationsMax: 300, seconds: 60 });
      expect(operationsOf(report)).toBe(300);
      expect(report.seconds).toBeLessThan(60);
    }
    expect(await load.verify(CONTEXT)).toMatchObject({ ok: true });
  });

  it('waits for a slow disk without a late start', async () => {
    const due = { loop: 'open', arrival: 'constant', ratePerSecond: 100, clients: 50 };
    const load = await opened({
      workload: 'read-heavy',
      keys: 90,
      writeShare: 1,
      ...due,
      syncDelayMs: 50,
    });
    const { lanes, health } = await slice(load, { seconds: 1 });
    expect(lanes[0]!.service!.p50Ns).toBeGreaterThan(45e6);
    // Each client has 500 ms for an operation of 50 to 100 ms: none waits for its own last one.
    expect(lanes[0]!.operations + health.unfinished).toBeGreaterThan(90);
    expect(health.skipped).toBe(0);
  });

  it('makes puts slower by what it is told to, and says so', async () => {
    const asked = {
      workload: 'read-heavy',
      keys: 90,
      writeShare: 1,
      clients: 8,
      durability: 'none',
    };
    const load = await opened({ ...asked, putDelayUs: 2000 });
    expect(load.settings['putDelayUs']).toBe(2000);
    const report = await slice(load, { seconds: 0.3 });
    expect(operationsOf(report) / report.seconds).toBeLessThan(520);
    expect(report.latency.p50Ns).toBeGreaterThan(2e6);
    expect(await load.verify(CONTEXT)).toMatchObject({ ok: true });
  });
});

describe('leases that expire while nobody loads the store', () => {
  it('are no fault, with their keys, and neither is what is refused because of them', async () => {
    const asked = { workload: 'mass-leases', leases: 60, keysPerLease: 2, ttlSeconds: 2 };
    const load = await opened({ ...asked, replaceShare: 0.5, clients: 4 });
    await slice(load);
    // Other arms have their turns meanwhile; the store revokes what is over every half second.
    await sleep(3000);
    const { lanes } = await slice(load, { seconds: 0.3 });
    const refused = lanes.find(({ lane }) => lane === 'keep-alive')?.errors['LEASE_NOT_FOUND'] ?? 0;
    expect(refused).toBeGreaterThan(0);
    expect(await load.verify(CONTEXT)).toMatchObject({ ok: true, faults: [] });
  });

  it('are none of those that last longer', async () => {
    const asked = { workload: 'mass-leases', leases: 60, keysPerLease: 1, ttlSeconds: 3600 };
    const load = await opened({ ...asked, replaceShare: 0, clients: 4 });
    await slice(load);
    await sleep(1000);
    const { lanes } = await slice(load);
    for (const { errors } of lanes) expect(errors).toEqual({});
    expect(await load.verify(CONTEXT)).toMatchObject({ ok: true, entries: 60 });
  });
});

describe('templates', () => {
  it('are shared by arms whose levels make the same file, and made once', async () => {
    const folder = emptyFolder();
    const asked = { workload: 'read-heavy', keys: 100 };
    const first = await prepared({ ...asked, freelist: 'array' }, folder);
    const again = await prepared({ ...asked, batchLimit: 5, durability: 'each' }, folder, 99);
    expect(again).toEqual(first);
    const other = await prepared({ ...asked, pageSize: 8192 }, folder);
    expect(other.path).not.toBe(first.path);
    await prepared({ ...asked, keys: 101 }, folder);
    expect(readdirSync(folder)).toHaveLength(3);
  });

  it('are left alone by what is measured on their clones', async () => {
    const folder = emptyFolder();
    const asked = { workload: 'key-churn', keys: 200, compactEvery: 50, clients: 4 };
    const before = await prepared(asked, folder);
    for (let i = 0; i < 2; i++) {
      const load = await opened(asked, folder);
      await slice(load);
      expect(await load.verify(CONTEXT)).toMatchObject({ ok: true });
      await load.close();
    }
    expect(await prepared(asked, folder)).toEqual(before);
  });

  it('are made again where one was not finished or is another file', async () => {
    const folder = emptyFolder();
    const asked = { workload: 'read-heavy', keys: 100 };
    const { plan } = loadPlan({ ...SMALL, ...asked });
    expect(() => findTemplate(plan, folder)).toThrow(/nothing was prepared/);
    const { path, dbBytes } = await prepared(asked, folder);
    const file = nodeVfs.open(path, { mode: 'write' });
    file.truncate(4096);
    file.close();
    expect(() => findTemplate(plan, folder)).toThrow(/nothing was prepared/);
    expect(await prepared(asked, folder)).toMatchObject({ path, dbBytes });
    rmSync(join(path, '..', 'prepared.json'));
    expect(() => findTemplate(plan, folder)).toThrow(/nothing was prepared/);
  });

  it('end their making with an abort', async () => {
    const { plan } = loadPlan({ ...SMALL, workload: 'read-heavy', keys: 50_000 });
    const folder = emptyFolder();
    const abort = new AbortController();
    const making = prepareTemplate(plan, {
      ...{ prepared: folder, seed: 1, clock: systemClock, signal: abort.signal },
      onProgress: () => {
        abort.abort();
      },
    });
    await expect(making).rejects.toThrow(/abort/);
    expect(() => findTemplate(plan, folder)).toThrow(/nothing was prepared/);
  });
});

describe('faults', () => {
  it.each([
    [{ workload: 'none' }, /no workload 'none'/],
    [{ workload: 'read-heavy', keyz: 1 }, /no factor 'keyz'/],
    [{ workload: 'read-heavy', batchLimit: 0 }, /batchLimit 0/],
    [{ workload: 'read-heavy', keys: 10, clients: 11 }, /clients 11: this workload takes 10/],
    [{ workload: 'read-heavy', threads: 1000 }, /threads 1000 is no whole number from 1 to 64/],
    [{ workload: 'read-heavy', readShare: 2 }, /no factor 'readShare'/],
    [{ workload: 'large-values', readShare: 2 }, /readShare 2/],
  ])('%j is refused', (asked, message) => {
    expect(() => loadPlan(asked)).toThrow(message);
  });

  it('of a write that the load knows nothing of are found', async () => {
    const folder = emptyFolder();
    const asked = { workload: 'read-heavy', keys: 100 };
    const { path } = await prepared(asked, folder);
    // A key under the prefix that no stream ever wrote, planted in the template.
    const store = Store.open(join(path, '..'), SMALL);
    const key = Buffer.from('read-heavy/zzz');
    store.submitPut(key, key.length, Buffer.from('planted'), 7, 0n as never, () => undefined);
    store.flush();
    store.close();
    const { plan } = loadPlan({ ...SMALL, ...asked });
    const template = { ...(await prepared(asked, emptyFolder())), path };
    const at = join(folder, 'clone');
    open = await OpenLoad.open({ plan, template, folder: at, seed: 7, clock: systemClock });
    const { ok, faults } = await open.verify(CONTEXT);
    expect(ok).toBe(false);
    expect(faults[0]).toMatch(/damaged header/);
  });

  it('of the folder end the opening, and leave no thread', async () => {
    const { plan } = loadPlan({ ...SMALL, workload: 'read-heavy', keys: 100 });
    const template = await prepared({ workload: 'read-heavy', keys: 100 }, emptyFolder());
    const parts = { plan, template, seed: 7, clock: systemClock };
    await expect(OpenLoad.open({ ...parts, folder: '/proc/no/such' })).rejects.toThrow(/ENOENT/);
  });

  it('of the disk end the slice with what the store says', async () => {
    // Segments of the log are made all the time: without its folder that fails.
    const folder = emptyFolder();
    const asked = { workload: 'read-heavy', keys: 100, writeShare: 1, segmentBytes: 65_536 };
    const { plan } = loadPlan({ ...SMALL, ...asked });
    const template = await prepared(asked, folder);
    const store = join(folder, 'store');
    open = await OpenLoad.open({ plan, template, folder: store, seed: 7, clock: systemClock });
    const failing = slice(open, { seconds: 60 });
    // In one step: removing it would race with the files that are made in it.
    renameSync(join(store, 'wal'), join(store, 'gone'));
    const error: unknown = await failing.catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(EngineError);
    expect((error as EngineError).code).toMatch(/^(IO|POISONED)$/);
  });
});

describe('an abort', () => {
  it('ends a slice early and keeps what was measured', async () => {
    const load = await opened({ workload: 'read-heavy', keys: 200 });
    const abort = new AbortController();
    const { signal } = abort;
    const running = slice(load, { seconds: 60 }, { ...CONTEXT, signal });
    await sleep(400);
    abort.abort();
    const report = await running;
    expect(operationsOf(report)).toBeGreaterThan(0);
    expect(report.seconds).toBeLessThan(30);
    // The next one has nothing to measure, and what was measured is sound.
    const { seconds } = await slice(load, { seconds: 60 }, { ...CONTEXT, signal });
    expect(seconds).toBe(0);
    await expect(load.verify({ signal })).rejects.toThrow(/abort/);
    expect(await load.verify(CONTEXT)).toMatchObject({ ok: true });
  });
});
