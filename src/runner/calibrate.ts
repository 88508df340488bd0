// Calibration: is the baseline honest? The engine's array arm and bbolt's run the same job on the same
// file, in turn; what each spends in its freelist a commit is compared, and what it looks at (probes an
// allocation). Ours may be cheaper: that only lowers a claim's ratio.

import type { Clock } from '../measure/clock.ts';
import type { Run } from '../record/schema.ts';
import { runBboltJob, type BboltPass } from '../targets/bbolt-peer.ts';
import type { JobShape } from '../drivers/freelist-driver.ts';
import type { RoundResult } from './round.ts';

export type Calibration = NonNullable<Run['calibration']>;

/** Ours may cost this many times bbolt's, and look at 1% more or fewer ids. */
export const CALIBRATION_RATIO_MAX = 1.25;
const PROBES_TOLERANCE = 0.01;
const PAIRS = 2;

/** A shorter job than the claim's: the cost a commit is what counts, and bbolt runs it twice. */
export const CALIBRATION_JOB: JobShape = {
  valueBytes: 10_000,
  putsPerCommit: 500,
  commits: 3,
  warmUpCommits: 1,
};

export interface CalibrationInput {
  readonly peer: string;
  readonly path: string;
  readonly dbBytes: number;
  readonly seed: number;
  readonly signal: AbortSignal;
  readonly clock: Clock;
  /** Runs our array arm with CALIBRATION_JOB on the same file. */
  readonly ours: () => Promise<RoundResult>;
}

export async function calibrate(input: CalibrationInput): Promise<Calibration> {
  const { peer, path, seed, signal } = input;
  const job = { path, freelist: 'array' as const, shape: CALIBRATION_JOB, rounds: 1, seed };
  const ours: RoundResult[] = [];
  const theirs: BboltPass[] = [];
  let version = '';
  for (let pair = 0; pair < PAIRS; pair++) {
    ours.push(await input.ours());
    const result = await runBboltJob(peer, job, signal);
    version = result.version;
    theirs.push(...result.passes);
  }
  return compare(ours, theirs, { peer: `bbolt ${version}`, dbBytes: input.dbBytes });
}

/** Pure part: medians would need more rounds than two; the geometric mean uses both. */
export function compare(
  ours: readonly RoundResult[],
  theirs: readonly BboltPass[],
  about: { readonly peer: string; readonly dbBytes: number },
): Calibration {
  const oursSeconds = geometricMean(
    ours.map(({ job }) => (job.phases.freelist + job.phases.release) / job.commitNs.n),
  );
  const theirsSeconds = geometricMean(
    theirs.map(
      (pass) =>
        (pass.allocateSeconds + pass.freeSeconds + pass.releaseSeconds) / pass.commitSeconds.length,
    ),
  );
  const oursProbes = mean(ours.map(({ job }) => job.counts.probes / job.counts.allocations));
  const theirsProbes = mean(theirs.map((pass) => pass.probes / pass.allocations));
  const ratio = oursSeconds / theirsSeconds;
  return {
    ...about,
    freelistSecondsOurs: oursSeconds,
    freelistSecondsPeer: theirsSeconds,
    ratio,
    probesPerAllocationOurs: oursProbes,
    probesPerAllocationPeer: theirsProbes,
    ok:
      ratio <= CALIBRATION_RATIO_MAX && Math.abs(oursProbes / theirsProbes - 1) <= PROBES_TOLERANCE,
  };
}

function geometricMean(values: readonly number[]): number {
  return Math.exp(mean(values.map((value) => Math.log(value))));
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
