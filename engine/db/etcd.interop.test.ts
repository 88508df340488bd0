// Interoperation with a real etcd: it and we keep each other out of a file, and what it wrote opens
// here with the same answers. Loopback only; the member is ended by its process id.

import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, renameSync, rmSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { hashOfDb } from '../testing/canonical-hash.ts';
import { describeWithPeers } from '../testing/peers.ts';
import { bytesOf } from '../testing/model.ts';
import { nodeVfs } from '../vfs/node-vfs.ts';
import { checkDb } from './check.ts';
import { compactSteps } from './compact.ts';
import { Db } from './db.ts';

const PUTS = 300;
const START_MS_MAX = 20_000;

describeWithPeers('a file of a real etcd', ['etcd', 'etcdctl'], ([etcd = '', etcdctl = '']) => {
  const folder = mkdtempSync(join(tmpdir(), 'kvtune-etcd-'));
  const path = join(folder, 'data', 'member', 'snap', 'db');
  let member: ChildProcess | undefined;

  const start = async (): Promise<string> => {
    const [client, peer] = await Promise.all([freePort(), freePort()]);
    const clientUrl = `http://127.0.0.1:${client}`;
    const peerUrl = `http://127.0.0.1:${peer}`;
    member = spawn(
      etcd,
      [
        ...['--data-dir', join(folder, 'data'), '--name', 'one', '--log-level', 'error'],
        ...['--listen-client-urls', clientUrl, '--advertise-client-urls', clientUrl],
        ...['--listen-peer-urls', peerUrl, '--initial-advertise-peer-urls', peerUrl],
        ...['--initial-cluster', `one=${peerUrl}`],
      ],
      { stdio: 'ignore' },
    );
    for (let waited = 0; ctl(etcdctl, clientUrl, 'endpoint', 'health') !== 0; waited += 200) {
      if (waited > START_MS_MAX) throw new Error('etcd did not become healthy');
      await sleep(200);
    }
    return clientUrl;
  };
  const stop = async (): Promise<void> => {
    if (member?.exitCode !== null || member.signalCode !== null) return;
    const ended = once(member, 'exit');
    member.kill('SIGTERM');
    await ended;
  };

  beforeAll(async () => {
    const url = await start();
    for (let i = 0; i < PUTS; i++) {
      expect(ctl(etcdctl, url, 'put', `k${i % 50}`, `value ${i} `.repeat(i % 40))).toBe(0);
    }
  }, 120_000);
  afterAll(async () => {
    await stop();
    rmSync(folder, { recursive: true, force: true });
  });

  it('is refused while etcd runs, for writing and for reading', () => {
    expect(() => Db.open(path)).toThrow(expect.objectContaining({ code: 'LOCKED' }));
    expect(() => Db.open(path, { readOnly: true })).toThrow(
      expect.objectContaining({ code: 'LOCKED' }),
    );
    expect(() => checkDb(nodeVfs, path)).toThrow(expect.objectContaining({ code: 'LOCKED' }));
  });

  it('opens here once etcd has stopped: every revision is there, and the check is clean', async () => {
    await stop();
    expect(checkDb(nodeVfs, path)).toMatchObject({ ok: true, faults: [] });
    const db = Db.open(path);
    db.read((tx) => {
      const cursor = tx.bucket(bytesOf('key'))?.cursor();
      let revisions = 0;
      for (let there = cursor?.first(); there === true; there = cursor?.next()) revisions++;
      expect(revisions).toBe(PUTS);
      expect(tx.bucket(bytesOf('meta'))?.get(bytesOf('consistent_index'))).toHaveLength(8);
    });
    db.close();
  });

  it('keeps etcd out while it is open here, and etcd goes on with it afterwards', async () => {
    const db = Db.open(path);
    db.write((tx) => {
      tx.ensureBucket(bytesOf('kvtune-test')).put(bytesOf('k'), new Uint8Array(10_000));
      tx.deleteBucket(bytesOf('kvtune-test'));
    });
    await expect(Promise.race([start(), sleep(2500).then(() => 'still waiting')])).resolves.toBe(
      'still waiting',
    );
    db.close();
    await sleep(200);
    await stop();
    const url = await start();
    expect(read(etcdctl, url, 'k49')).toBe(`value 299 `.repeat(299 % 40).trim());
  }, 60_000);

  it('compacted here holds the same, and etcd goes on with the copy in its place', async () => {
    await stop();
    const copy = join(folder, 'compact.db');
    const steps = compactSteps({ source: path, target: copy, fillPercent: 0.9 });
    let step = steps.next();
    while (step.done !== true) step = steps.next();
    expect(step.value.targetBytes).toBeLessThan(step.value.sourceBytes);
    const hashes = [path, copy].map((file) => {
      const db = Db.open(file, { readOnly: true });
      const { hash } = hashOfDb(db);
      db.close();
      return hash;
    });
    expect(hashes[0]).toBe(hashes[1]);
    expect(step.value.hash).toBe(hashes[0]);
    renameSync(copy, path);
    const url = await start();
    expect(ctl(etcdctl, url, 'put', 'k49', 'written after the compaction')).toBe(0);
    expect(ctl(etcdctl, url, 'del', '--prefix', 'k1')).toBe(0);
    expect(read(etcdctl, url, 'k48')).toBe('value 298 '.repeat(298 % 40).trim());
    expect(read(etcdctl, url, 'k49')).toBe('written after the compaction');
    await stop();
    expect(checkDb(nodeVfs, path)).toMatchObject({ ok: true, faults: [] });
  }, 60_000);
});

function read(program: string, url: string, key: string): string {
  return spawnSync(program, ['--endpoints', url, 'get', key, '--print-value-only'], {
    encoding: 'utf8',
    env: { ...process.env, ETCDCTL_API: '3' },
  }).stdout.trim();
}

function ctl(program: string, url: string, ...args: string[]): number | null {
  return spawnSync(program, ['--endpoints', url, '--command-timeout', '2s', ...args], {
    stdio: 'ignore',
    env: { ...process.env, ETCDCTL_API: '3' },
  }).status;
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}
