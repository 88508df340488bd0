// Host profile: what a result says about the machine it was measured on. profileHost() before the
// measurement, finishProfile() after it. Neither throws: what a system does not tell is 'unknown'
// (or 0), and the doubts that follow from it are warnings in the profile.
//
// The profile is published with the result, so it holds no host name, path, address or serial number.

import { realpathSync, statfsSync } from 'node:fs';
import os from 'node:os';
import { resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import systeminformation from 'systeminformation';
import { systemClock } from '../measure/clock.ts';
import type { Host } from '../record/host.ts';
import { blockDeviceOf, UNKNOWN_DEVICE } from './block-device.ts';
import { readCpuTimes, stealShare } from './cpu-times.ts';
import type { CpuTimes } from './cpu-times.ts';
import { hostDoubts } from './doubts.ts';
import { fingerprint } from './fingerprint.ts';
import { mountOf, parseMountInfo } from './mount.ts';
import { orElse, readText, UNKNOWN } from './probe.ts';
import { measureSyncLatency } from './sync-latency.ts';

/** systeminformation starts programs of the system; one that hangs must not hold a run up. */
const PROBE_TIMEOUT_MS = 5_000;

/** CPU times at the last profileHost(): not part of a result, and one process measures one host. */
let timesBefore: CpuTimes | undefined;

/** Takes 2 seconds and more, nearly all for the syncs. `workDir` must exist to be measured. */
export async function profileHost(workDir: string): Promise<Host> {
  timesBefore = readCpuTimes();
  const loadBefore = loadAverage();
  const [operatingSystem, virtualization, model] = await Promise.all([
    describeSystem(),
    describeVirtualization(),
    describeCpu(),
  ]);
  const traits = {
    cpu: { model, cores: os.availableParallelism(), governor: readGovernor() },
    memoryBytes: memoryBytes(),
    workDir: describeFolder(workDir),
  };
  const host = {
    fingerprint: fingerprint(traits),
    ...traits,
    os: operatingSystem,
    kernel: os.release(),
    node: process.version,
    virtualization,
    syncLatencyBefore: await measureSyncLatency(workDir, systemClock),
    background: { loadBefore },
  };
  return { ...host, warnings: hostDoubts(host) };
}

/** Returns `host` with what is known afterwards; warnings already there are kept. */
export async function finishProfile(host: Host, workDir: string): Promise<Host> {
  const loadAfter = loadAverage();
  const syncLatencyAfter = await measureSyncLatency(workDir, systemClock);
  const share = stealShare(timesBefore, readCpuTimes());
  const finished: Host = {
    ...host,
    syncLatencyAfter,
    background: {
      ...host.background,
      loadAfter,
      ...(share === undefined ? {} : { stealShare: share }),
    },
  };
  const known = new Set(host.warnings.map((warning) => warning.code));
  const added = hostDoubts(finished).filter((warning) => !known.has(warning.code));
  return { ...finished, warnings: [...host.warnings, ...added] };
}

/** The file system that `workDir` lies on, as the kernel names it; 'unknown' where it does not say. */
export function fileSystemOf(workDir: string): string {
  return describeFolder(workDir).fileSystem;
}

function describeFolder(workDir: string): Host['workDir'] {
  const path = orElse(() => realpathSync(workDir), resolve(workDir));
  const mount = mountOf(parseMountInfo(readText('/proc/self/mountinfo') ?? ''), path);
  const device = mount === undefined ? UNKNOWN_DEVICE : blockDeviceOf(mount);
  return {
    fileSystem: mount?.fileSystem ?? UNKNOWN,
    mountOptions: mount?.options ?? UNKNOWN,
    device: device.name,
    deviceModel: device.model,
    ...{ writeCache: device.writeCache, scheduler: device.scheduler },
    freeBytes: orElse(() => freeBytesIn(path), 0),
  };
}

function freeBytesIn(path: string): number {
  const { bavail, bsize } = statfsSync(path);
  return bavail * bsize;
}

async function describeCpu(): Promise<string> {
  const model = os.cpus()[0]?.model.trim().replace(/\s+/g, ' ') ?? '';
  if (model !== '' && model !== UNKNOWN) return model;
  // Node reads no model on most arm64 kernels; lscpu knows the parts by number.
  const cpu = await orUnknown(systeminformation.cpu());
  return cpu === undefined ? UNKNOWN : named(`${cpu.manufacturer} ${cpu.brand}`);
}

async function describeSystem(): Promise<string> {
  const info = await orUnknown(systeminformation.osInfo());
  const name = info === undefined ? '' : `${info.distro} ${info.release}`.trim();
  return `${name === '' ? os.type() : name} (${os.arch()})`;
}

/** 'none', the hypervisor's name, or 'yes' where it has none; with 'container' where in one. */
async function describeVirtualization(): Promise<string> {
  const system = await orUnknown(systeminformation.system());
  if (system === undefined) return UNKNOWN;
  const hypervisor = system.virtualHost === undefined ? '' : system.virtualHost.trim();
  const machine = hypervisor === '' ? 'yes' : hypervisor;
  const kind = system.virtual ? machine : 'none';
  return /container/i.test(system.model) ? `${kind}, container` : kind;
}

function readGovernor(): string {
  const path = '/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor';
  return named(readText(path) ?? '');
}

/** The machine's memory, or the container's share of it where that is smaller. */
function memoryBytes(): number {
  const limit = process.constrainedMemory();
  return limit > 0 ? Math.min(os.totalmem(), limit) : os.totalmem();
}

/** Over one minute; 0 on Windows, which has none. */
function loadAverage(): number {
  return os.loadavg()[0] ?? 0;
}

function named(text: string): string {
  const name = text.trim();
  return name === '' ? UNKNOWN : name;
}

async function orUnknown<T>(probe: Promise<T>): Promise<T | undefined> {
  const timeout = new AbortController();
  const tooLate = sleep(PROBE_TIMEOUT_MS, undefined, { signal: timeout.signal });
  try {
    return await Promise.race([probe, tooLate.catch(() => undefined)]);
  } catch {
    return undefined;
  } finally {
    timeout.abort();
  }
}
