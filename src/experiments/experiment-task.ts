// runExperimentTask(): one round of an experiment in the process that calls it, with what the process
// used. A figure that is no finite number is dropped here, with a warning: JSON would turn it into
// null, and one broken figure must not make a whole run unreadable.

import { resourceUsage } from 'node:process';
import { LOAD_CLAIM } from '../record/load-schema.ts';
import type { Warning } from '../record/schema.ts';
import { experimentOf } from './experiments.ts';
import type { ExperimentResult, ExperimentTask, RoundFigures } from './experiment.ts';
import { loads } from './loads.ts';

export async function runExperimentTask(task: ExperimentTask): Promise<ExperimentResult> {
  const { claim, ...order } = task;
  const experiment = claim === LOAD_CLAIM ? loads : experimentOf(claim);
  if (experiment === undefined) throw new Error(`there is no experiment for the claim ${claim}`);
  const cpuBefore = process.cpuUsage();
  const round = finiteFigures(await experiment.runRound(order));
  const cpu = process.cpuUsage(cpuBefore);
  return {
    ...round,
    resources: {
      rssBytesMax: resourceUsage().maxRSS * 1024,
      userSeconds: cpu.user / 1e6,
      systemSeconds: cpu.system / 1e6,
    },
  };
}

/** The round without figures, and points of series, that are not finite. */
export function finiteFigures(round: RoundFigures): RoundFigures {
  const warnings: Warning[] = [...round.warnings];
  const dropped = (name: string): void => {
    const message = `${name} came out as no finite number and is left out`;
    warnings.push({ code: 'not-finite', message, remedy: 'measure longer rounds' });
  };
  const figures: Record<string, number> = {};
  for (const [name, value] of Object.entries(round.figures)) {
    if (Number.isFinite(value)) figures[name] = value;
    else dropped(name);
  }
  const series: Record<string, readonly number[]> = {};
  for (const [name, values] of Object.entries(round.series ?? {})) {
    series[name] = values.filter((value) => Number.isFinite(value));
    if (series[name].length < values.length) dropped(`a point of ${name}`);
  }
  return { ...round, figures, series, warnings };
}
