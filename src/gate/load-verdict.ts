// judgeLoads(): what the rounds of a command run, ab or sweep amount to. Pure. A round whose figures the load
// generator set does not judge; where those are over a quarter, the whole is invalid. A round that left a
// store which is not as it must be voids everything. How two arms are compared: load-comparison.ts.

import type { LoadRun } from '../record/load-schema.ts';
import { SCHEMA_VERSION, type ExperimentRound, type Run, type Warning } from '../record/schema.ts';
import type { LoadComparison, LoadVerdict, VerdictFile } from '../record/verdict-schema.ts';
import { compareLoads, LOAD_ALPHA } from './load-comparison.ts';
import { findingOf } from './load-finding.ts';
import { loadPanels, loadRows } from './load-panels.ts';
import {
  laneSummaries,
  roundWarnings,
  sortRounds,
  type RoundUnderLoad,
  type SortedRounds,
} from './load-rounds.ts';

export interface LoadInput {
  readonly run: Run;
  readonly plan: LoadRun;
  readonly experiments: readonly ExperimentRound[];
  /** Uniform numbers in [0, 1), seeded from the run: bootstraps draw from it. */
  readonly unit: () => number;
}

export function judgeLoads({ run, plan, experiments, unit }: LoadInput): VerdictFile {
  const sorted = sortRounds(experiments);
  const { all, usable } = sorted;
  const { comparisons, method, warnings } = compareLoads(plan, usable, unit);
  const lanes = laneSummaries(usable);
  const ended = laneSummaries(all).some(({ operations }) => operations > 0);
  const verdict = verdictOf(plan, sorted, comparisons, ended);
  const panels = loadPanels(plan, usable, unit);
  const cells = new Map(all.map(({ cell, factors }) => [cell, { cell, factors }]));
  return {
    schemaVersion: SCHEMA_VERSION,
    kvtune: run.kvtune,
    ...{ seed: run.seed, startedAt: run.startedAt, status: run.status },
    host: { fingerprint: run.host.fingerprint },
    ...{ command: plan.command, workload: plan.workload, verdict },
    finding: findingOf({ plan, verdict, sorted, comparisons, lanes }),
    ...{ lanes, comparisons: [...comparisons], method, alpha: LOAD_ALPHA },
    ...healthOf(all),
    verified: verifiedOf(all),
    warnings: [...boundWarnings(sorted), ...roundWarnings(all), ...warnings],
    panels,
    rows: loadRows(plan, usable, unit),
    cells: plan.command === 'sweep' ? [...cells.values()] : [],
  };
}

function verdictOf(
  { command }: LoadRun,
  { invalid, faults }: SortedRounds,
  comparisons: readonly LoadComparison[],
  ended: boolean,
): LoadVerdict {
  if (faults.length > 0) return 'wrong-data';
  if (!ended) return 'nothing';
  if (invalid) return 'invalid';
  if (command !== 'ab') return 'measured';
  const deciding = comparisons.filter((one) => one.deciding).map(({ verdict }) => verdict);
  if (deciding.includes('worse')) return 'worse';
  if (deciding.includes('better')) return 'better';
  if (deciding.length === 0 || deciding.includes('inconclusive')) return 'inconclusive';
  return 'alike';
}

function healthOf(rounds: readonly RoundUnderLoad[]): Pick<VerdictFile, 'health'> {
  if (rounds.length === 0) return {};
  const healths = rounds.map(({ load }) => load.health);
  return {
    health: {
      lateNsP99: Math.max(...healths.map(({ lateNsP99 }) => lateNsP99)),
      skipped: healths.reduce((sum, { skipped }) => sum + skipped, 0),
      cpuShareMax: Math.max(...healths.flatMap(({ cpuShares }) => cpuShares)),
    },
  };
}

function verifiedOf(rounds: readonly RoundUnderLoad[]): VerdictFile['verified'] {
  const checks = rounds.flatMap(({ load }) => load.verification ?? []);
  return {
    rounds: checks.length,
    ok: checks.filter(({ ok }) => ok).length,
    entries: checks.reduce((sum, { entries }) => sum + entries, 0),
  };
}

function boundWarnings({ all, usable, invalid, faults }: SortedRounds): Warning[] {
  const warnings: Warning[] = faults.map((message) => ({ code: 'wrong-data', message }));
  const left = all.length - usable.length;
  if (!invalid && left > 0) {
    const message = `${left} of ${all.length} rounds left out: the load generator set their figures`;
    warnings.push({ code: 'generator', message });
  }
  return warnings;
}
