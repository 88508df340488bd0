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

type Pair = readonly [label: string, value: string];

export function conditionFacts(run: Run, rounds: readonly Round[]): Fact[] {
  const { host } = run;
  const { cpu, workDir } = host;
  const pairs: readonly Pair[] = [
    ['Time measured', measuredShare(run)],
    ...(run.load === undefined ? [] : loadFacts(run.load)),
    ['Host', `${host.fingerprint}; virtualization: ${host.virtualization}`],
    ['CPU', `${cpu.model}, ${plural(cpu.cores, 'core')}, governor ${cpu.governor}`],
    ['Memory', formatBytes(host.memoryBytes)],
    ['System', `${host.os}, kernel ${host.kernel}, Node ${host.node}`],
    ['Work folder', workFolderText(workDir)],
    ['Sync latency before', syncText(host.syncLatencyBefore)],
    ['Sync latency after', syncText(host.syncLatencyAfter)],
    ['Background load', backgroundText(run)],
    ...pageCacheFacts(rounds),
    ['Seed', isFigure(run.seed) ? String(run.seed) : NOT_MEASURED],
    ['Mode', run.mode],
    ['Started', formatTime(run.startedAt)],
    ['Finished', run.finishedAt === undefined ? 'no' : formatTime(run.finishedAt)],
    ['Versions', namesText(run.versions)],
    ['Git', gitText(run)],
    ['Tags', namesText(run.tags)],
    ['Run', run.id],
  ];
  return pairs.map(([label, value]) => ({ label, value }));
}

function workFolderText(folder: Run['host']['workDir']): string {
  return [
    `${folder.fileSystem} (${folder.mountOptions})`,
    `${folder.device} ${folder.deviceModel}`.trim(),
    `write cache: ${folder.writeCache}`,
    `scheduler: ${folder.scheduler}`,
    `${formatBytes(folder.freeBytes)} free`,
  ].join('; ');
}

/** What of the wall time slices measured; the rest is preparing, opening, warming, verifying. */
function measuredShare({ seconds, measuredSeconds }: Run): string {
  if (!(seconds > 0 && measuredSeconds > 0)) return NOT_MEASURED;
  const share = formatShare(measuredSeconds / seconds);
  return `${share}: ${formatDuration(measuredSeconds)} of ${formatDuration(seconds)}`;
}

function loadFacts({ levels, arms, ...load }: LoadRequest): Pair[] {
  const sessions = `${formatCount(load.sessionsMin)} to ${formatCount(load.sessionsMax)}`;
  const varied = levels.map((one) => `${one.name}: ${one.levels.map(formatScalar).join(', ')}`);
  return [
    ['Load', formatAllNamed(load.factors)],
    ...(varied.length === 0 ? [] : [['Varied', varied.join('; ')] as const]),
    ...arms.map(({ name, config, settings }): Pair => {
      const given = settings.filter(({ origin }) => origin !== 'default');
      const told = given.map((setting) => `${setting.name}=${String(setting.value)}`).join(', ');
      return [`Arm ${name}`, told === '' ? config : `${config}: ${told}`];
    }),
    ['Sessions asked for', `${sessions}, ${plural(load.slicesPerSession, 'slice')} each`],
    ['Margin', `${formatSignificant(load.margin, 3)}x: less does not matter`],
  ];
}

function syncText(sync: SyncLatency | undefined): string {
  if (sync === undefined) return NOT_MEASURED;
  const { p50Us, p99Us, maxUs, samples } = sync;
  const [p50, p99, max] = [microseconds(p50Us), microseconds(p99Us), microseconds(maxUs)];
  return `p50 ${p50}, p99 ${p99}, max ${max} (n = ${formatCount(samples)})`;
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
function pageCacheFacts(rounds: readonly Round[]): Pair[] {
  const states = new Set(rounds.flatMap(({ state }) => state['pageCache'] ?? []).map(String));
  if (states.size === 0) return [];
  const shown = [...states].slice(0, STATES_SHOWN_MAX).join('; ');
  return [['Page cache', states.size > STATES_SHOWN_MAX ? `${shown}; and others` : shown]];
}

function gitText({ git }: Run): string {
  if (git === undefined) return 'not a git checkout';
  return git.dirty ? `${git.commit}, with local changes` : git.commit;
}

function namesText(record: Readonly<Record<string, string>>): string {
  const entries = Object.entries(record).sort(([a], [b]) => a.localeCompare(b));
  return entries.map(([key, value]) => `${key} ${value}`).join(', ') || 'none';
}
