// --show-config: everything that a request settles: of the workload, the load and each arm, with value, origin,
// allowed range and meaning, as the factor table has them. Values read as they can be given again.

import Table from 'cli-table3';
import type { Factor } from '../question/factor.ts';
import { factorsFor } from '../question/factors.ts';
import type { Scalar } from '../record/round.ts';
import type { LoadRequest } from '../record/run.ts';
import { defaultFactors } from './load-flags.ts';
import { formatBytes, formatCount } from './units.ts';

type Origin = LoadRequest['arms'][number]['settings'][number]['origin'];

interface Shown {
  readonly name: string;
  readonly value: Scalar;
  readonly origin: Origin;
  readonly allowed: string;
  readonly meaning: string;
}

export function configJson(request: LoadRequest): object {
  const { command, workload, margin, sessionsMin, sessionsMax, slicesPerSession } = request;
  const [parameters, load] = [cellOf(request, 'workload'), cellOf(request, 'load')];
  return {
    ...{ command, workload, parameters, load },
    arms: request.arms.map(({ name, config, settings }) => ({
      ...{ name, config, settings: settings.map((one) => shown(workload, one)) },
    })),
    levels: request.levels,
    ...{ margin, sessionsMin, sessionsMax, slicesPerSession },
  };
}

export function configText(request: LoadRequest): string {
  const { command, workload, arms, levels, sessionsMax, slicesPerSession } = request;
  const slices = `${counted(slicesPerSession, 'slice')} of each arm`;
  const sessions = `${counted(sessionsMax, 'session')}, each with ${slices}`;
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

function shown(
  workload: string,
  setting: { readonly name: string; readonly value: Scalar; readonly origin: Origin },
): Shown {
  const factor = factorsFor(workload).get(setting.name);
  const { name, value, origin } = setting;
  if (factor === undefined) return { name, value, origin, allowed: '', meaning: '' };
  return { name, value, origin, allowed: allowedBy(factor), meaning: factor.meaning };
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

function counted(count: number, noun: string): string {
  return `${String(count)} ${noun}${count === 1 ? '' : 's'}`;
}

function percentOf(margin: number): number {
  return Number(((margin - 1) * 100).toPrecision(6));
}

function tableOf(rows: readonly Shown[]): string {
  const table = new Table({
    head: ['name', 'value', 'from', 'allowed', 'meaning'],
    colAligns: ['left', 'right', 'left', 'left', 'left'],
    style: { head: [], border: [], compact: true },
  });
  for (const { name, value, origin, allowed, meaning } of rows) {
    table.push([name, String(value), origin, allowed, meaning]);
  }
  return table.toString();
}
