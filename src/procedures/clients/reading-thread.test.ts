// Reading threads on a small store: phases that are told apart and told once, and threads that are gone afterwards,
// whatever happens to them.

import { mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { nodeVfs, noSyncs, Store } from '../../../engine/index.ts';
import { workload } from '../../../workloads/index.ts';
import { preloadStore } from '../../load/preload.ts';
import { testFolder } from '../../testing/test-folder.ts';
import { phaseOf, ReadingThreads, type ReadingPlan } from './reading-thread.ts';

const base = testFolder('reading-thread');
const PARAMETERS = { standingKeys: 50 };
const [FIRST, SECOND] = [1, 2];

const SHORT: ReadingPlan = {
  ...{ parameters: PARAMETERS, seed: 1, clients: [2, 3], clientsAll: 22 },
  ...{ readsPerSecond: 0, restRatio: 0, phases: [FIRST, SECOND], warmUpReads: 10 },
};
const LONG: ReadingPlan = { ...SHORT, clients: [0], phases: [SECOND] };

let store: Store;
let threads: ReadingThreads | undefined;

beforeEach(async () => {
  store = Store.open(join(mkdtempSync(join(base, 's-')), 'store'), {}, noSyncs(nodeVfs));
  await preloadStore(store, workload('long-reads', PARAMETERS).preload(1), {
    ...{ signal: new AbortController().signal, onProgress: () => undefined },
  });
});

afterEach(async () => {
  await threads?.kill();
  threads = undefined;
  store.close();
});

function pause(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}

describe('ReadingThreads', () => {
  it('reads in the phases of each plan, and tells of each phase once', async () => {
    threads = await ReadingThreads.start(store.share(), [SHORT, LONG]);
    for (let turn = 0; turn < 2; turn++) {
      threads.enter(FIRST);
      pause(30);
      threads.enter(SECOND);
      pause(30);
      const [short, long] = await threads.rest();
      expect(short?.map(({ phase }) => phase)).toEqual([FIRST, SECOND]);
      expect(long?.map(({ phase }) => phase)).toEqual([SECOND]);
      const reads = phaseOf(long, SECOND);
      // All 100 keys that are overwritten, and those that are not.
      expect(reads.keysRead).toBe(150 * reads.reads);
      expect(reads).toMatchObject({ wrong: 0 });
      expect(reads.reads).toBeGreaterThan(0);
      expect(reads.p99Ns).toBeLessThanOrEqual(reads.maxNs);
      expect(reads.busySeconds).toBeLessThanOrEqual(reads.seconds);
      expect(() => phaseOf(long, FIRST)).toThrow(/no phase 1/);
    }
    expect(await threads.rest()).toEqual([[], []]);
    await threads.stop();
  });

  it('keeps to a rate', async () => {
    threads = await ReadingThreads.start(store.share(), [{ ...SHORT, readsPerSecond: 1000 }]);
    threads.enter(FIRST);
    pause(200);
    const [reads] = await threads.rest();
    const { reads: count, seconds } = phaseOf(reads, FIRST);
    expect(count / seconds).toBeLessThan(1100);
  });

  it('counts reads that find less than they should', async () => {
    const more = { ...LONG, parameters: { standingKeys: 60 } };
    threads = await ReadingThreads.start(store.share(), [more]);
    threads.enter(SECOND);
    pause(20);
    const { wrong, reads } = phaseOf((await threads.rest())[0], SECOND);
    expect(wrong).toBe(reads);
  });

  it('rejects where a thread cannot attach or ends in the middle', async () => {
    const elsewhere = { ...SHORT, parameters: { standingKeys: -1 } };
    await expect(ReadingThreads.start(store.share(), [SHORT, elsewhere])).rejects.toThrow(
      /standingKeys/,
    );
    threads = await ReadingThreads.start(store.share(), [SHORT]);
    await threads.kill();
    await expect(threads.rest()).rejects.toThrow(/ended before/);
  });
});
