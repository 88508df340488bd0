// Names of the buckets and keys that etcd's backend has (server/storage/schema), as bytes. etcd makes
// all of these at start, so we do too: tools that open our files look for them.

const encoder = new TextEncoder();

function name(text: string): Uint8Array {
  return encoder.encode(text);
}

/** Revision key -> KeyValue message. */
export const KEY_BUCKET = name('key');
/** Consistent index, term, compaction marks. */
export const META_BUCKET = name('meta');
/** Lease id, 8 bytes big-endian -> Lease message. */
export const LEASE_BUCKET = name('lease');
/** Alarms: the encoded member is the key. */
export const ALARM_BUCKET = name('alarm');

/** Every top-level bucket of etcd 3.4 and 3.5. */
export const BUCKETS: readonly Uint8Array[] = [
  KEY_BUCKET,
  META_BUCKET,
  LEASE_BUCKET,
  ALARM_BUCKET,
  ...['auth', 'authRoles', 'authUsers', 'cluster', 'members', 'members_removed'].map(name),
];

/** 8 bytes big-endian: number of the last request that the backend holds. */
export const CONSISTENT_INDEX = name('consistent_index');
/** 8 bytes big-endian: term of that request in the raft log; ours is always 1. */
export const TERM = name('term');
/** Revision keys: compaction that was asked for, and the last one that was finished. */
export const SCHEDULED_COMPACTION = name('scheduledCompactRev');
export const FINISHED_COMPACTION = name('finishedCompactRev');
/** 16 bytes that tie the backend to its log. Ours; etcd leaves keys alone that it does not know. */
export const STORE_IDENTITY = name('kvtuneStore');
