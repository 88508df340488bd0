// Whether rounds may judge a claim at all. Pure. Two lists, never mixed: faults make every figure
// 'invalid' (the arms were not what they are called, the baseline is a strawman, there was no
// disk); doubts go into warnings and leave the verdict to the rule.

import type { Run, Sample, Warning } from '../record/schema.ts';

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
  const faults: Warning[] = [];
  const { fileSystem } = run.host.workDir;
  if (MEMORY_FILE_SYSTEMS.includes(fileSystem)) {
    faults.push({
      code: 'memory-file-system',
      message: `the work folder lies on ${fileSystem}: syncs cost nothing there`,
      remedy: 'choose a folder on a disk with --work-dir',
    });
  }
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
  const mismatched = samples.filter((sample) => sample.settings['freelist'] !== sample.arm);
  const [first] = mismatched;
  if (first !== undefined) {
    const read = String(first.settings['freelist'] ?? 'no freelist setting');
    faults.push({
      code: 'settings-mismatch',
      message:
        `${String(mismatched.length)} rounds did not run as their arm: the first, of ` +
        `${first.cell}, is called ${first.arm} and read back ${read}`,
    });
  }
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
  const doubts: Warning[] = [];
  if (run.status === 'interrupted' || run.status === 'failed') {
    const message = `the run was ${run.status}: only finished rounds are counted`;
    doubts.push({ code: `run-${run.status}`, message, remedy: 'let it finish' });
  }
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
