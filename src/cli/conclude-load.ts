// From recorded rounds under load to a verdict, a report and an exit code. Used when run, ab and sweep end and
// when a stored run of theirs is rendered again, so that both say the same.

import { Random } from '../../engine/index.ts';
import { judgeLoads } from '../gate/load-verdict.ts';
import type { LoadRun } from '../record/load-schema.ts';
import type { StoredRun } from '../record/run-folder.ts';
import type { VerdictFile } from '../record/verdict-schema.ts';
import type { LoadReportInput } from '../report/load-report.ts';
import { EXIT, type ExitCode } from './exit-codes.ts';

/** Undefined where the run is one that judges claims. */
export function concludeLoads({ run, experiments }: StoredRun): LoadReportInput | undefined {
  const plan: LoadRun | undefined = run.load;
  if (plan === undefined) return undefined;
  const random = new Random(run.seed);
  const verdict = judgeLoads({ run, plan, experiments, unit: () => random.unit() });
  return { run, plan, experiments, verdict };
}

export function loadExitCode({ verdict, status }: VerdictFile): ExitCode {
  if (verdict === 'wrong-data') return EXIT.target;
  if (status === 'interrupted') return EXIT.interrupted;
  switch (verdict) {
    case 'invalid':
      return EXIT.invalid;
    case 'worse':
      return EXIT.regression;
    case 'inconclusive':
    case 'nothing':
      return EXIT.inconclusive;
    case 'measured':
    case 'better':
    case 'alike':
      return EXIT.ok;
  }
}
