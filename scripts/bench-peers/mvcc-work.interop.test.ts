// The storage of this engine and etcd's own, given the same puts: the same state by etcd's hash, in both
// orders, with commits on the way and without.

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { describeWithPeers } from '../../engine/testing/peers.ts';
import { systemClock } from '../../src/measure/clock.ts';
import { newestBesideEtcdMvccPeer, runEtcdPuts } from '../../src/targets/etcd-mvcc-peer.ts';
import { testFolder } from '../../src/testing/test-folder.ts';
import { putThroughMvcc, type MvccPutsRequest } from './mvcc-work.ts';

const folder = testFolder('mvcc-work');
let stores = 0;

function request(part: Partial<MvccPutsRequest>): MvccPutsRequest {
  return { folder: join(folder, `store-${stores++}`), keys: 700, puts: 2000, ...part };
}

it('reads back its settings, and counts the commits that fell into the measured time', () => {
  const asked = request({ batchLimit: 500, batchIntervalMs: 60_000 });
  const { settings, commitsInside, puts, seconds, end } = putThroughMvcc(asked, systemClock);
  expect(settings).toMatchObject({ batchLimit: 500, batchIntervalMs: 60_000 });
  expect(puts).toBe(2000);
  // Each commit also counts what the store stores of itself: four batches, or the last falls behind.
  expect(commitsInside).toBeGreaterThanOrEqual(3);
  expect(commitsInside).toBeLessThanOrEqual(4);
  expect(seconds).toBeGreaterThan(0);
  expect(end).toMatchObject({ revision: 2001, keys: 700 });
  expect(existsSync(asked.folder)).toBe(true);
});

describeWithPeers("the same puts in etcd's storage", ['etcdmvccpeer'], ([peer = '']) => {
  it.each([
    ['sequential', { order: 'sequential' }],
    ['random', { order: 'random' }],
    ['random after a preload', { order: 'random', preload: 300, batchLimit: 400 }],
  ] as const)('give the same state: %s', async (_name, part) => {
    const asked = request(part);
    const ours = putThroughMvcc(asked, systemClock);
    const { folder: path, ...etcd } = asked;
    const { signal } = new AbortController();
    for (const program of [peer, newestBesideEtcdMvccPeer(peer) ?? peer]) {
      const call = { peer: program, path: `${path}-${stores++}.db`, signal };
      const { end } = await runEtcdPuts(call, etcd);
      expect(ours.end).toEqual({ revision: end.revision, keys: end.keys, hash: end.hash });
    }
  });
});
