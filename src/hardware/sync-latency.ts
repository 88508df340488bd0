// Sync latency: how long fdatasync takes in a folder after a write of 2,300 bytes, the size of a
// typical etcd log append and of the fio recipe that etcd's documentation gives. Only the sync is
// timed, and the file's blocks are written beforehand, so that no allocation is measured.
//
// The probe's file is removed whatever happens. It yields to the event loop now and then; it never
// throws: a folder that cannot be written gives zero samples.

import { closeSync, fdatasyncSync, fsyncSync, openSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Clock } from '../measure/clock.ts';
import type { SyncLatency } from '../record/host.ts';
import { quantile } from '../stats/quantile.ts';

const WRITE_BYTES = 2_300;
const WRITES_PER_LAP = 2_000;
const SAMPLES_MIN = 100;
const SYNCS_PER_TURN = 20;
/** A disk that needs this long for the smallest sample is not worth more of the user's time. */
const BUDGET_NS_MAX = 10e9;

export const NO_SYNC_LATENCY: SyncLatency = { samples: 0, p50Us: 0, p99Us: 0, maxUs: 0 };

/**
 * Takes `seconds`, by default 2; longer, up to 10, where 100 samples need it. Uses 4.6 MB in `folder`.
 */
export async function measureSyncLatency(
  folder: string,
  clock: Clock,
  seconds = 2,
): Promise<SyncLatency> {
  const path = join(folder, `.kvtune-sync-probe-${process.pid}`);
  let fd: number | undefined;
  try {
    fd = openSync(path, 'w', 0o600);
    writeSync(fd, new Uint8Array(WRITES_PER_LAP * WRITE_BYTES).fill(1), 0, null, 0);
    fsyncSync(fd);
    return summarize(await sampleSyncs(fd, clock, seconds * 1e9));
  } catch {
    return NO_SYNC_LATENCY;
  } finally {
    removeProbe(fd, path);
  }
}

/** `nanoseconds` of each sync, in any order. */
export function summarize(nanoseconds: readonly number[]): SyncLatency {
  const micros = (value: number): number => Math.round(value / 100) / 10;
  const at = (p: number): number => micros(quantile(nanoseconds, p) ?? 0);
  const samples = nanoseconds.length;
  const sum = nanoseconds.reduce((all, one) => all + one, 0);
  const meanUs = samples === 0 ? 0 : micros(sum / samples);
  return { samples, p50Us: at(0.5), p99Us: at(0.99), maxUs: at(1), meanUs };
}

/** A disk that fails even here has said so by the samples that are missing. */
function removeProbe(fd: number | undefined, path: string): void {
  try {
    if (fd !== undefined) closeSync(fd);
    rmSync(path, { force: true });
  } catch {
    return;
  }
}

async function sampleSyncs(fd: number, clock: Clock, budgetNs: number): Promise<number[]> {
  const block = new Uint8Array(WRITE_BYTES).fill(2);
  const samples: number[] = [];
  const start = clock.nowNs();
  for (;;) {
    const position = (samples.length % WRITES_PER_LAP) * WRITE_BYTES;
    writeSync(fd, block, 0, WRITE_BYTES, position);
    const before = clock.nowNs();
    fdatasyncSync(fd);
    const after = clock.nowNs();
    samples.push(after - before);
    const budget = samples.length < SAMPLES_MIN ? BUDGET_NS_MAX : budgetNs;
    if (after - start >= budget) return samples;
    if (samples.length % SYNCS_PER_TURN === 0) await nextTurn();
  }
}
