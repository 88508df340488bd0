// Files that go from our store to etcd and back: a snapshot of ours is one for etcdctl, and a real etcd that
// was restored from it, or a store of ours on a file that etcd wrote, answers everything the same: keys at
// every revision, leases, hashes.

import { copyFileSync, existsSync, mkdirSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { crc32c } from '@node-rs/crc32';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { leaseId } from '../base/ids.ts';
import { Random } from '../base/random.ts';
import { Db } from '../db/db.ts';
import { codeOfAnswer, toEtcd, type Operation } from '../testing/etcd-language.ts';
import { EtcdMember, runEtcdctl, type EtcdPrograms, type Json } from '../testing/etcd-member.ts';
import { describeWithPeers } from '../testing/peers.ts';
import { stateOfMember, stateOfStore } from '../testing/plain-state.ts';
import { RandomHistory } from '../testing/random-history.ts';
import { runSteps, snapshotSteps } from './maintenance.ts';
import { Store } from './store.ts';

const SEED = Number(process.env['KVTUNE_SEED'] ?? 7);
const OPERATIONS = 600;
const SMALL = { indexBytes: 16 * 1024 ** 2, segmentBytes: 1024 ** 2, compactionPauseMs: 0 };
const SHA256_BYTES = 32;
const TIMEOUT_MS = 60_000;

describeWithPeers(`beside etcd, seed ${SEED}`, ['etcd', 'etcdctl'], ([etcd = '', etcdctl = '']) => {
  const programs: EtcdPrograms = { etcd, etcdctl };
  const folder = mkdtempSync(join(tmpdir(), 'kvtune-snapshot-'));
  const path = (...names: string[]): string => join(folder, ...names);
  let store: Store;

  beforeAll(() => {
    store = Store.open(path('store'), SMALL);
    liveInStore(store, new Random(SEED));
  });
  afterAll(() => {
    store.close();
    rmSync(folder, { recursive: true, force: true });
  });

  function snapshot(name: string): string {
    runSteps(snapshotSteps(store, path(name)));
    return path(name);
  }

  it('a snapshot passes etcdctl snapshot status', () => {
    const file = snapshot('for-status');
    const printed = runEtcdctl(etcdctl, 'snapshot', 'status', file, '-w', 'json');
    const { hash, totalKey } = digest(file);
    expect(JSON.parse(printed)).toEqual({
      ...{ hash, totalKey, revision: store.revision },
      totalSize: statSync(file).size - SHA256_BYTES,
    });
  });

  it('one that was damaged does not pass etcdctl snapshot restore', () => {
    const file = snapshot('damaged');
    const db = Db.open(file);
    db.write((tx) => {
      tx.ensureBucket(Uint8Array.of(1));
    });
    db.close();
    expect(() => EtcdMember.restore(programs, file, path('never'))).toThrow(/sha256/);
  });

  it(
    'an etcd restored from one answers the same, and its file opens here',
    { timeout: TIMEOUT_MS },
    async () => {
      const expected = stateOfStore(store);
      expect(Object.keys(expected.leases).length).toBeGreaterThan(1);
      expect(Object.values(expected.leases).some(({ keys }) => keys.length > 0)).toBe(true);
      expect(Object.keys(expected.ranges).length).toBeGreaterThan(10);
      EtcdMember.restore(programs, snapshot('for-restore'), path('restored'));
      const compacted = store.stats().compacted;
      const member = await EtcdMember.start(programs, path('restored'));
      let later;
      try {
        expect(await stateOfMember(member, compacted)).toEqual(expected);
        const history = new RandomHistory(new Random(SEED + 1));
        history.revision = expected.revision;
        history.compacted = compacted;
        await liveInMember(member, history, 100);
        later = await stateOfMember(member, history.compacted);
      } finally {
        await member.stop();
      }
      expect(later.revision).toBeGreaterThan(expected.revision);
      const back = openCopy(path('restored'), path('back'));
      expect(stateOfStore(back)).toEqual(later);
      back.close();
    },
  );

  it('a compaction that is under way goes on in etcd', { timeout: TIMEOUT_MS }, async () => {
    const other = Store.open(path('compacting'), { ...SMALL, compactionBatch: 2 });
    for (let i = 0; i < 40; i++) await other.request(put(`key ${i % 5}`, `${i}`));
    await other.request({ kind: 'compact', revision: 30 });
    for (let i = 0; i < 3; i++) other.tick();
    expect(other.mvcc.compaction).toBeDefined();
    runSteps(snapshotSteps(other, path('half')));
    const expected = stateOfStore(other);
    other.close();
    EtcdMember.restore(programs, path('half'), path('restored-half'));
    const member = await EtcdMember.start(programs, path('restored-half'));
    try {
      expect(await stateOfMember(member, 30)).toEqual(expected);
      const gone = await member.post(
        ...pathAndBody({ kind: 'range', range: { key: KEY, revision: 29 } }),
      );
      expect(codeOfAnswer(gone)).toBe('COMPACTED');
    } finally {
      await member.stop();
    }
  });

  it(
    'a file that etcd wrote opens here with the same answers',
    { timeout: TIMEOUT_MS },
    async () => {
      const member = await EtcdMember.start(programs, path('etcd'));
      let expected;
      try {
        const history = new RandomHistory(new Random(SEED + 2));
        await liveInMember(member, history, OPERATIONS);
        expect(history.compacted).toBeGreaterThan(1);
        expected = await stateOfMember(member, history.compacted);
      } finally {
        await member.stop();
      }
      expect(Object.values(expected.leases).some(({ keys }) => keys.length > 0)).toBe(true);
      let ours = openCopy(path('etcd'), path('ours'));
      expect(stateOfStore(ours)).toEqual(expected);
      // Taken over, it is a store like any other.
      const { revision } = await ours.request(put('a', 'written here'));
      expect(revision).toBe(expected.revision + 1);
      ours.close();
      ours = Store.open(path('ours'), SMALL);
      expect(ours.revision).toBe(revision);
      ours.close();
    },
  );
});

const KEY = Uint8Array.of(97);

function put(key: string, value: string, lease = 0n): Operation & { kind: 'put' } {
  return {
    ...{ kind: 'put', key: Buffer.from(key), value: Buffer.from(value), lease: leaseId(lease) },
    ...{ prevKv: false, ignoreValue: false, ignoreLease: false },
  };
}

function pathAndBody(operation: Operation): [string, Json] {
  const { path, body } = toEtcd(operation);
  return [path, body];
}

/** A random history, then leases with keys, and a put as the last revision. */
function liveInStore(store: Store, random: Random): void {
  const history = new RandomHistory(random);
  const ask = (operation: Operation): boolean => {
    let done = false;
    if (operation.kind === 'range') return true;
    store.submit(operation, (error) => {
      done = error === undefined;
    });
    store.flush();
    while (store.tick());
    return done;
  };
  for (let i = 0; i < OPERATIONS; i++) {
    const operation = history.next();
    if (ask(operation) && operation.kind === 'compact') history.compacted = operation.revision;
    history.revision = store.revision;
    if (i % 50 === 0) store.commit();
  }
  for (const id of [21n, 22n]) ask({ kind: 'leaseGrant', id: leaseId(id), ttlSeconds: 5000 });
  for (const key of ['l1', 'l2', 'l3']) ask(put(key, key, 21n));
  ask(put('last', 'one'));
}

/** The same in etcd. */
async function liveInMember(
  member: EtcdMember,
  history: RandomHistory,
  operations: number,
): Promise<void> {
  const ask = async (operation: Operation): Promise<void> => {
    const answer = await member.post(...pathAndBody(operation));
    const header = answer['header'] as Json | undefined;
    if (header === undefined) return;
    history.revision = Number(header['revision']);
    if (operation.kind === 'compact') history.compacted = operation.revision;
  };
  for (let i = 0; i < operations; i++) await ask(history.next());
  for (const id of [31n, 32n]) await ask({ kind: 'leaseGrant', id: leaseId(id), ttlSeconds: 5000 });
  for (const key of ['m1', 'm2', 'm3']) await ask(put(key, key, 31n));
  await ask(put('last', 'two'));
}

/** A store of ours on a copy of the file of a member that was stopped. */
function openCopy(member: string, folder: string): Store {
  expect(existsSync(folder)).toBe(false);
  mkdirSync(folder);
  copyFileSync(EtcdMember.dbOf(member), join(folder, 'db'));
  return Store.open(folder, SMALL);
}

/** What etcdctl says of a snapshot: CRC-32C over the names of all buckets, their keys and values. */
function digest(file: string): { hash: number; totalKey: number } {
  const db = Db.open(file, { readOnly: true });
  let hash = 0;
  let totalKey = 0;
  db.read((tx) => {
    const buckets = tx.root.cursor();
    for (let there = buckets.first(); there; there = buckets.next()) {
      hash = crc32c(Buffer.from(buckets.key()), hash);
      const entries = tx.bucket(buckets.key())!.cursor();
      for (let some = entries.first(); some; some = entries.next()) {
        hash = crc32c(Buffer.from(entries.key()), hash);
        hash = crc32c(Buffer.from(entries.value()), hash);
        totalKey++;
      }
    }
  });
  db.close();
  return { hash, totalKey };
}
