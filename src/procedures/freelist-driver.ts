// runFreelistJob(): runs the freelist job in this process on an open database and measures it. The clock starts
// before the first measured transaction begins (pages freed earlier are released there) and stops when the last
// commit has returned, both syncs included. Warm-up commits come before.

import type { Db, DbStats, Random } from '../../engine/index.ts';
import { FreelistJob, readRevision } from '../../workloads/index.ts';
import type { Clock } from '../measure/clock.ts';
import { summarizeLatencies, type LatencySummary } from '../measure/histogram.ts';
import { KEY_BUCKET, type JobShape } from '../targets/aged-db.ts';

export interface JobResult {
  readonly puts: number;
  readonly completionSeconds: number;
  readonly commitNs: LatencySummary;
  /** Seconds by phase; the freelist's are parts of `put` and `spill`, all others add up to the whole. */
  readonly phases: Readonly<
    Record<'put' | 'spill' | 'release' | 'freelist' | 'write' | 'sync', number>
  >;
  readonly counts: Readonly<Record<JobCount, number>>;
}

type JobCount =
  | 'bytesWritten'
  | 'pagesWritten'
  | 'writes'
  | 'syncs'
  | 'allocations'
  | 'multiPageAllocations'
  | 'multiPageAllocationsFromRun'
  | 'pagesAllocated'
  | 'probes'
  | 'fileGrowthBytes'
  | 'freelistBytes';

const NS = 1e-9;

/** Runs the job. Costs `commits` + `warmUpCommits` transactions with two syncs each. */
export function runFreelistJob(db: Db, shape: JobShape, random: Random, clock: Clock): JobResult {
  const job = new FreelistJob({ ...shape, lastRevision: lastRevision(db) }, random);
  for (let i = 0; i < shape.warmUpCommits; i++) commit(db, job, shape.putsPerCommit);
  const before = db.stats();
  const latencies: number[] = [];
  const started = clock.nowNs();
  let last = started;
  for (let i = 0; i < shape.commits; i++) {
    commit(db, job, shape.putsPerCommit);
    const now = clock.nowNs();
    latencies.push(now - last);
    last = now;
  }
  const seconds = (last - started) * NS;
  const after = db.stats();
  return {
    puts: shape.commits * shape.putsPerCommit,
    completionSeconds: seconds,
    commitNs: summarizeLatencies(latencies),
    phases: phasesOf(before, after, seconds),
    counts: countsOf(before, after, db.options.pageSize),
  };
}

function commit(db: Db, job: FreelistJob, puts: number): void {
  const tx = db.beginWrite();
  const bucket = tx.ensureBucket(KEY_BUCKET);
  for (let i = 0; i < puts; i++) {
    job.advance();
    bucket.put(job.key, job.value);
  }
  tx.commit();
}

function lastRevision(db: Db): number {
  return db.read((tx) => {
    const cursor = tx.bucket(KEY_BUCKET)?.cursor();
    return cursor?.last() === true ? readRevision(cursor.key()) : 0;
  });
}

function phasesOf(before: DbStats, after: DbStats, seconds: number): JobResult['phases'] {
  const spent = (
    name: 'rebalanceNs' | 'spillNs' | 'freelistNs' | 'releaseNs' | 'writeNs' | 'syncNs',
  ): number => (after.commit[name] - before.commit[name]) * NS;
  const spill = spent('spillNs') + spent('rebalanceNs');
  const release = spent('releaseNs');
  const write = spent('writeNs');
  const sync = spent('syncNs');
  return {
    put: Math.max(0, seconds - spill - release - write - sync),
    spill,
    release,
    freelist: spent('freelistNs'),
    write,
    sync,
  };
}

function countsOf(before: DbStats, after: DbStats, pageSize: number): JobResult['counts'] {
  const { commit: a, freelist: f } = before;
  const { commit: b, freelist: g } = after;
  return {
    bytesWritten: b.bytesWritten - a.bytesWritten,
    pagesWritten: b.pagesWritten - a.pagesWritten,
    writes: b.writes - a.writes,
    syncs: b.syncs - a.syncs,
    allocations: g.allocations - f.allocations,
    multiPageAllocations: g.multiPageAllocations - f.multiPageAllocations,
    multiPageAllocationsFromRun: g.multiPageAllocationsFromRun - f.multiPageAllocationsFromRun,
    pagesAllocated: g.pagesAllocated - f.pagesAllocated,
    probes: g.probes - f.probes,
    fileGrowthBytes: (after.highWater - before.highWater) * pageSize,
    freelistBytes: after.freelistBytes,
  };
}
