// StoreStats: what an open store says of itself in figures: sizes as they are, and counts and times since it
// was opened. Taking them costs microseconds and changes nothing; each figure belongs to the part that
// counts it.

import type { Lessor } from '../lease/lessor.ts';
import type { Mvcc } from '../mvcc/mvcc.ts';
import type { WatchHub, WatchStats } from '../mvcc/watch-hub.ts';
import type { Wal, WalStats } from '../wal/wal.ts';
import type { RequestGroup } from './request-group.ts';

export interface StoreStats {
  readonly revision: number;
  readonly compacted: number;
  readonly keys: number;
  readonly leases: number;
  readonly indexBytes: number;
  readonly leaseBytes: number;
  readonly groups: number;
  readonly requests: number;
  /** Requests of the largest group. */
  readonly groupMax: number;
  readonly wal: WalStats;
  readonly backendCommits: number;
  readonly backendCommitNs: number;
  readonly backendCommitNsMax: number;
  /** What the writer waited for readers, over all. */
  readonly readersWaitedNs: number;
  readonly readersWaitedNsMax: number;
  /** Reads that stood still until the write buffer went round under them. */
  readonly lostReads: number;
  readonly watches: WatchStats;
}

/** Parts of a store that count. */
export interface CountedParts {
  readonly mvcc: Mvcc;
  readonly lessor: Lessor;
  readonly group: RequestGroup;
  readonly wal: Wal;
  readonly watches: WatchHub;
}

export function takeStats({ mvcc, lessor, group, wal, watches }: CountedParts): StoreStats {
  const { backend, index } = mvcc;
  return {
    revision: mvcc.revision,
    compacted: mvcc.compacted,
    keys: index.keys,
    leases: lessor.count,
    indexBytes: index.bytesUsed,
    leaseBytes: lessor.memoryBytes,
    groups: group.groups,
    requests: group.requests,
    groupMax: group.groupMax,
    wal: wal.stats(),
    backendCommits: backend.stats.commits,
    backendCommitNs: backend.stats.commitNs,
    backendCommitNsMax: backend.stats.commitNsMax,
    readersWaitedNs: backend.lockWaits.nanoseconds,
    readersWaitedNsMax: backend.lockWaits.nanosecondsMax,
    lostReads: backend.lostReads,
    watches: watches.stats(),
  };
}
