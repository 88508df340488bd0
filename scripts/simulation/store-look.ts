// Looks at an open store and compares it with a model: stateDifference() asks for what tells states
// apart, wholeDifference() for all there is: keys at every kind of revision through the index, each revision
// in the file byte by byte, leases and alarms as stored, the hash, and the soundness of the file.

import { assert } from '../../engine/base/assert.ts';
import { leaseId } from '../../engine/base/ids.ts';
import type { Random } from '../../engine/base/random.ts';
import { checkDb } from '../../engine/db/check.ts';
import { ALARM_BUCKET, KEY_BUCKET } from '../../engine/mvcc/buckets.ts';
import type { KeyValue } from '../../engine/mvcc/key-value.ts';
import { END_OF_KEYS } from '../../engine/mvcc/mvcc-reader.ts';
import { readLeases } from '../../engine/store/lease-records.ts';
import { keyspaceHashSteps, runSteps } from '../../engine/store/maintenance.ts';
import { ALARMS } from '../../engine/store/requests.ts';
import type { Store } from '../../engine/store/store.ts';
import type { MemoryVfs } from '../../engine/vfs/memory-vfs.ts';
import { textOf } from './model.ts';
import { hexOf, type ModelChange, type StoreModel } from './store-model.ts';

/** Keys of a lease that one step of its revocation deletes, in simulated histories. */
export const LEASE_KEYS_A_STEP = 3;

const FIRST_KEY = new Uint8Array(1);

/** What tells the store apart from the model, in words; all has to be committed. undefined: nothing. */
export function stateDifference(store: Store, model: StoreModel): string | undefined {
  const { revision, compacted } = store.mvcc;
  if (revision !== model.revision) return `the revision is ${revision}, not ${model.revision}`;
  if (compacted !== model.compacted) return `${compacted} was compacted, not ${model.compacted}`;
  const alarms = alarmsIn(store);
  const expected = [...model.alarms].sort().join();
  if (alarms !== expected) return `the alarms are '${alarms}', not '${expected}'`;
  const unlike = ALARMS.find((alarm) => store.alarms.has(alarm) !== model.alarms.has(alarm));
  if (unlike !== undefined) return `the alarm ${unlike} is another in memory than in the file`;
  return leasesDifference(store, model) ?? differenceAt(store, model, revision);
}

/** What differs, in words; undefined when nothing does. Finishes a compaction and commits. */
export function wholeDifference(
  store: Store,
  model: StoreModel,
  disk: MemoryVfs,
  random: Random,
): string | undefined {
  const { revision, compacted } = model;
  for (const at of [Math.max(1, compacted), random.between(Math.max(1, compacted), revision)]) {
    const difference = differenceAt(store, model, at);
    if (difference !== undefined) return difference;
  }
  store.mvcc.finishCompaction();
  const { hash } = runSteps(keyspaceHashSteps(store));
  if (hash !== model.hash()) return `the hash is ${hash}, not ${model.hash()}`;
  return (
    fileDifference(store, model) ?? leaseRecordDifference(store, model) ?? unsoundness(store, disk)
  );
}

function leasesDifference(store: Store, model: StoreModel): string | undefined {
  const ids = store.leases();
  if (ids.length !== model.leases.size) {
    return `there are ${ids.length} leases, not ${model.leases.size}`;
  }
  for (const id of ids) {
    const lease = model.leases.get(id);
    if (lease === undefined) return `lease ${id} is there`;
    const ttl = store.timeToLive(id)?.ttlSeconds;
    if (ttl !== lease.ttlSeconds) return `lease ${id} lasts ${ttl} s, not ${lease.ttlSeconds}`;
    const remaining = store.lessor.remainingPersisted(id);
    if (remaining !== lease.remainingSeconds) return `lease ${id} has ${remaining} s left`;
    const keys = store.keysOfLease(id).map(textOf).join();
    if (keys !== model.keysOf(id).join()) return `lease ${id} has the keys ${keys}`;
  }
  return undefined;
}

function differenceAt(store: Store, model: StoreModel, revision: number): string | undefined {
  const { kvs } = store.range({ key: FIRST_KEY, end: END_OF_KEYS, revision });
  const expected = model.at(revision);
  if (kvs.length !== expected.length) {
    return `${kvs.length} keys live at revision ${revision}, not ${expected.length}`;
  }
  const wrong = kvs.find((kv, i) => !isSame(kv, expected[i]!));
  return wrong === undefined
    ? undefined
    : `key ${textOf(wrong.key)} is another at revision ${revision}`;
}

function isSame(kv: KeyValue, change: ModelChange): boolean {
  return (
    textOf(kv.key) === change.key &&
    kv.createRevision === change.create &&
    kv.modRevision === change.main &&
    kv.version === change.version &&
    kv.lease === change.lease &&
    Buffer.compare(kv.value, change.value) === 0
  );
}

/** Every revision in the file, byte by byte. */
function fileDifference(store: Store, model: StoreModel): string | undefined {
  const expected = model.stored();
  return store.mvcc.backend.db.read((tx) => {
    const cursor = tx.bucket(KEY_BUCKET)!.cursor();
    let at = 0;
    for (let there = cursor.first(); there; there = cursor.next()) {
      const [key, message] = expected[at++] ?? [];
      if (hexOf(cursor.key()) === key && hexOf(cursor.value()) === message) continue;
      return `revision ${at} in the file is ${hexOf(cursor.key())}, not ${key ?? 'absent'}`;
    }
    return at === expected.length
      ? undefined
      : `the file has ${at} revisions, not ${expected.length}`;
  });
}

function leaseRecordDifference(store: Store, model: StoreModel): string | undefined {
  const { db } = store.mvcc.backend;
  const stored = readLeases(db);
  if (stored.length !== model.leases.size) return `the file has ${stored.length} leases`;
  for (const { id, ttlSeconds, remainingSeconds, revoking } of stored) {
    const lease = model.leases.get(id);
    const same =
      lease?.ttlSeconds === ttlSeconds &&
      lease.remainingSeconds === remainingSeconds &&
      lease.revoking === revoking;
    if (!same) return `lease ${leaseId(id)} is stored with ttl ${ttlSeconds}, ${String(revoking)}`;
  }
  return undefined;
}

function alarmsIn(store: Store): string {
  return store.mvcc.backend.db.read((tx) => {
    const cursor = tx.bucket(ALARM_BUCKET)!.cursor();
    const names: string[] = [];
    for (let there = cursor.first(); there; there = cursor.next()) {
      names.push(ALARMS[cursor.key()[1]!] ?? 'unknown');
    }
    return names.sort().join();
  });
}

function unsoundness(store: Store, disk: MemoryVfs): string | undefined {
  const { db } = store.mvcc.backend;
  const { faults } = checkDb(disk, db.path, db);
  const [first] = faults;
  assert(faults.length === 0 || first !== undefined, 'a fault has a place');
  return first === undefined ? undefined : `page ${first.pgid}: ${first.fault}`;
}
