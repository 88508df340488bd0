// Every row once, tiny, beside real bbolt and etcd's storage, as it is compiled. What is held is that both sides did
// the same work and that no row is missing; the figures mean nothing.

import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, expect, it } from 'vitest';
import { describeWithPeers } from '../../engine/testing/peers.ts';
import { WorkFolder } from '../../src/record/folder.ts';
import { besideBboltPeer } from '../../src/targets/bbolt-peer.ts';
import { newestBesideEtcdMvccPeer } from '../../src/targets/etcd-mvcc-peer.ts';
import { diskFolder } from '../../src/testing/test-folder.ts';
import type { BenchResult, runBench as RunBench } from './bench.ts';
import type { Bench, Peer } from './context.ts';
import { isMvcc, ROWS } from './rows.ts';
import type { Scale } from './scale.ts';

const DIST = new URL('../../dist/scripts/bench-peers/bench.js', import.meta.url).href;
const TINY: Scale = {
  pairs: 1,
  putKeys: 2500,
  putsPerCommit: 1000,
  singlePuts: 5,
  readKeys: 3000,
  scanPasses: 2,
  openPages: 3000,
  agedBytes: 64e6,
  agedCommits: 2,
  mvccPuts: 3000,
};
const BESIDE_BBOLT = ROWS.filter(({ measurement }) => !isMvcc(measurement));
const BESIDE_ETCD = ROWS.filter(({ measurement }) => isMvcc(measurement));
const folder = diskFolder('peers');
let runBench: typeof RunBench;

beforeAll(async () => {
  // Arms run in processes of their own, so in compiled code.
  ({ runBench } = (await import(DIST)) as { runBench: typeof RunBench });
});

function benchWith(name: string, metered: string, part: Partial<Bench> = {}): Bench {
  const { plain = metered, newest } = besideBboltPeer(metered);
  const oldest: Peer = { version: '1.3.6', plain, metered };
  const newer =
    newest === undefined ? [] : [{ version: 'newest', plain: newest, metered: undefined }];
  return {
    ...{ peers: [oldest, ...newer], etcds: [], work: new WorkFolder(join(folder, name)) },
    ...{ scale: TINY, seed: 3, signal: new AbortController().signal, note: () => undefined },
    ...part,
  };
}

describeWithPeers('all rows beside bbolt', ['bboltpeer'], ([metered = '']) => {
  let result: BenchResult;
  let bench: Bench;
  beforeAll(async () => {
    bench = benchWith('bbolt', metered);
    result = await runBench(ROWS, bench);
  }, 240_000);

  it('leaves out the rows of etcd where there is none', () => {
    const names = new Set(result.rows.map(({ name }) => name));
    expect([...names]).toEqual(BESIDE_BBOLT.map(({ name }) => name));
  });

  it('did the same work on all sides', () => {
    expect(result.checks.filter((check) => !check.ok)).toEqual([]);
    expect(result.checks.length).toBe(new Set(BESIDE_BBOLT.map((row) => row.measurement)).size);
    const [ours, peer] = result.baseline?.probes ?? [0, 1];
    expect(ours / peer).toBeCloseTo(1, 2);
  });

  it('has every row for each peer that knows it', () => {
    for (const { name, metered: counted } of BESIDE_BBOLT) {
      const found = result.rows.filter((row) => row.name === name);
      expect(found.length, name).toBe(counted ? 1 : bench.peers.length);
      for (const row of found) {
        expect(row.ours, name).toBeGreaterThan(0);
        expect(row.ratio, name).toBeGreaterThan(0);
      }
    }
  });

  it('says under which settings', () => {
    const puts = result.conditions.find(({ measurements }) => measurements.includes('put-random'));
    expect(puts?.settings).toMatch(/pageSize 4096.*freelist hashmap.*page cache of 256 MiB/);
    const aged = result.conditions.find(({ measurements }) => measurements.includes('aged-array'));
    expect(aged?.settings).toContain('a file of 0.1 GB, restored after each run');
  });

  it('leaves no file of an arm behind', () => {
    expect(readdirSync(bench.work.path).filter((name) => name.startsWith('arm-'))).toEqual([]);
  });
});

describeWithPeers(
  "the rows beside etcd's storage",
  ['bboltpeer', 'etcdmvccpeer'],
  ([metered = '', etcd = '']) => {
    it('are all there, of equal work', { timeout: 240_000 }, async () => {
      const newest = newestBesideEtcdMvccPeer(etcd);
      const etcds = [etcd, ...(newest === undefined ? [] : [newest])].map((program, i) => ({
        ...{ version: `v${String(i)}`, program },
      }));
      const bench = benchWith('etcd', metered, { etcds });
      const { rows, checks, conditions } = await runBench(BESIDE_ETCD, bench);
      expect(checks.filter((check) => !check.ok)).toEqual([]);
      expect(rows.map(({ name, peerVersion }) => `${name} ${peerVersion}`)).toEqual(
        BESIDE_ETCD.flatMap(({ name }) => etcds.map(({ version }) => `${name} etcd ${version}`)),
      );
      for (const row of rows) expect(row.ratio, row.name).toBeGreaterThan(0);
      expect(conditions[0]?.settings).toContain('batchLimit 10000, batchIntervalMs 100');
    });
  },
);
