// etcd's own storage through its door: the puts it makes are those of the formula, by etcd's own hash
// of every revision, computed here a second time from the bytes; the other commands do the work they
// report; two etcds agree.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { crc32c } from '@node-rs/crc32';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { describeWithPeers } from '../../engine/testing/peers.ts';
import {
  etcdMvccVersion,
  EtcdWork,
  newestBesideEtcdMvccPeer,
  runEtcdBeside,
  runEtcdCompact,
  runEtcdLeases,
  runEtcdPuts,
  runEtcdReads,
  type EtcdPeerCall,
  type EtcdPutsRequest,
} from './etcd-mvcc-peer.ts';

const { signal } = new AbortController();
let folder = '';
let files = 0;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'kvtune-etcd-mvcc-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function callOf(peer: string): EtcdPeerCall {
  return { peer, path: join(folder, `${files++}.db`), signal };
}

function varint(value: number): number[] {
  return value < 128 ? [value] : [(value % 128) + 128, ...varint(Math.floor(value / 128))];
}

/** etcd's KeyValue message; numbers and bytes that are 0 or empty are left out. */
function keyValue(
  key: Uint8Array,
  revisions: { created: number; modified: number; version: number },
  value: Uint8Array,
): Buffer {
  const number = (field: number, of: number): Buffer => Buffer.from([field * 8, ...varint(of)]);
  const bytes = (field: number, of: Uint8Array): Buffer =>
    Buffer.concat([Buffer.from([field * 8 + 2, ...varint(of.length)]), of]);
  return Buffer.concat([
    bytes(1, key),
    number(2, revisions.created),
    number(3, revisions.modified),
    number(4, revisions.version),
    ...(value.length === 0 ? [] : [bytes(5, value)]),
  ]);
}

/** Hash and number of keys of a store that was given the request's puts, one revision each. */
function expected(request: EtcdPutsRequest): { hash: number; keys: number; revision: number } {
  const work = new EtcdWork(request);
  const puts = (request.preload ?? 0) + request.puts;
  const seen = new Map<number, { created: number; version: number }>();
  let hash = crc32c('key');
  for (let modified = 2; modified < puts + 2; modified++) {
    const { index, value } = work.next();
    const { created, version } = seen.get(index) ?? { created: modified, version: 0 };
    seen.set(index, { created, version: version + 1 });
    const revision = Buffer.alloc(17);
    revision.writeBigUInt64BE(BigInt(modified));
    revision.write('_', 8);
    hash = crc32c(revision, hash);
    const revisions = { created, modified, version: version + 1 };
    hash = crc32c(keyValue(Buffer.from(work.key(index)), revisions, value), hash);
  }
  return { hash, keys: seen.size, revision: puts + 1 };
}

describeWithPeers("etcd's own storage", ['etcdmvccpeer'], ([path]) => {
  const peer = path ?? '';

  it.each<EtcdPutsRequest>([
    { keys: 40, puts: 100, preload: 25, order: 'random', keyBytes: 30, valueBytes: 300, seed: 77 },
    { keys: 1000, puts: 500, preload: 900, batchLimit: 100, seed: 2 ** 40 },
    { keys: 3, puts: 5, valueBytes: 0, keyBytes: 10, seed: 0 },
  ])('puts the bytes of the formula: $keys keys, seed $seed', async (request) => {
    const answer = await runEtcdPuts(callOf(peer), request);
    expect(answer.end).toMatchObject(expected(request));
    expect(answer.work).toMatchObject(
      Object.fromEntries(Object.entries(request).filter(([field]) => field !== 'batchLimit')),
    );
    expect(answer.settings.batchLimit).toBe(request.batchLimit ?? 10_000);
    expect(answer.settings).toMatchObject({ sync: true, freelist: 'hashmap', syncFreelist: false });
    expect(answer.putsPerSecond).toBeCloseTo(request.puts / answer.cost.seconds, 3);
  });

  it('agrees with the newer etcd', async () => {
    const newest = newestBesideEtcdMvccPeer(peer);
    if (newest === undefined) {
      process.stderr.write('skipped: only one etcd was built; scripts/peers/build.sh says why\n');
      expect(process.env['KVTUNE_REQUIRE_PEERS']).not.toBe('1');
      return;
    }
    const request = { keys: 50, puts: 200, order: 'random' } as const;
    const [older, newer] = [
      await runEtcdPuts(callOf(peer), request),
      await runEtcdPuts(callOf(newest), request),
    ];
    expect(newer.end.hash).toBe(older.end.hash);
    const versions = await Promise.all([peer, newest].map((each) => etcdMvccVersion(each, signal)));
    expect(versions.map(({ etcd }) => etcd)).toEqual([older.etcd, newer.etcd]);
    expect(older.etcd).toMatch(/^3\.5\./);
    expect(newer.etcd).not.toBe(older.etcd);
  });

  it('reads what it says, at both levels and in every mode', async () => {
    const shape = { keys: 300, pending: 20, everPending: 40, readsPerTx: 4 };
    for (const level of ['backend', 'kv'] as const) {
      for (const mode of ['readtx', 'concurrent', 'concurrent-cached'] as const) {
        const request = { ...shape, level, mode, repetitions: 10, blocks: 2 };
        const answer = await runEtcdReads(callOf(peer), request);
        expect(answer.keysRead).toBe(4 * 10 * 2);
        expect(answer.blockNsPerTransaction).toHaveLength(2);
        expect(answer.nsPerKey).toBeCloseTo(answer.nsPerTransaction / 4, 3);
        expect(answer.end.revision).toBe(1 + 300 + 40 + 20);
      }
    }
  });

  it('puts beside ranges, compacts, and keeps leases', async () => {
    const beside = await runEtcdBeside(callOf(peer), {
      ...{ keys: 2000, rangeKeys: 1000, rangePauseMs: 1, seconds: 0.2, mode: 'concurrent' },
      putRate: 500,
    });
    expect(beside.keysRead).toBe(1000 * beside.range.count);
    expect(beside.range.count).toBeGreaterThan(0);
    expect(beside.latency.count).toBeLessThanOrEqual(101);
    expect(beside.end.revision).toBe(1 + 2000 + beside.latency.count);

    const compact = { keys: 500, versions: 3, beforeMs: 20, putRate: 500 };
    const compacted = await runEtcdCompact(callOf(peer), compact);
    expect(compacted.keysRemoved).toBe(1000);
    expect(compacted.end.keys).toBe(500);

    const leases = await runEtcdLeases(callOf(peer), { leases: 200, due: 5, idleTicks: 1 });
    expect(leases).toMatchObject({ expired: 5, leasesAtTheEnd: 200 });
  });

  it('refuses a file that is there, in one line', async () => {
    const call = callOf(peer);
    await runEtcdPuts(call, { keys: 1, puts: 1 });
    await expect(runEtcdPuts(call, { keys: 1, puts: 1 })).rejects.toThrow(
      /^etcdmvccpeer: .*is there already; puts makes a new file$/,
    );
  });
});
