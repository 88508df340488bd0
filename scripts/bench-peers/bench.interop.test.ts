// Every row once, tiny, beside real bbolt and etcd's storage: our side runs in this process, theirs in
// its own. What is
// held is that both sides did the same work and that no row is missing; the figures mean nothing.

import { readdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import { beforeAll, expect, it } from 'vitest';
import { describeWithPeers } from '../../engine/testing/peers.ts';
import { WorkFolder } from '../../src/record/run-folder.ts';
import { runRound } from '../../src/runner/round.ts';
import { besideBboltPeer } from '../../src/targets/bbolt-peer.ts';
import { newestBesideEtcdMvccPeer } from '../../src/targets/etcd-mvcc-peer.ts';
import { testFolder } from '../../src/testing/test-folder.ts';
import { runBench, type BenchResult } from './bench.ts';
import type { Bench, Peer } from './context.ts';
import { runLoad } from './our-load.ts';
import { runMvcc } from './our-mvcc.ts';
import { ROWS, selectRows } from './rows.ts';
import type { Scale } from './scale.ts';

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
const ETCD_ROWS = ROWS.map(({ name }) => name).filter((name) => /^(mvcc|read)-/.test(name));
const folder = testFolder('peers');

function benchWith(metered: string, part: Partial<Bench> = {}): Bench {
  const { plain = metered, newest } = besideBboltPeer(metered);
  const oldest: Peer = { version: '1.3.6', plain, metered };
  return {
    peers:
      newest === undefined
        ? [oldest]
        : [oldest, { version: 'newest', plain: newest, metered: undefined }],
    etcds: [],
    work: new WorkFolder(join(folder, 'all')),
    scale: TINY,
    seed: 3,
    signal: new AbortController().signal,
    note: () => undefined,
    runOurs: (request) => Promise.resolve(runLoad(request)),
    runMvcc: (request) => Promise.resolve(runMvcc(request)),
    runRound: (request) => Promise.resolve(runRound(request)),
    ...part,
  };
}

describeWithPeers('all rows beside bbolt', ['bboltpeer'], ([metered = '']) => {
  let result: BenchResult;
  let peers: number;
  beforeAll(async () => {
    const bench = benchWith(metered);
    peers = bench.peers.length;
    result = await runBench(ROWS, bench);
  });

  it('leaves out the rows of etcd where there is none', () => {
    const names = new Set(result.rows.map(({ name }) => name));
    expect(ROWS.filter(({ name }) => !names.has(name)).map(({ name }) => name)).toEqual(ETCD_ROWS);
  });

  it('did the same work on all sides', () => {
    expect(result.checks.filter((check) => !check.ok)).toEqual([]);
    expect(result.checks.length).toBeGreaterThanOrEqual(17);
    expect(result.calibration?.probesPerAllocationOurs).toBeCloseTo(
      result.calibration?.probesPerAllocationPeer ?? NaN,
    );
  });

  it('has every row for each peer that knows it', () => {
    for (const { name } of ROWS.filter((row) => !ETCD_ROWS.includes(row.name))) {
      const found = result.rows.filter((row) => row.name === name);
      const counted = /^(freelist|probes)-/.test(name) ? 1 : peers;
      expect(found.length, name).toBe(counted);
      for (const row of found) {
        expect(row.ours, name).toBeGreaterThan(0);
        expect(row.ratio, name).toBeGreaterThan(0);
      }
    }
  });

  it('leaves no file of puts behind', () => {
    expect(readdirSync(join(folder, 'all')).filter((name) => name.startsWith('put-'))).toEqual([]);
  });

  it.each([
    ['scan', { checksum: 1 }, 'scan: what was read'],
    ['open-unsynced', { freePages: 1 }, 'open-unsynced: what was found'],
  ])('sees a side of %s that did something else', async (name, wrong, failing) => {
    const bench = benchWith(metered, {
      work: new WorkFolder(join(folder, name)),
      runOurs: (request) => Promise.resolve({ ...runLoad(request), ...wrong }),
    });
    const { checks } = await runBench(selectRows([name]).rows, bench);
    expect(checks.filter((check) => !check.ok).map((check) => check.name)).toEqual([failing]);
  });

  it('sees puts that are other ones, and other settings', async () => {
    const bench = benchWith(metered, {
      work: new WorkFolder(join(folder, 'put')),
      runOurs: (request) => {
        if (request.work !== 'put') throw new Error(`asked for ${basename(request.path)}`);
        // The pool cut at other places: every second value differs.
        return Promise.resolve(runLoad({ ...request, valueBytes: 128, fillPercent: 0.9 }));
      },
    });
    const { checks } = await runBench(selectRows(['put-random']).rows, bench);
    expect(checks.filter((check) => !check.ok).map((check) => check.name)).toEqual([
      'put-random: settings',
      'put-random: what was written',
    ]);
  });
});

describeWithPeers(
  "the rows beside etcd's storage",
  ['bboltpeer', 'etcdmvccpeer'],
  ([metered = '', etcd = '']) => {
    const newest = newestBesideEtcdMvccPeer(etcd);
    const etcds = [etcd, ...(newest === undefined ? [] : [newest])].map((program, i) => ({
      version: `v${i}`,
      program,
    }));

    it('are all there, of equal work', async () => {
      const work = new WorkFolder(join(folder, 'mvcc'));
      const { rows, checks, conditions } = await runBench(
        selectRows(ETCD_ROWS).rows,
        benchWith(metered, { etcds, work }),
      );
      expect(checks.filter((check) => !check.ok)).toEqual([]);
      expect(checks).toHaveLength(2 * ETCD_ROWS.length);
      expect(rows.map(({ name, peerVersion }) => `${name} ${peerVersion}`)).toEqual(
        ETCD_ROWS.flatMap((name) => etcds.map(({ version }) => `${name} etcd ${version}`)),
      );
      for (const row of rows) expect(row.ratio, row.name).toBeGreaterThan(0);
      expect(conditions[0]?.settings).toContain('batchLimit 10000, batchIntervalMs 100');
      expect(readdirSync(work.path)).toEqual([]);
    });

    it('see a side that put something else, or with other settings', async () => {
      const bench = benchWith(metered, {
        etcds,
        work: new WorkFolder(join(folder, 'other-puts')),
        runMvcc: (request) =>
          Promise.resolve(
            runMvcc(
              request.work === 'mvcc-put' ? { ...request, seed: 77, batchLimit: 5 } : request,
            ),
          ),
      });
      const { checks } = await runBench(selectRows(['mvcc-put-random']).rows, bench);
      expect(checks.filter((check) => !check.ok).map((check) => check.name)).toEqual([
        'mvcc-put-random: what was done',
        'mvcc-put-random: settings',
      ]);
    });
  },
);
