// DbStats: what the writer did since open. Times in nanoseconds; counts repeat exactly for equal
// histories. Taken as a snapshot, so that a caller can subtract two.

import type { FreelistCounters } from '../freelist/freelist.ts';

export interface CommitStats {
  commits: number;
  rebalanceNs: number;
  /** Giving every node its page; holds the freelist's time below. */
  spillNs: number;
  /** Allocating and freeing pages. */
  freelistNs: number;
  /** Making pending pages free, at the start of a write transaction. */
  releaseNs: number;
  writeNs: number;
  syncNs: number;
  bytesWritten: number;
  pagesWritten: number;
  /** Write calls to the file. */
  writes: number;
  syncs: number;
}

export interface DbStats {
  readonly commit: Readonly<CommitStats>;
  readonly freelist: Readonly<FreelistCounters>;
  readonly freePages: number;
  readonly pendingPages: number;
  readonly freelistBytes: number;
  readonly fileBytes: number;
  readonly highWater: number;
}

export function newCommitStats(): CommitStats {
  return {
    commits: 0,
    rebalanceNs: 0,
    spillNs: 0,
    freelistNs: 0,
    releaseNs: 0,
    writeNs: 0,
    syncNs: 0,
    bytesWritten: 0,
    pagesWritten: 0,
    writes: 0,
    syncs: 0,
  };
}
