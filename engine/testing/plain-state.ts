// Plain state: all that a store or a real etcd answers about itself, in one form that can be compared: every
// key at every revision that is kept, hashes of the keyspace, leases with their keys. Test support; not part
// of the engine.

import { END_OF_KEYS } from '../mvcc/mvcc-reader.ts';
import { keyspaceHashSteps, runSteps } from '../store/maintenance.ts';
import type { Store } from '../store/store.ts';
import {
  base64,
  plainAnswer,
  plainResponse,
  toEtcd,
  type Operation,
  type Plain,
} from './etcd-language.ts';
import type { EtcdMember, Json } from './etcd-member.ts';

const ALL = { key: new Uint8Array(1), end: END_OF_KEYS };

interface PlainLease {
  readonly grantedTtl: string;
  readonly keys: readonly string[];
}

export interface PlainState {
  readonly revision: number;
  readonly compacted: number;
  /** The answer to a range over everything, by revision. */
  readonly ranges: Readonly<Record<number, Plain>>;
  /** At some revisions, the newest among them. */
  readonly hashes: Readonly<Record<number, number>>;
  readonly leases: Readonly<Record<string, PlainLease>>;
}

export function stateOfStore(store: Store): PlainState {
  const { compacted, revision } = store.stats();
  const ranges: Record<number, Plain> = {};
  for (const at of keptRevisions(compacted, revision)) {
    ranges[at] = plainResponse({ kind: 'range', ...store.range({ ...ALL, revision: at }) });
  }
  const hashes: Record<number, number> = {};
  for (const at of hashedRevisions(compacted, revision)) {
    hashes[at] = runSteps(keyspaceHashSteps(store, at)).hash;
  }
  const leases: Record<string, PlainLease> = {};
  for (const id of store.leases()) {
    const keys = store.keysOfLease(id).map(base64).sort();
    leases[`${id}`] = { grantedTtl: `${store.timeToLive(id)?.ttlSeconds}`, keys };
  }
  return { revision, compacted, ranges, hashes, leases };
}

/** `compacted`: the last compaction, which a member does not tell. */
export async function stateOfMember(member: EtcdMember, compacted: number): Promise<PlainState> {
  const range = async (revision: number): Promise<Json> => {
    const { path, body } = toEtcd({ kind: 'range', range: { ...ALL, revision } });
    return member.ask(path, body);
  };
  const header = (await range(0))['header'] as Json;
  const revision = Number(header['revision']);
  const ranges: Record<number, Plain> = {};
  for (const at of keptRevisions(compacted, revision)) {
    const operation: Operation = { kind: 'range', range: { ...ALL, revision: at } };
    ranges[at] = plainAnswer(operation, await range(at));
  }
  const hashes: Record<number, number> = {};
  for (const at of hashedRevisions(compacted, revision)) hashes[at] = member.hashKv(at);
  const leases: Record<string, PlainLease> = {};
  const answer = (await member.ask('lease/leases', {})) as { leases?: readonly Json[] };
  for (const { ID } of answer.leases ?? []) {
    const lease = await member.ask('lease/timetolive', { ID: ID, keys: true });
    const keys = [...((lease['keys'] ?? []) as string[])].sort();
    leases[ID as string] = { grantedTtl: lease['grantedTTL'] as string, keys };
  }
  return { revision, compacted, ranges, hashes, leases };
}

function keptRevisions(compacted: number, revision: number): number[] {
  const first = Math.max(1, compacted);
  return Array.from({ length: revision - first + 1 }, (_, i) => first + i);
}

function hashedRevisions(compacted: number, revision: number): number[] {
  const middle = Math.ceil((compacted + 1 + revision) / 2);
  return [...new Set([compacted + 1, middle, revision])].filter((at) => at <= revision);
}
