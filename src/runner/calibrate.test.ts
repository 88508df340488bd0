// Calibration: when the baseline counts as honest. The peer here is made of numbers.

import { describe, expect, it } from 'vitest';
import type { BboltPass } from '../targets/bbolt-peer.ts';
import { CALIBRATION_JOB, CALIBRATION_RATIO_MAX, compare } from './calibrate.ts';
import type { RoundResult } from './round.ts';
import { fakeResult } from './testing/fake-rounds.ts';

const ABOUT = { peer: 'bbolt 0.0.0', dbBytes: 100e9 };
const { commits } = CALIBRATION_JOB;

/** A round of ours with this much freelist time a commit and these probes an allocation. */
function ours(secondsPerCommit: number, probes = 1000): RoundResult {
  const request = {
    path: '',
    freelist: 'array' as const,
    syncFreelist: false,
    job: CALIBRATION_JOB,
    seed: 1,
    journal: '',
    journals: [],
  };
  const result = fakeResult(request, 1);
  const { phases, counts } = result.job;
  const freelist = secondsPerCommit * commits * 0.75;
  const release = secondsPerCommit * commits * 0.25;
  const job = {
    ...result.job,
    phases: { ...phases, freelist, release },
    counts: { ...counts, allocations: 100, probes: probes * 100 },
  };
  return { ...result, job };
}

/** A pass of bbolt with the same. */
function theirs(secondsPerCommit: number, probes = 1000): BboltPass {
  const part = (secondsPerCommit * commits) / 4;
  return {
    completionSeconds: 1,
    commitSeconds: Array.from({ length: commits }, () => 0.1),
    spillSeconds: 1,
    allocateSeconds: 2 * part,
    freeSeconds: part,
    releaseSeconds: part,
    countSeconds: 0,
    writeAtSeconds: 0,
    syncSeconds: 0,
    allocations: 100,
    multiPageAllocations: 50,
    multiPageAllocationsFromRun: 50,
    pagesAllocated: 250,
    probes: probes * 100,
    fileGrowthBytes: 0,
  };
}

describe('compare', () => {
  it('passes where ours costs what bbolt costs, or less', () => {
    expect(compare([ours(1)], [theirs(1)], ABOUT)).toMatchObject({
      ...ABOUT,
      freelistSecondsOurs: expect.closeTo(1) as number,
      freelistSecondsPeer: expect.closeTo(1) as number,
      ratio: expect.closeTo(1) as number,
      probesPerAllocationOurs: 1000,
      probesPerAllocationPeer: 1000,
      ok: true,
    });
    expect(compare([ours(0.1)], [theirs(1)], ABOUT).ok).toBe(true);
  });

  it('fails where ours costs more than a quarter more', () => {
    expect(CALIBRATION_RATIO_MAX).toBe(1.25);
    expect(compare([ours(1.24)], [theirs(1)], ABOUT).ok).toBe(true);
    expect(compare([ours(1.26)], [theirs(1)], ABOUT).ok).toBe(false);
  });

  it('fails where ours looks at more ids, or at fewer', () => {
    expect(compare([ours(1, 1009)], [theirs(1)], ABOUT).ok).toBe(true);
    expect(compare([ours(1, 1020)], [theirs(1)], ABOUT).ok).toBe(false);
    expect(compare([ours(1, 980)], [theirs(1)], ABOUT).ok).toBe(false);
  });

  it('uses every round: the geometric mean of times', () => {
    const { ratio } = compare([ours(1), ours(4)], [theirs(1), theirs(1)], ABOUT);
    expect(ratio).toBeCloseTo(2);
  });
});
