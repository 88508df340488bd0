// --show-config: every setting of a plan with its value and where it comes from. Values read as they can be
// given again.

import Table from 'cli-table3';
import type { LoadRun } from '../record/load-schema.ts';
import type { Scalar } from '../record/schema.ts';
import { findWorkload } from './load-flags.ts';

interface Shown {
  readonly name: string;
  readonly value: Scalar;
  readonly origin: string;
}

export function configJson(plan: LoadRun): object {
  const arms = plan.arms.map(({ name, config, settings }) => ({ name, config, settings }));
  return { workload: plan.workload, parameters: parametersOf(plan), arms };
}

export function configText(plan: LoadRun): string {
  const parts = [
    `workload ${plan.workload} (set with --param name=value)`,
    tableOf(parametersOf(plan)),
    ...plan.arms.flatMap(({ name, config, settings }) => {
      const flag = plan.command === 'ab' ? `--${name}` : '--config';
      return [`store (set with ${flag} name=value,...; here: ${config})`, tableOf(settings)];
    }),
  ];
  return `${parts.join('\n')}\n`;
}

function parametersOf({ workload, parameters }: LoadRun): Shown[] {
  const specs = findWorkload(workload).parameters;
  return Object.entries(parameters).map(([name, value]) => ({
    ...{ name, value },
    origin: specs[name]?.default === value ? 'default' : 'flag',
  }));
}

function tableOf(shown: readonly Shown[]): string {
  const table = new Table({
    head: ['name', 'value', 'from'],
    colAligns: ['left', 'right', 'left'],
    style: { head: [], border: [], compact: true },
  });
  for (const { name, value, origin } of shown) table.push([name, String(value), origin]);
  return table.toString();
}
