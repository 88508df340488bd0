// Doubts: what about a host makes figures measured on it hard to trust or to repeat, as warnings with
// a remedy. Pure: the thresholds are here, the probing is elsewhere.

import type { Host, SyncLatency } from '../record/host.ts';
import type { Warning } from '../record/round.ts';

/** Above this load a core, one in two, is busy with something else. */
const LOAD_SHARE_MAX = 0.5;
const STEAL_SHARE_MAX = 0.01;
/** No disk confirms a flush faster; only memory does. */
const SYNC_P50_US_MIN = 20;
/** etcd's hardware guidance: 99% of syncs within 10 ms. */
const SYNC_P99_US_MAX = 10_000;
/** Medians of one disk a few minutes apart; beyond it the disk changed under the measurement. */
const SYNC_DRIFT_MAX = 2;
const MEMORY_FILE_SYSTEMS = ['tmpfs', 'ramfs'];

export function hostDoubts(host: Omit<Host, 'warnings'>): Warning[] {
  return [...fileSystemDoubts(host), ...cpuDoubts(host), ...driftDoubts(host)];
}

function fileSystemDoubts({ workDir, syncLatencyBefore }: Omit<Host, 'warnings'>): Warning[] {
  const { fileSystem } = workDir;
  if (!MEMORY_FILE_SYSTEMS.includes(fileSystem)) return syncDoubts(syncLatencyBefore);
  const message = `the work folder is on ${fileSystem}: its syncs do nothing`;
  const remedy = 'choose a folder on a disk with --work-dir';
  return [{ code: 'work-dir-in-memory', message, remedy }];
}

function syncDoubts({ samples, p50Us, p99Us }: SyncLatency): Warning[] {
  if (samples === 0) {
    const message = 'sync latency could not be measured in the work folder';
    const remedy = 'make sure that the work folder exists, is writable and has 5 MB free';
    return [{ code: 'sync-unknown', message, remedy }];
  }
  return [
    ...given(p50Us < SYNC_P50_US_MIN, {
      code: 'sync-too-fast',
      message: `syncs may not reach the disk: half of them took ${p50Us} us or less`,
      remedy: 'check for a file system or hypervisor that ignores flushes',
    }),
    ...given(p99Us > SYNC_P99_US_MAX, {
      code: 'sync-slow',
      message: `1% of syncs took longer than ${milliseconds(p99Us)}; etcd asks for 10 ms`,
      remedy: 'use a faster disk, or one that nothing else writes to',
    }),
  ];
}

function cpuDoubts({ cpu, background }: Omit<Host, 'warnings'>): Warning[] {
  const { loadBefore, stealShare = 0 } = background;
  return [
    ...given(loadBefore > cpu.cores * LOAD_SHARE_MAX, {
      code: 'high-load',
      message: `load was ${loadBefore.toFixed(1)} on ${cpu.cores} cores before the start`,
      remedy: 'stop other programs and measure again',
    }),
    ...given(cpu.governor === 'powersave', {
      code: 'governor-powersave',
      message: 'the CPU governor is powersave: clock speed follows the load',
      remedy: 'set it to performance while measuring: cpupower frequency-set -g performance',
    }),
    ...given(stealShare > STEAL_SHARE_MAX, {
      code: 'cpu-steal',
      message: `other machines on this host took ${(stealShare * 100).toFixed(1)}% of CPU time`,
      remedy: 'measure on a machine with dedicated cores, or at a quieter time',
    }),
  ];
}

function driftDoubts({ syncLatencyBefore, syncLatencyAfter }: Omit<Host, 'warnings'>): Warning[] {
  const [before, after] = [syncLatencyBefore.p50Us, syncLatencyAfter?.p50Us ?? 0];
  if (before <= 0 || after <= 0) return [];
  const [from, to] = [milliseconds(before), milliseconds(after)];
  return given(Math.max(before / after, after / before) > SYNC_DRIFT_MAX, {
    code: 'sync-drift',
    message: `median sync latency went from ${from} to ${to} during the measurement`,
    remedy: 'look for other users of the disk, or for a cloud disk out of burst credit',
  });
}

function given(holds: boolean, warning: Warning): Warning[] {
  return holds ? [warning] : [];
}

function milliseconds(micros: number): string {
  return `${(micros / 1000).toPrecision(3)} ms`;
}
