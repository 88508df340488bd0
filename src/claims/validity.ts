// Whether rounds may judge a claim at all. Pure. Two lists, never mixed: faults make every figure
// 'invalid' (the arms were not what they are called, the baseline is a strawman, there was no
// disk); doubts go into warnings and leave the verdict to the rule.

import type { ExperimentRound, Run, Sample, Warning } from '../record/schema.ts';

const MEMORY_FILE_SYSTEMS: readonly string[] = ['tmpfs', 'ramfs'];
/** Starting files of one cell may differ by this share in allocated blocks. */
const ALLOCATED_TOLERANCE = 0.01;

/** Rounds with a completion time and a commit latency; the rest cannot enter a ratio. */
export function usableRounds(samples: readonly Sample[]): {
  usable: Sample[];
  warnings: Warning[];
} {
  const usable = samples.filter(
    ({ completionSeconds, commitNs }) =>
      isPositive(completionSeconds) && isPositive(commitNs.median),
  );
  const dropped = samples.length - usable.length;
  if (dropped === 0) return { usable, warnings: [] };
  const message = `${String(dropped)} rounds left out: their times are zero or no numbers`;
  return { usable, warnings: [{ code: 'unusable-rounds', message }] };
}

/** Why nothing measured here may judge a claim; empty if nothing speaks against it. */
export function faultsOf(run: Run, samples: readonly Sample[]): Warning[] {
  const faults: Warning[] = diskFaults(run);
  const { calibration } = run;
  if (calibration !== undefined && !calibration.ok) {
    const {
      peer,
      ratio,
      probesPerAllocationOurs: ours,
      probesPerAllocationPeer: theirs,
    } = calibration;
    faults.push({
      code: 'dishonest-baseline',
      message:
        `the array arm spends ${ratio.toFixed(2)} times what ${peer} spends in its freelist on ` +
        `the same file (at most 1.25 allowed), at ${ours.toFixed(1)} against ` +
        `${theirs.toFixed(1)} probes an allocation`,
      remedy: 'npm run bench:peers shows both',
    });
  }
  faults.push(...armFaults(samples, 'freelist'));
  for (const [cell, rounds] of byCell(samples)) {
    if (new Set(rounds.map((round) => round.state.digest)).size < 2) continue;
    faults.push({
      code: 'state-differs',
      message: `rounds of ${cell} did not start from the same bytes: their digests differ`,
    });
  }
  return faults;
}

/** What weakens the figures without voiding them. */
export function doubtsOf(run: Run, samples: readonly Sample[]): Warning[] {
  const doubts: Warning[] = runDoubts(run);
  for (const [cell, rounds] of byCell(samples)) {
    const allocated = rounds.map((round) => round.state.allocatedBytes);
    const most = Math.max(...allocated);
    if (most - Math.min(...allocated) > ALLOCATED_TOLERANCE * most) {
      const message = `starting files of ${cell} differ by over 1% in allocated blocks`;
      doubts.push({ code: 'allocation-differs', message });
    }
    const caches = [...new Set(rounds.map((round) => round.state.pageCache))];
    if (caches.length > 1) {
      const message = `page cache differs at the start of ${cell}: ${caches.join(', ')}`;
      doubts.push({ code: 'page-cache-differs', message });
    }
    const differing = differingSettings(rounds);
    if (differing.length > 0) {
      const message = `arms of ${cell} differ in more than the freelist: ${differing.join(', ')}`;
      doubts.push({ code: 'settings-differ', message });
    }
  }
  return doubts;
}

/** A claim in whose path syncs lie is void where they cost nothing. */
export function diskFaults(run: Run): Warning[] {
  const { fileSystem } = run.host.workDir;
  if (!MEMORY_FILE_SYSTEMS.includes(fileSystem)) return [];
  return [
    {
      code: 'memory-file-system',
      message: `the work folder lies on ${fileSystem}: syncs cost nothing there`,
      remedy: 'choose a folder on a disk with --work-dir',
    },
  ];
}

/** Rounds whose setting of this name, as read back, is not what their arm is called. */
export function armFaults(
  rounds: readonly Pick<Sample, 'cell' | 'arm' | 'settings'>[],
  setting: string,
): Warning[] {
  const mismatched = rounds.filter((round) => round.settings[setting] !== round.arm);
  const [first] = mismatched;
  if (first === undefined) return [];
  const read = String(first.settings[setting] ?? `no ${setting} setting`);
  const message =
    `${String(mismatched.length)} rounds did not run as their arm: the first, of ` +
    `${first.cell}, is called ${first.arm} and read back ${read}`;
  return [{ code: 'settings-mismatch', message }];
}

/** What the end of a run says against its figures. */
export function runDoubts(run: Run): Warning[] {
  if (run.status !== 'interrupted' && run.status !== 'failed') return [];
  const message = `the run was ${run.status}: only finished rounds are counted`;
  return [{ code: `run-${run.status}`, message, remedy: 'let it finish' }];
}

/** Warnings that rounds carry themselves, each once, with how many rounds had it. */
export function roundDoubts(rounds: readonly ExperimentRound[]): Warning[] {
  const seen = new Map<string, { warning: Warning; cell: string; times: number }>();
  for (const { cell, warnings } of rounds) {
    for (const warning of warnings) {
      const key = JSON.stringify([cell, warning.code, warning.message]);
      const known = seen.get(key);
      if (known === undefined) seen.set(key, { warning, cell, times: 1 });
      else known.times += 1;
    }
  }
  return [...seen.values()].map(({ warning, cell, times }) => {
    const where = `${cell}, ${String(times)} round${times === 1 ? '' : 's'}`;
    return { ...warning, message: `${where}: ${warning.message}` };
  });
}

function differingSettings(rounds: readonly Sample[]): string[] {
  const names = new Set(rounds.flatMap((round) => Object.keys(round.settings)));
  names.delete('freelist');
  return [...names].filter((name) => new Set(rounds.map((round) => round.settings[name])).size > 1);
}

function byCell(samples: readonly Sample[]): Map<string, Sample[]> {
  const cells = new Map<string, Sample[]>();
  for (const sample of samples) {
    const rounds = cells.get(sample.cell);
    if (rounds === undefined) cells.set(sample.cell, [sample]);
    else rounds.push(sample);
  }
  return cells;
}

function isPositive(value: number): boolean {
  return Number.isFinite(value) && value > 0;
}

/** Rounds that carry one of these warnings: what they measured is not what they were asked. */
export function voidedFaults(
  rounds: readonly ExperimentRound[],
  codes: readonly string[],
): Warning[] {
  return codes.flatMap((code) => {
    const own = rounds.filter(({ warnings }) => warnings.some((warning) => warning.code === code));
    const [first] = own;
    if (first === undefined) return [];
    const message = `${String(own.length)} rounds are void (${code}), the first of ${first.cell}`;
    return [{ code, message }];
  });
}
