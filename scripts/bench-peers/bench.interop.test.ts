// Every row once, tiny, beside real bbolt: our side runs in this process, bbolt in its own. What is
// held is that both sides did the same work and that no row is missing; the figures mean nothing.

import { readdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import { beforeAll, expect, it } from 'vitest';
import { describeWithPeers } from '../../engine/testing/peers.ts';
import { WorkFolder } from '../../src/record/run-folder.ts';
import { runRound } from '../../src/runner/round.ts';
import { besideBboltPeer } from '../../src/targets/bbolt-peer.ts';
import { testFolder } from '../../src/testing/test-folder.ts';
import { runBench, type BenchResult } from './bench.ts';
import type { Bench, Peer } from './context.ts';
import { runLoad } from './our-load.ts';
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
};
const folder = testFolder('peers');

function benchWith(metered: string, part: Partial<Bench> = {}): Bench {
  const { plain = metered, newest } = besideBboltPeer(metered);
  const oldest: Peer = { version: '1.3.6', plain, metered };
  return {
    peers:
      newest === undefined
        ? [oldest]
        : [oldest, { version: 'newest', plain: newest, metered: undefined }],
    work: new WorkFolder(join(folder, 'all')),
    scale: TINY,
    seed: 3,
    signal: new AbortController().signal,
    note: () => undefined,
    runOurs: (request) => Promise.resolve(runLoad(request)),
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

  it('did the same work on all sides', () => {
    expect(result.checks.filter((check) => !check.ok)).toEqual([]);
    expect(result.checks.length).toBeGreaterThanOrEqual(17);
    expect(result.calibration?.probesPerAllocationOurs).toBeCloseTo(
      result.calibration?.probesPerAllocationPeer ?? NaN,
    );
  });

  it('has every row for each peer that knows it', () => {
    for (const { name } of ROWS) {
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
