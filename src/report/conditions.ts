// The circumstances of a run as label and value: time, load, host, work folder, sync latency, background, page
// cache, seed, versions. Pure; what was not recorded reads 'not measured'.

import type { SyncLatency } from '../record/host.ts';
import type { Round } from '../record/round.ts';
import type { LoadRequest, Run } from '../record/run.ts';
import {
  formatAllNamed,
  formatBytes,
  formatCount,
  formatDuration,
  formatScalar,
  formatShare,
  formatSignificant,
  formatTime,
  isFigure,
  NOT_MEASURED,
  plural,
  type Figure,
} from './format.ts';

export interface Fact {
  readonly label: string;
  readonly value: string;
}

const STATES_SHOWN_MAX = 6;

export function conditionFacts(run: Run, rounds: readonly Round[]): Fact[] {
  const { host } = run;
  const { cpu, workDir } = host;
  return [
    { label: 'Time measured', value: measuredShare(run) },
    ...(run.load === undefined ? [] : loadFacts(run.load)),
    { label: 'Host', value: `${host.fingerprint}; virtualization: ${host.virtualization}` },
    {
      label: 'CPU',
      value: `${cpu.model}, ${plural(cpu.cores, 'core')}, governor ${cpu.governor}`,
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
    ...pageCacheFacts(rounds),
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

/** What of the wall time slices measured; the rest is preparing, opening, warming, verifying. */
function measuredShare({ seconds, measuredSeconds }: Run): string {
  if (!(seconds > 0 && measuredSeconds > 0)) return NOT_MEASURED;
  const share = formatShare(measuredSeconds / seconds);
  return `${share}: ${formatDuration(measuredSeconds)} of ${formatDuration(seconds)}`;
}

function loadFacts(load: LoadRequest): Fact[] {
  const { sessionsMin, sessionsMax } = load;
  const slices = plural(load.slicesPerSession, 'slice');
  const varied = load.levels.map(
    ({ name, levels }) => `${name}: ${levels.map(formatScalar).join(', ')}`,
  );
  return [
    { label: 'Load', value: formatAllNamed(load.factors) },
    ...(varied.length === 0 ? [] : [{ label: 'Varied', value: varied.join('; ') }]),
    ...load.arms.map(({ name, config, settings }) => {
      const given = settings.filter(({ origin }) => origin !== 'default');
      const told = given.map((setting) => `${setting.name}=${String(setting.value)}`).join(', ');
      return { label: `Arm ${name}`, value: told === '' ? config : `${config}: ${told}` };
    }),
    {
      label: 'Sessions asked for',
      value: `${formatCount(sessionsMin)} to ${formatCount(sessionsMax)}, ${slices} each`,
    },
    { label: 'Margin', value: `${formatSignificant(load.margin, 3)}x: less does not matter` },
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

/** Of what started from a state whose page cache was looked at. */
function pageCacheFacts(rounds: readonly Round[]): Fact[] {
  const states = new Set(rounds.flatMap(({ state }) => state['pageCache'] ?? []).map(String));
  if (states.size === 0) return [];
  const shown = [...states].slice(0, STATES_SHOWN_MAX).join('; ');
  return [
    { label: 'Page cache', value: states.size > STATES_SHOWN_MAX ? `${shown}; and others` : shown },
  ];
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
