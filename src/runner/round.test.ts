// Real rounds on a small synthesized file: every measured round starts from the same bytes (the
// whole file is hashed) and from equal allocated blocks, whichever arm ran before, and reads nothing
// for undo inside the measured job.

import { statSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { checkDb, nodeVfs, Random, type FreelistKind } from '../../engine/index.ts';
import { RECIPES } from '../../workloads/index.ts';
import { synthesize } from '../targets/aged-db.ts';
import { fileDigest } from '../testing/file-digest.ts';
import { testFolder } from '../testing/test-folder.ts';
import { runRound, type RoundRequest, type RoundResult } from './round.ts';

const SEED = 20261122;
const DB_BYTES = 64e6;
const ROUNDS = 3;
const ARMS: readonly FreelistKind[] = ['array', 'hashmap'];

const folder = testFolder('round');

interface Start {
  readonly sha256: string;
  readonly size: number;
  readonly blocks: number;
}

interface Measured {
  readonly arm: FreelistKind;
  readonly start: Start;
  readonly result: RoundResult;
}

function startOf(path: string): Start {
  const { size, blocks } = statSync(path);
  return { sha256: fileDigest(path), size, blocks };
}

function request(path: string, freelist: FreelistKind): RoundRequest {
  const journals = ARMS.map((arm) => `${path}.${arm}.undo`);
  return {
    path,
    freelist,
    syncFreelist: false,
    job: { valueBytes: 10_000, putsPerCommit: 100, commits: 3, warmUpCommits: 1 },
    seed: SEED,
    journal: `${path}.${freelist}.undo`,
    journals,
  };
}

describe.each(RECIPES)('rounds on $name', (recipe) => {
  const path = join(folder, `${recipe.name}.db`);
  const measured: Measured[] = [];
  let laidOut: Start;
  let rehearsals: RoundResult[] = [];

  beforeAll(async () => {
    const signal = new AbortController().signal;
    const onProgress = (): void => undefined;
    await synthesize({ path, recipe, dbBytes: DB_BYTES, seed: SEED, signal, onProgress });
    laidOut = startOf(path);
    rehearsals = ARMS.map((arm) => runRound(request(path, arm)));
    const order = Array.from({ length: ROUNDS }, () => [...ARMS]).flat();
    new Random(SEED).shuffle(order);
    for (const arm of order) {
      measured.push({ arm, start: startOf(path), result: runRound(request(path, arm)) });
    }
  });
  afterAll(() => {
    for (const name of [path, ...ARMS.map((arm) => `${path}.${arm}.undo`)]) nodeVfs.remove(name);
  });

  it('rehearsals capture the pages that the job overwrites', () => {
    for (const { capturedPages } of rehearsals) expect(capturedPages).toBeGreaterThan(10);
  });

  it('each starts from the same bytes as the file that was laid out', () => {
    expect(measured).toHaveLength(ROUNDS * ARMS.length);
    for (const { start } of measured) {
      expect(start.sha256).toBe(laidOut.sha256);
      expect(start.size).toBe(laidOut.size);
    }
    expect(fileDigest(path)).toBe(laidOut.sha256);
    expect(checkDb(nodeVfs, path)).toMatchObject({ ok: true });
  });

  it('each starts from equal allocated blocks, and none reads pages for undo', () => {
    const blocks = measured.map(({ start }) => start.blocks);
    const least = Math.min(...blocks);
    expect(Math.max(...blocks) - least).toBeLessThanOrEqual(0.01 * least);
    for (const { result } of measured) expect(result.capturedPages).toBe(0);
  });

  it('each reports the state that it found', () => {
    const [first] = measured;
    for (const { start, result } of measured) {
      expect(result.state.dbBytes).toBe(start.size);
      expect(result.state.allocatedBytes).toBe(start.blocks * 512);
      expect(result.state.digest).toBe(first?.result.state.digest);
      expect(result.state.freePages).toBe(first?.result.state.freePages);
    }
  });

  it('counts repeat exactly within an arm, and the setting is read back', () => {
    for (const arm of ARMS) {
      const own = measured.filter((one) => one.arm === arm);
      expect(own).toHaveLength(ROUNDS);
      for (const { result } of own) {
        expect(result.settings['freelist']).toBe(arm);
        expect(result.job.counts).toEqual(own[0]?.result.job.counts);
        expect(result.job.puts).toBe(300);
        expect(result.job.commitNs.n).toBe(3);
        // Two syncs a commit, whatever the disk does with them.
        expect(result.job.counts.syncs).toBe(6);
      }
    }
  });

  it('phases add up to the completion time', () => {
    for (const { result } of measured) {
      const { put, spill, release, freelist, write, sync } = result.job.phases;
      const sum = put + spill + release + write + sync;
      expect(Math.abs(sum / result.job.completionSeconds - 1)).toBeLessThan(0.01);
      expect(freelist).toBeLessThanOrEqual(spill);
      expect(Math.min(put, spill, release, freelist, write, sync)).toBeGreaterThanOrEqual(0);
    }
  });
});
