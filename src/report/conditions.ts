// The circumstances of a run as label and value: host, work folder, sync latency, background, page cache,
// seed, versions, calibration. Pure; what was not recorded reads 'not measured'.

import type { Run, Sample, SyncLatency } from '../record/schema.ts';
import {
  formatBytes,
  formatCount,
  formatDuration,
  formatShare,
  formatSignificant,
  formatTime,
  isFigure,
  NOT_MEASURED,
  type Figure,
} from './format.ts';

export interface Fact {
  readonly label: string;
  readonly value: string;
}

const STATES_SHOWN_MAX = 6;

export function conditionFacts(run: Run, samples: readonly Sample[]): Fact[] {
  const { host } = run;
  const { cpu, workDir } = host;
  return [
    { label: 'Host', value: `${host.fingerprint}; virtualization: ${host.virtualization}` },
    {
      label: 'CPU',
      value: `${cpu.model}, ${formatCount(cpu.cores)} cores, governor ${cpu.governor}`,
    },
    { label: 'Memory', value: formatBytes(host.memoryBytes) },
    { label: 'System', value: `${host.os}, kernel ${host.kernel}, Node ${host.node}` },
    {
      label: 'Work folder',
      value: [
        `${workDir.fileSystem} (${workDir.mountOptions})`,
        `${workDir.device} ${workDir.deviceModel}`.trim(),
        `write cache: ${workDir.writeCache}`,
        `scheduler: ${workDir.scheduler}`,
        `${formatBytes(workDir.freeBytes)} free`,
      ].join('; '),
    },
    { label: 'Sync latency before', value: syncText(host.syncLatencyBefore) },
    { label: 'Sync latency after', value: syncText(host.syncLatencyAfter) },
    { label: 'Background load', value: backgroundText(run) },
    { label: 'Page cache', value: pageCacheText(samples) },
    { label: 'Seed', value: isFigure(run.seed) ? String(run.seed) : NOT_MEASURED },
    { label: 'Mode', value: run.mode },
    { label: 'Started', value: formatTime(run.startedAt) },
    { label: 'Finished', value: run.finishedAt === undefined ? 'no' : formatTime(run.finishedAt) },
    { label: 'Versions', value: pairs(run.versions) },
    { label: 'Git', value: gitText(run) },
    { label: 'Tags', value: pairs(run.tags) },
    { label: 'Run', value: run.id },
  ];
}

/** Empty where nothing was calibrated. */
export function calibrationFacts({ calibration }: Run): Fact[] {
  if (calibration === undefined) return [];
  const { freelistSecondsOurs, freelistSecondsPeer } = calibration;
  const probes = (figure: Figure): string => formatSignificant(figure, 4);
  return [
    { label: 'Peer', value: calibration.peer },
    { label: 'File', value: formatBytes(calibration.dbBytes) },
    {
      label: 'Time in the freelist',
      value: `ours ${formatDuration(freelistSecondsOurs)}, peer ${formatDuration(freelistSecondsPeer)}`,
    },
    { label: 'Ours / peer', value: `${formatSignificant(calibration.ratio, 3)}x (1.25x at most)` },
    {
      label: 'Probes an allocation',
      value: [
        `ours ${probes(calibration.probesPerAllocationOurs)}`,
        `peer ${probes(calibration.probesPerAllocationPeer)}`,
      ].join(', '),
    },
    {
      label: 'Outcome',
      value: calibration.ok
        ? 'the baseline is fair'
        : 'the baseline is not fair: ratios are invalid',
    },
  ];
}

function syncText(sync: SyncLatency | undefined): string {
  if (sync === undefined) return NOT_MEASURED;
  const figures = [
    `p50 ${microseconds(sync.p50Us)}`,
    `p99 ${microseconds(sync.p99Us)}`,
    `max ${microseconds(sync.maxUs)}`,
  ];
  return `${figures.join(', ')} (n = ${formatCount(sync.samples)})`;
}

function microseconds(figure: Figure): string {
  return typeof figure === 'number' ? formatDuration(figure / 1e6) : NOT_MEASURED;
}

function backgroundText({ host: { background } }: Run): string {
  return [
    `load average ${formatSignificant(background.loadBefore, 2)} before`,
    `${formatSignificant(background.loadAfter, 2)} after`,
    `CPU steal ${formatShare(background.stealShare)}`,
  ].join(', ');
}

function pageCacheText(samples: readonly Sample[]): string {
  const states = [...new Set(samples.map((sample) => sample.state.pageCache))];
  if (states.length === 0) return NOT_MEASURED;
  const shown = states.slice(0, STATES_SHOWN_MAX).join('; ');
  return states.length > STATES_SHOWN_MAX ? `${shown}; and others` : shown;
}

function gitText({ git }: Run): string {
  if (git === undefined) return 'not a git checkout';
  return git.dirty ? `${git.commit}, with local changes` : git.commit;
}

function pairs(record: Readonly<Record<string, string>>): string {
  const entries = Object.entries(record).sort(([a], [b]) => a.localeCompare(b));
  return entries.length === 0
    ? 'none'
    : entries.map(([key, value]) => `${key} ${value}`).join(', ');
}
