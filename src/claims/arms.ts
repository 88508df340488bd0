// One arm of one cell over all its rounds, for the tables of a report: medians of the rounds' own
// figures, never a percentile of percentiles mixed by weight. Pure. Ratios between arms are not
// taken here: a ratio of medians would lose the pairing.

import type { Arm, Cell, Sample } from '../record/schema.ts';
import { median } from '../stats/quantile.ts';
import { armRounds } from './rounds.ts';

/** Arms that have rounds, in the order of `cells`, and by name within a cell. */
export function summarizeArms(cells: readonly Cell[], samples: readonly Sample[]): Arm[] {
  return cells.flatMap((cell) => {
    const rounds = armRounds(samples, cell);
    const names = [...new Set(rounds.map((round) => round.arm))].sort();
    return names.map((name) =>
      summarizeArm(
        cell,
        name,
        rounds.filter((round) => round.arm === name),
      ),
    );
  });
}

function summarizeArm(cell: Cell, name: string, rounds: readonly Sample[]): Arm {
  const middle = (figure: (round: Sample) => number): number => median(rounds.map(figure)) ?? 0;
  return {
    cell: cell.id,
    name,
    settings: rounds[0]?.settings ?? {},
    rounds: rounds.length,
    completionSeconds: middle((round) => round.completionSeconds),
    putsPerSecond: middle((round) => round.puts / round.completionSeconds),
    commitMsMedian: middle((round) => round.commitNs.median / 1e6),
    commitMsP90: middle((round) => round.commitNs.p90 / 1e6),
    commits: rounds.reduce((sum, round) => sum + round.commitNs.n, 0),
    phases: {
      put: middle((round) => round.phases.put),
      spill: middle((round) => round.phases.spill),
      release: middle((round) => round.phases.release),
      freelist: middle((round) => round.phases.freelist),
      write: middle((round) => round.phases.write),
      sync: middle((round) => round.phases.sync),
    },
    bytesWritten: middle((round) => round.counts.bytesWritten),
    pagesWritten: middle((round) => round.counts.pagesWritten),
    fileGrowthBytes: middle((round) => round.counts.fileGrowthBytes),
    freelistBytes: middle((round) => round.counts.freelistBytes),
    // No allocation leaves no quotient: median() skips it, and 0 stands for 'none probed'.
    probesPerAllocation: middle((round) => round.counts.probes / round.counts.allocations),
    runFoundShare: middle(runFoundShare),
  };
}

/** 1 without a multi-page allocation: none had to grow the file. */
function runFoundShare({ counts }: Sample): number {
  return counts.multiPageAllocations === 0
    ? 1
    : counts.multiPageAllocationsFromRun / counts.multiPageAllocations;
}
