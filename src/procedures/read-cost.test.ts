// Single reads timed here and, where its harness is built, in etcd's own storage, on equal work; and etcd's puts
// beside ranges.

import { expect, it } from 'vitest';
import { describeWithPeers } from '../../engine/testing/peers.ts';
import { testFolder } from '../testing/test-folder.ts';
import { etcdBeside } from './etcd-beside.ts';
import { readCost } from './read-cost.ts';
import { runArm } from './testing/run-arm.ts';
import { withPeer } from './testing/with-peer.ts';

const base = testFolder('read-cost');
const FACTORS = { readKeys: 10, pendingPuts: 50 };

it.each(['global', 'copy'])('times single reads with %s', async (readLock) => {
  const { slices } = await runArm(readCost, { base, asked: { ...FACTORS, readLock } });
  for (const { figures, settings, series = {}, warnings } of slices) {
    expect(warnings).toEqual([]);
    expect(settings).toMatchObject({ readLock, keys: 20_000 });
    expect(figures['transactionUs']).toBeGreaterThan(0);
    // A message is the value of 1 kB, the key of 256 B, and some bytes more.
    expect(figures['bytesPerKey']).toBeGreaterThan(1280);
    expect(figures['bytesPerKey']).toBeLessThan(1320);
    expect(series['blockUsPerTransaction']).toHaveLength(7);
  }
});

it('refuses a lock that there is not', async () => {
  const asked = { ...FACTORS, readLock: 'rcu' };
  await expect(runArm(readCost, { base, asked })).rejects.toThrow("readLock 'rcu' is not");
});

describeWithPeers('read-cost, etcd', ['etcdmvccpeer'], ([peer = '']) => {
  withPeer('KVTUNE_ETCDMVCCPEER', peer);

  it.each(['readtx', 'concurrent'])('times the same reads with %s', async (transaction) => {
    const asked = { ...FACTORS, transaction };
    const theirs = await runArm(readCost, { base, asked, target: 'etcd-mvcc' });
    const ours = await runArm(readCost, { base, asked: { ...FACTORS, readLock: 'copy' } });
    for (const { settings, figures } of theirs.slices) {
      expect(settings['etcd']).toMatch(/^3\./);
      expect(settings['transaction']).toBe(transaction);
      expect(figures['transactionUs']).toBeGreaterThan(0);
      // Revisions are a byte longer or shorter in one than in the other by what was drawn.
      const own = ours.slices[0]?.figures['bytesPerKey'] ?? 0;
      expect(Math.abs((figures['bytesPerKey'] ?? 0) - own)).toBeLessThan(0.5);
    }
  });

  it.each(['shared', 'concurrent'])('puts beside its ranges with %s', async (transaction) => {
    const asked = { standingKeys: 300, seconds: 0.3, transaction };
    const { slices } = await runArm(etcdBeside, { base, asked, target: 'etcd-mvcc' });
    for (const { settings, figures } of slices) {
      expect(settings['transaction']).toBe(transaction);
      expect(figures['puts']).toBeGreaterThan(0);
      expect(figures['longReads']).toBeGreaterThan(0);
    }
  });
});
