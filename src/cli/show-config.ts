// --show-config: everything that a request settles: of the workload, the load and each arm, with value, origin,
// allowed range and meaning, as the factor table has them. Values read as they can be given again.

import type { Factor } from '../question/factor.ts';
import { factorsFor } from '../question/factors.ts';
import type { LoadRequest } from '../record/run.ts';
import { defaultFactors } from './load-flags.ts';
import { plural } from '../report/format.ts';
import { textTable } from './text-table.ts';
import { formatBytes, formatCount } from './units.ts';

type Setting = Readonly<LoadRequest['arms'][number]['settings'][number]>;

interface Shown extends Setting {
  readonly allowed: string;
  readonly meaning: string;
}

export function configJson(request: LoadRequest): object {
  const { command, workload, margin, sessionsMin, sessionsMax, slicesPerSession } = request;
  const [parameters, load] = [cellOf(request, 'workload'), cellOf(request, 'load')];
  return {
    ...{ command, workload, parameters, load },
    arms: request.arms.map(({ settings, ...arm }) => ({
      ...arm,
      settings: settings.map((one) => shown(workload, one)),
    })),
    levels: request.levels,
    ...{ margin, sessionsMin, sessionsMax, slicesPerSession },
  };
}

export function configText(request: LoadRequest): string {
  const { command, workload, arms, levels, sessionsMax, slicesPerSession } = request;
  const slices = `${plural(slicesPerSession, 'slice')} of each arm`;
  const sessions = `${plural(sessionsMax, 'session')}, each with ${slices}`;
  const parts = [
    `workload ${workload} (set with --param name=value)`,
    tableOf(cellOf(request, 'workload')),
    'load (set with --rate, --arrival, --clients, --threads, --duration, --ops)',
    tableOf(cellOf(request, 'load')),
    ...arms.flatMap(({ name, config, settings }) => {
      const flag = command === 'ab' ? `--${name}` : '--config';
      return [
        `store (set with ${flag} name=value,...; here: ${config})`,
        tableOf(settings.map((one) => shown(workload, one))),
      ];
    }),
    ...levels.map((one) => `--factor ${one.name}=${one.levels.map(String).join(',')}`),
    command === 'ab'
      ? `up to ${sessions}; alike within ${String(percentOf(request.margin))}% (--margin)`
      : sessions,
  ];
  return `${parts.join('\n')}\n`;
}

/** What the cell sets for its owner. */
function cellOf({ command, workload, factors }: LoadRequest, owner: Factor['owner']): Shown[] {
  const byDefault = defaultFactors(command, workload);
  return Object.entries(factors).flatMap(([name, value]) => {
    if (factorsFor(workload).get(name)?.owner !== owner || name === 'workload') return [];
    const origin = byDefault[name] === value ? 'default' : 'flag';
    return [shown(workload, { name, value, origin })];
  });
}

function shown(workload: string, setting: Setting): Shown {
  const factor = factorsFor(workload).get(setting.name);
  if (factor === undefined) return { ...setting, allowed: '', meaning: '' };
  return { ...setting, allowed: allowedBy(factor), meaning: factor.meaning };
}

/** '1 to 1000 ms', 'scan, heap': what may be given. */
export function allowedBy(factor: Factor): string {
  switch (factor.type) {
    case 'choice':
      return factor.choices.join(', ');
    case 'switch':
      return 'true, false';
    case 'number': {
      const { min, max, unit } = factor;
      const bounds = `${bound(min, unit)} to ${bound(max, unit)}`;
      return unit === 'bytes' ? bounds : `${bounds} ${unit}`.trim();
    }
  }
}

/** Exact, so that it can be given. */
function bound(value: number, unit: string): string {
  if (!Number.isSafeInteger(value)) return String(value);
  return unit === 'bytes' ? formatBytes(value) : formatCount(value);
}

function percentOf(margin: number): number {
  return Number(((margin - 1) * 100).toPrecision(6));
}

function tableOf(rows: readonly Shown[]): string {
  return textTable(
    [
      ['name', 'left'],
      ['value', 'right'],
      ['from', 'left'],
      ['allowed', 'left'],
      ['meaning', 'left'],
    ],
    rows.map(({ name, value, origin, allowed, meaning }) => [
      ...[name, String(value), origin, allowed, meaning],
    ]),
  );
}
