// Loads on real threads, small: every workload, closed and open, is carried out and its truth holds; faults
// of the plan, of the store and of what it holds come out; an abort ends early and keeps what was measured.
// No test here depends on how fast the machine is.

import { mkdirSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { decodeFromCompressedBase64 } from 'hdr-histogram-js';
import { describe, expect, it } from 'vitest';
import { EngineError, Store } from '../../engine/index.ts';
import type { ParameterValues } from '../../workloads/index.ts';
import { systemClock } from '../measure/clock.ts';
import { testFolder } from '../testing/test-folder.ts';
import type { LoadPlan, LoadReport } from './load-plan.ts';
import { runLoad, type LoadProgress } from './load.ts';

const FOLDER = testFolder('load');
let folders = 0;

function emptyFolder(): string {
  const folder = join(FOLDER, `store-${folders++}`);
  mkdirSync(folder);
  return folder;
}

/** Small stores: 1 GiB of index for a few keys would be a waste. */
const SMALL = {
  cacheBytes: 16 * 1024 ** 2,
  indexBytes: 64 * 1024 ** 2,
  bufferEntries: 65_536,
  bufferBytes: 64 * 1024 ** 2,
  segmentBytes: 4 * 1024 ** 2,
} as const;

function planOf(over: Partial<LoadPlan> = {}): LoadPlan {
  return {
    ...{ folder: emptyFolder(), workload: 'read-heavy', parameters: { keys: 200 }, store: SMALL },
    ...{ seed: 7, clientsByThread: [4], shape: { kind: 'closed' }, seconds: 0.3, operations: 0 },
    ...{ warmUpSeconds: 0.05, syncDelayMs: 0, verify: true },
    ...over,
  };
}

function run(
  plan: LoadPlan,
  over: { signal?: AbortSignal; onProgress?: (progress: LoadProgress) => void } = {},
): Promise<LoadReport> {
  const { signal = new AbortController().signal, ...rest } = over;
  return runLoad(plan, { clock: systemClock, signal, ...rest });
}

function operationsOf({ lanes }: LoadReport): number {
  return lanes.reduce((sum, { operations }) => sum + operations, 0);
}

function countIn(histogram: string): number {
  return decodeFromCompressedBase64(histogram, 64).totalCount;
}

const CASES: readonly { workload: string; parameters: ParameterValues; rate: number }[] = [
  { workload: 'large-values', parameters: { keys: 30, valueBytes: 50_000 }, rate: 300 },
  {
    workload: 'key-churn',
    parameters: { keys: 300, compactEvery: 50, retainRevisions: 20 },
    rate: 1500,
  },
  { workload: 'mass-leases', parameters: { leases: 500, keysPerLease: 2 }, rate: 1500 },
  {
    workload: 'read-heavy',
    parameters: { keys: 500, rangeShare: 0.1, writeShare: 0.3 },
    rate: 1500,
  },
  {
    workload: 'long-reads',
    parameters: { standingKeys: 500, longRate: 50, shortRate: 500, putRate: 500 },
    rate: 1500,
  },
  { workload: 'kubernetes', parameters: { nodes: 20, podsPerNode: 5 }, rate: 1500 },
];

describe.each(CASES)('$workload', ({ workload, parameters, rate }) => {
  it('is carried out in a closed loop by two threads, and its truth holds', async () => {
    const report = await run(planOf({ workload, parameters, clientsByThread: [3, 2] }));
    expect(report.verification).toMatchObject({ ok: true, faults: [] });
    expect(report.verification?.entries).toBeGreaterThan(10);
    for (const lane of report.lanes) expect(lane.errors).toEqual({});
    expect(operationsOf(report)).toBeGreaterThan(50);
    expect(report.interrupted).toBe(false);
    for (const { operations, latency, service } of report.lanes) {
      expect(countIn(latency)).toBe(operations);
      expect(countIn(service)).toBe(operations);
    }
  });

  it('is carried out on a schedule, and its truth holds', async () => {
    const shape = { kind: 'open', arrival: 'poisson', ratePerSecond: rate } as const;
    const report = await run(planOf({ workload, parameters, shape, clientsByThread: [6] }));
    expect(report.verification).toMatchObject({ ok: true, faults: [] });
    for (const lane of report.lanes) expect(lane.errors).toEqual({});
    // What was due in the measured time was done, or is told; Poisson's deviation is some 5% here.
    const { skipped, unfinished } = report.health;
    const due = operationsOf(report) + skipped + unfinished;
    expect(due / (rate * report.seconds)).toBeGreaterThan(0.6);
    expect(due / (rate * report.seconds)).toBeLessThan(1.6);
  });
});

describe('the report', () => {
  it('tells settings read back, counters of the store, and when it was preloaded', async () => {
    const store = { ...SMALL, durability: 'each', freelist: 'array', batchIntervalMs: 7 } as const;
    const parameters = { keys: 100, writeShare: 1 };
    const report = await run(planOf({ store, parameters, clientsByThread: [2, 2] }));
    expect(report.settings).toMatchObject(store);
    expect(report.stats.keys).toBe(100);
    const { requests = 0, revisions = 0, walSyncs = 0 } = report.during;
    expect(requests).toBeGreaterThan(0);
    // One sync a request, and one revision a put; what is under way while they are read blurs it.
    expect(revisions / requests).toBeCloseTo(1, 1);
    expect(walSyncs / requests).toBeCloseTo(1, 1);
    expect(report.preloadSeconds).toBeGreaterThan(0);
    expect(report.health.cpuShares).toHaveLength(2);
  });

  it('ends at the number of operations that was asked for', async () => {
    const report = await run(planOf({ operations: 500, seconds: 60, warmUpSeconds: 0 }));
    expect(operationsOf(report)).toBe(500);
    expect(report.seconds).toBeLessThan(60);
    expect(report.verification).toMatchObject({ ok: true });
  });

  it('waits for a slow disk without a late start', async () => {
    const shape = { kind: 'open', arrival: 'constant', ratePerSecond: 100 } as const;
    const parameters = { keys: 100, writeShare: 1 };
    const plan = planOf({ syncDelayMs: 50, shape, parameters, seconds: 1, clientsByThread: [50] });
    const { lanes, health } = await run(plan);
    const write = decodeFromCompressedBase64(lanes[0]!.service, 64);
    expect(write.minNonZeroValue).toBeGreaterThan(45e6);
    // Each client has 500 ms for an operation of 50 to 100 ms: none waits for its own last one.
    expect(lanes[0]!.operations + health.unfinished).toBeGreaterThan(90);
    expect(health.skipped).toBe(0);
  });
});

describe('a store that does not hold what it should', () => {
  it('is found out by a write that the load knows nothing of', async () => {
    // Keys under the prefix that no stream ever wrote.
    const plan = planOf();
    const first = Store.open(plan.folder, SMALL);
    first.submit(
      {
        ...{ kind: 'put', key: Buffer.from('read-heavy/zzz'), value: Buffer.from('planted') },
        ...{ lease: 0n as never, prevKv: false, ignoreValue: false, ignoreLease: false },
      },
      () => undefined,
    );
    first.flush();
    first.close();
    const { verification } = await run(plan);
    expect(verification?.ok).toBe(false);
    expect(verification?.faults[0]).toMatch(/damaged header/);
  });

  it('refuses a second load of leases that are there', async () => {
    const plan = planOf({
      workload: 'mass-leases',
      parameters: { leases: 50, replaceShare: 0 },
      seconds: 0.1,
    });
    expect((await run(plan)).verification).toMatchObject({ ok: true });
    await expect(run(plan)).rejects.toMatchObject({ code: 'LEASE_EXISTS' });
  });
});

describe('faults', () => {
  it('of a plan are named all at once', async () => {
    const shape = { kind: 'open', arrival: 'poisson', ratePerSecond: 0 } as const;
    const plan = planOf({ clientsByThread: [300, 0], seconds: 0, seed: -1, shape });
    const error: unknown = await run(plan).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(EngineError);
    expect(error).toMatchObject({ code: 'INVALID_ARGUMENT' });
    const { message } = error as EngineError;
    expect(message).toMatch(/300 clients, and this workload takes 200 at most/);
    for (const name of ['thread has 0 clients', 'seconds 0', 'seed -1', 'ratePerSecond 0']) {
      expect(message).toContain(name);
    }
  });

  it.each([
    [{ workload: 'none' }, /no workload 'none'/],
    [{ parameters: { keyz: 1 } }, /no parameter 'keyz'/],
    [{ store: { batchLimit: 0 } }, /batchLimit 0/],
    [{ clientsByThread: [] }, /0 generating threads/],
  ])('%j is refused', async (over, message) => {
    await expect(run(planOf(over))).rejects.toThrow(message);
  });

  it('of the folder end it', async () => {
    await expect(run(planOf({ folder: join(FOLDER, 'no', 'such') }))).rejects.toBeInstanceOf(
      EngineError,
    );
  });

  it('of the disk end it with what the store says', async () => {
    // Segments of the log are made all the time: without its folder that fails.
    const store = { ...SMALL, segmentBytes: 65_536 };
    const plan = planOf({ store, parameters: { keys: 100, writeShare: 1 }, seconds: 60 });
    const failing = run(plan, {
      onProgress: ({ doing }) => {
        if (doing !== 'measure') return;
        // In one step: removing it would race with the files that are made in it.
        renameSync(join(plan.folder, 'wal'), join(plan.folder, 'gone'));
      },
    });
    const error: unknown = await failing.catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(EngineError);
    expect((error as EngineError).code).toMatch(/^(IO|POISONED)$/);
  });
});

describe('an abort', () => {
  it.each(['preload', 'warm-up', 'measure', 'verify'] as const)(
    'during %s ends the load and keeps what was measured',
    async (when) => {
      const abort = new AbortController();
      const seconds = when === 'verify' ? 0.2 : 60;
      const warmUpSeconds = when === 'warm-up' ? 60 : 0;
      const plan = planOf({ seconds, warmUpSeconds });
      let operations = 0;
      const report = await run(plan, {
        signal: abort.signal,
        onProgress: (progress) => {
          if (progress.doing !== when) return;
          if (when === 'measure' && progress.operations < 100) return;
          ({ operations } = progress);
          abort.abort();
        },
      });
      expect(report.interrupted).toBe(true);
      expect(report.verification).toBeUndefined();
      const measured = operationsOf(report);
      if (when === 'measure') expect(measured).toBeGreaterThanOrEqual(operations);
      if (when === 'preload' || when === 'warm-up') {
        expect(measured).toBe(0);
        expect(report.seconds).toBe(0);
      }
    },
  );
});
