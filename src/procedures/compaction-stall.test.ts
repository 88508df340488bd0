// Real slices, small: what is dropped can be counted, and a walk under one lock is one step. etcd's own
// compaction where its harness is built.

import { expect, it } from 'vitest';
import { describeWithPeers } from '../../engine/testing/peers.ts';
import { testFolder } from '../testing/test-folder.ts';
import { compactionStall } from './compaction-stall.ts';
import { etcdCompaction } from './etcd-compaction.ts';
import type { Slice } from './procedure.ts';
import { runArm } from './testing/run-arm.ts';
import { withPeer } from './testing/with-peer.ts';

const base = testFolder('compaction-stall');

it.each(['global', 'optimistic'])('compacts beside puts and reads with %s', async (indexLock) => {
  const asked = { keysMin: 10_000, keysMax: 30_000, sizes: 3, seconds: 0.2, indexLock };
  const { slices } = await runArm(compactionStall, { base, asked });
  for (const { figures, settings, series = {}, histograms = {}, warnings } of slices) {
    expect(warnings).toEqual([]);
    expect(settings).toMatchObject({ indexLock, durability: 'none', synced: false });
    // One revision of each key at least, two of those that were put to meanwhile.
    expect(figures['revisionsDropped']).toBeGreaterThanOrEqual(30_000);
    expect(figures['revisionsDropped']).toBeLessThanOrEqual(3 * 30_000);
    expect(figures['puts']).toBeGreaterThanOrEqual(500);
    expect(series['keys']).toEqual([10_000, 20_000, 30_000]);
    for (const name of ['putMaxMs', 'readMaxMs', 'stepMsMax']) {
      expect(series[name], name).toHaveLength(3);
      expect(Math.min(...(series[name] ?? [])), name).toBeGreaterThan(0);
      expect(series[name]?.at(-1), name).toBe(figures[name]);
    }
    expect(Object.keys(histograms)).toEqual(['put', 'beforePut', 'read', 'beforeRead']);
  }
});

it('has puts wait for the whole walk with global, and for a step with optimistic', async () => {
  const factors = { keysMin: 100_000, keysMax: 100_000, sizes: 1, seconds: 0.3 };
  const sliceOf = async (indexLock: string): Promise<Slice | undefined> => {
    const asked = { ...factors, indexLock };
    return (await runArm(compactionStall, { base, asked, slices: 1 })).slices[0];
  };
  const [global, optimistic] = [await sliceOf('global'), await sliceOf('optimistic')];
  const stepOf = (slice: Slice | undefined): number => slice?.figures['stepMsMax'] ?? Number.NaN;
  expect(global?.figures['putMaxMs']).toBeGreaterThan(0.9 * stepOf(global));
  expect(stepOf(global)).toBeGreaterThan(2 * stepOf(optimistic));
});

it('refuses a lock that there is not', async () => {
  const asked = { keysMin: 100, keysMax: 100, sizes: 1, seconds: 0.1, indexLock: 'tree' };
  await expect(runArm(compactionStall, { base, asked })).rejects.toThrow(/indexLock/);
});

describeWithPeers('etcd-compaction', ['etcdmvccpeer'], ([peer = '']) => {
  withPeer('KVTUNE_ETCDMVCCPEER', peer);

  it('walks its own index', async () => {
    const about = { base, asked: { keys: 2000 }, target: 'etcd-mvcc' };
    const { slices } = await runArm(etcdCompaction, about);
    for (const { figures, settings } of slices) {
      expect(settings['etcd']).toMatch(/^3\./);
      expect(settings['keys']).toBe(2000);
      expect(figures['puts']).toBeGreaterThan(0);
      expect(figures['walkMs']).toBeGreaterThanOrEqual(0);
    }
  });
});
