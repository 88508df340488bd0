// Whether rounds may judge a question at all. Pure. Two lists, never mixed: faults void every figure (the arms
// were not what they are called, stores answered wrongly, there was no disk); doubts go into warnings and
// leave the verdict to the rule. What only one question can know is checked by that question.

import type { PlannedCell, Run } from '../record/run.ts';
import type { Round, Scalar, Warning } from '../record/round.ts';

const MEMORY_FILE_SYSTEMS: readonly string[] = ['tmpfs', 'ramfs'];
/** Starting files may differ by this share in allocated blocks. */
const ALLOCATED_TOLERANCE = 0.01;
/** The store did not hold what it acknowledged. */
export const WRONG_DATA = 'wrong-data';
/** Warnings of a round which say that it did not measure what it was asked to. */
const VOIDING: readonly string[] = [
  WRONG_DATA,
  'wrong-answers',
  'refused-puts',
  'wrong-compaction',
  'leases-due',
  'wrong-expiry',
  'settings-mismatch',
  'state-differs',
  'memory-file-system',
  'dishonest-baseline',
];

/** Why nothing measured here may judge; empty if nothing speaks against it. */
export function faultsOf(
  run: Run,
  rounds: readonly Round[],
  { usesDisk }: { readonly usesDisk: boolean },
): Warning[] {
  if (rounds.length === 0) return [];
  return [
    ...voidedFaults(rounds),
    ...settingsFaults(rounds),
    ...stateFaults(rounds),
    ...(usesDisk ? diskFaults(run) : []),
  ];
}

/** What weakens the figures without voiding them. */
export function doubtsOf(
  run: Run,
  rounds: readonly Round[],
  cells: readonly PlannedCell[],
): Warning[] {
  return [
    ...stateDoubts(rounds),
    ...differingSettings(rounds, cells),
    ...roundDoubts(rounds),
    ...runDoubts(run),
  ];
}

/** One fault a code, with the words of the first round that carries it. */
function voidedFaults(rounds: readonly Round[]): Warning[] {
  return VOIDING.flatMap((code) => {
    const found = rounds.flatMap(({ cell, arm, warnings }) => {
      const own = warnings.find((warning) => warning.code === code);
      return own === undefined ? [] : [{ cell, arm, own }];
    });
    const [first] = found;
    if (first === undefined) return [];
    const { cell, arm, own } = first;
    const many = found.length === 1 ? '' : ` (the first of ${found.length} such rounds)`;
    return [{ ...own, message: `${cell}, arm ${arm}: ${own.message}${many}` }];
  });
}

/** Rounds whose settings, as read back, are not the ones asked for. */
function settingsFaults(rounds: readonly Round[]): Warning[] {
  const mismatched = rounds.flatMap((round) => {
    const name = Object.keys(round.asked).find((one) => {
      const read = round.settings[one];
      return read !== undefined && read !== round.asked[one];
    });
    return name === undefined ? [] : [{ round, name }];
  });
  const [first] = mismatched;
  if (first === undefined) return [];
  const { round, name } = first;
  const message =
    `${mismatched.length} rounds did not run as their arm: the first, of ${round.cell}, arm ` +
    `${round.arm}, asked for ${name} ${String(round.asked[name])} and read back ` +
    String(round.settings[name]);
  return [{ code: 'settings-mismatch', message }];
}

/** Slices that started from files of one size have started from the same file. */
function stateFaults(rounds: readonly Round[]): Warning[] {
  return [...byFile(rounds)].flatMap(([file, own]) => {
    const digests = new Set(own.flatMap(({ state }) => state['digest'] ?? []));
    if (digests.size < 2) return [];
    const message = `slices of ${file} did not start from the same bytes: their digests differ`;
    return [{ code: 'state-differs', message }];
  });
}

function diskFaults({ host }: Run): Warning[] {
  const { fileSystem } = host.workDir;
  if (!MEMORY_FILE_SYSTEMS.includes(fileSystem)) return [];
  return [
    {
      code: 'memory-file-system',
      message: `the work folder lies on ${fileSystem}: syncs cost nothing there`,
      remedy: 'choose a folder on a disk with --work-dir',
    },
  ];
}

function stateDoubts(rounds: readonly Round[]): Warning[] {
  return [...byFile(rounds)].flatMap(([file, own]) => {
    const doubts: Warning[] = [];
    const allocated = own.flatMap(({ state }) => {
      const bytes = state['allocatedBytes'];
      return typeof bytes === 'number' ? [bytes] : [];
    });
    const most = allocated.reduce((a, b) => Math.max(a, b), 0);
    const least = allocated.reduce((a, b) => Math.min(a, b), most);
    if (most - least > ALLOCATED_TOLERANCE * most) {
      const message = `starting files of ${file} differ by over 1% in allocated blocks`;
      doubts.push({ code: 'allocation-differs', message });
    }
    const caches = [...new Set(own.flatMap(({ state }) => state['pageCache'] ?? []))];
    if (caches.length > 1) {
      const message = `page cache differs at the start of ${file}: ${caches.join(', ')}`;
      doubts.push({ code: 'page-cache-differs', message });
    }
    return doubts;
  });
}

/** Settings, as read back, in which arms on one target differ without having been asked to. */
function differingSettings(rounds: readonly Round[], cells: readonly PlannedCell[]): Warning[] {
  return cells.flatMap(({ id, arms }) => {
    const slices = rounds.filter(({ kind, cell }) => kind === 'slice' && cell === id);
    const targets = new Set(arms.map(({ target }) => target));
    const names = [...targets].flatMap((target) => {
      const own = new Set(arms.filter((arm) => arm.target === target).map(({ name }) => name));
      return unaskedDifferences(slices.filter(({ arm }) => own.has(arm)));
    });
    if (names.length === 0) return [];
    const unasked = [...new Set(names)].join(', ');
    const message = `arms of ${id} differ in more than they were asked to: ${unasked}`;
    return [{ code: 'settings-differ', message }];
  });
}

function unaskedDifferences(slices: readonly Round[]): string[] {
  const differs = (of: (round: Round) => Scalar | undefined): boolean =>
    new Set(slices.flatMap((round) => of(round) ?? [])).size > 1;
  const names = new Set(slices.flatMap(({ settings }) => Object.keys(settings)));
  return [...names].filter(
    (name) => differs(({ settings }) => settings[name]) && !differs(({ asked }) => asked[name]),
  );
}

/** Warnings that rounds carry themselves: one of each kind a cell, with how many rounds have it. */
function roundDoubts(rounds: readonly Round[]): Warning[] {
  const kinds = new Map<string, { warning: Warning; cell: string; times: number }>();
  for (const { cell, warnings } of rounds) {
    for (const warning of warnings) {
      if (VOIDING.includes(warning.code)) continue;
      // Figures differ from round to round; what is said of them does not.
      const kind = JSON.stringify([cell, warning.code, warning.message.replace(/[\d.,]+/g, '#')]);
      const known = kinds.get(kind);
      if (known === undefined) kinds.set(kind, { warning, cell, times: 1 });
      else known.times += 1;
    }
  }
  return [...kinds.values()].map(({ warning, cell, times }) => {
    const where = `${cell}, ${times} round${times === 1 ? '' : 's'}`;
    return { ...warning, message: `${where}: ${warning.message}` };
  });
}

/** What the end of a run says against its figures. */
function runDoubts({ status }: Run): Warning[] {
  if (status !== 'interrupted' && status !== 'failed') return [];
  const message = `the run was ${status}: only finished rounds are counted`;
  return [{ code: `run-${status}`, message, remedy: 'let it finish' }];
}

/** Slices by the file they started from, named by cell and size. */
function byFile(rounds: readonly Round[]): Map<string, Round[]> {
  const files = new Map<string, Round[]>();
  for (const round of rounds) {
    if (round.kind !== 'slice') continue;
    const bytes = round.state['dbBytes'];
    const file = bytes === undefined ? round.cell : `${round.cell} (${String(bytes)} bytes)`;
    const own = files.get(file);
    if (own === undefined) files.set(file, [round]);
    else own.push(round);
  }
  return files;
}
