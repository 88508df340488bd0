// CPU times: the first line of /proc/stat, and the share of time that the hypervisor gave to others
// ("steal") between two readings of it; and what the calling thread has used.

import { readText } from './probe.ts';

/** Ticks since boot over all CPUs. */
export interface CpuTimes {
  readonly total: number;
  readonly steal: number;
}

/** Undefined where the system has no /proc/stat. */
export function readCpuTimes(path = '/proc/stat'): CpuTimes | undefined {
  return parseCpuTimes(readText(path) ?? '');
}

export function parseCpuTimes(text: string): CpuTimes | undefined {
  const line = /^cpu +([\d ]+)$/m.exec(text)?.[1];
  if (line === undefined) return undefined;
  // user nice system idle iowait irq softirq steal; the guest times after them are part of user.
  const times = line.trim().split(/ +/).slice(0, 8).map(Number);
  const steal = times[7];
  if (steal === undefined) return undefined;
  return { total: times.reduce((sum, ticks) => sum + ticks, 0), steal };
}

/** 0..1; undefined where either reading is missing or no time passed. */
export function stealShare(
  before: CpuTimes | undefined,
  after: CpuTimes | undefined,
): number | undefined {
  if (before === undefined || after === undefined || after.total <= before.total) return undefined;
  return Math.max(0, after.steal - before.steal) / (after.total - before.total);
}

/** CPU time of the calling thread, in nanoseconds; undefined where the system does not tell. */
export function threadCpuNs(path = '/proc/thread-self/schedstat'): number | undefined {
  // Time on a CPU, time waiting for one, turns.
  const nanoseconds = /^(\d+) \d+ \d+$/.exec(readText(path) ?? '')?.[1];
  return nanoseconds === undefined ? undefined : Number(nanoseconds);
}
