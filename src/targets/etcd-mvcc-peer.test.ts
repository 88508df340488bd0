// The door to etcd's storage without it: command lines, refused answers and errors, by a program that
// prints what it is told; and the formula of keys and values.

import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Random } from '../../engine/index.ts';
import {
  etcdMvccVersion,
  EtcdWork,
  findEtcdMvccPeer,
  newestBesideEtcdMvccPeer,
  runEtcdBeside,
  runEtcdPuts,
} from './etcd-mvcc-peer.ts';

const { signal } = new AbortController();
let folder = '';

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'kvtune-etcd-mvcc-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** A program that notes its arguments, one a line, and runs `script`. */
function program(script: string, name = 'peer'): { peer: string; args: () => string[] } {
  const peer = join(folder, name);
  writeFileSync(peer, `#!/bin/sh\nprintf '%s\\n' "$@" > '${peer}.args'\n${script}\n`);
  chmodSync(peer, 0o700);
  return { peer, args: () => readFileSync(`${peer}.args`, 'utf8').trim().split('\n') };
}

describe('etcd-mvcc-peer', () => {
  it('turns fields into flags, times into durations, and leaves out what is not said', async () => {
    const { peer, args } = program(`echo '{}'`);
    const call = { peer, path: 'file', signal };
    const request = { keys: 10, rangeKeys: 5, rangePauseMs: 2.5, seconds: 1 } as const;
    await expect(
      runEtcdBeside(call, { ...request, mode: 'shared', batchIntervalMs: 20, sync: false }),
    ).rejects.toThrow('putsPerSecond');
    expect(args()).toEqual([
      ...['beside', 'file', '--keys=10', '--range-keys=5', '--range-pause=2.5ms'],
      ...['--seconds=1', '--mode=shared', '--batch-interval=20ms', '--sync=false'],
    ]);
  });

  it('refuses an answer of another shape, and one that is no JSON', async () => {
    const call = { path: 'file', signal };
    const wrong = program(`echo '{"etcd":3,"bbolt":"1","go":"go1","processors":2}'`).peer;
    await expect(etcdMvccVersion(wrong, signal)).rejects.toThrow('expected string');
    const { peer } = program('echo sorry');
    await expect(runEtcdPuts({ ...call, peer }, { keys: 1, puts: 1 })).rejects.toThrow(SyntaxError);
  });

  it("passes the program's own line on when it fails", async () => {
    const { peer } = program('echo "etcdmvccpeer: --keys is 1 to 9, not 0" >&2; exit 2');
    const asked = runEtcdPuts({ peer, path: 'file', signal }, { keys: 0, puts: 1 });
    await expect(asked).rejects.toThrow(/^etcdmvccpeer: --keys is 1 to 9, not 0$/);
  });

  it('ends with its signal', async () => {
    const { peer } = program('exec sleep 20');
    const stop = new AbortController();
    const asked = etcdMvccVersion(peer, stop.signal);
    stop.abort();
    await expect(asked).rejects.toMatchObject({ name: 'AbortError' });
  });

  it('finds the program it is told of, and the newest beside it', () => {
    const { peer } = program('true', 'etcdmvccpeer');
    expect(findEtcdMvccPeer({ KVTUNE_ETCDMVCCPEER: peer })).toBe(peer);
    expect(findEtcdMvccPeer({ KVTUNE_ETCDMVCCPEER: join(folder, 'none') })).toBeUndefined();
    expect(newestBesideEtcdMvccPeer(peer)).toBeUndefined();
    const newest = program('true', 'etcdmvccpeer-newest').peer;
    expect(newestBesideEtcdMvccPeer(peer)).toBe(newest);
  });
});

describe('EtcdWork', () => {
  it('draws keys after the preload only, and counts the pool around', () => {
    const work = new EtcdWork({ keys: 7, puts: 400, preload: 3, order: 'random', seed: 4 });
    const draw = new Random(4);
    const pool = new Uint8Array(2 ** 20 + 256);
    new Random(5).fill(pool);
    for (let number = 0; number < 400; number++) {
      const { index, value } = work.next();
      expect(index).toBe(number < 3 ? number : draw.below(7));
      const from = (number * 4093) % 2 ** 20;
      expect(value).toEqual(pool.subarray(from, from + 256));
    }
  });

  it('makes keys of the length asked for that sort as their indexes', () => {
    const work = new EtcdWork({ keys: 100, puts: 1, keyBytes: 12 });
    expect([work.key(0), work.key(99)]).toEqual(['0000000000kk', '0000000099kk']);
  });
});
