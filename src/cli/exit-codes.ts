// Exit codes: the closed table that scripts rely on. A code keeps its meaning for good; a new meaning
// gets a new number. Only main.ts ends the process with one.

export const EXIT = {
  ok: 0,
  internal: 1,
  usage: 2,
  regression: 3,
  inconclusive: 4,
  invalid: 5,
  target: 6,
  hostRefused: 7,
  budget: 8,
  baseline: 9,
  interrupted: 130,
} as const;

export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/** What each code tells a script, in the words that --help prints. */
export const EXIT_MEANINGS: Readonly<Record<ExitCode, string>> = {
  0: 'ok, or the check passed',
  1: 'internal error: a fault of kvtune itself',
  2: 'usage: a command, flag or value that cannot be used',
  3: 'regression shown (ab: b is worse; reproduce --strict: a claim shown not to hold)',
  4: 'inconclusive: the data cannot tell',
  5: 'invalid measurement: the figures must not be used',
  6: 'target error, corrupt file or failed verification',
  7: 'host refused',
  8: 'budget or time-out used up',
  9: 'baseline missing or incompatible',
  130: 'interrupted',
};

/** Reserved for commands that do not exist yet: kept from being reused, and out of --help. */
export const EXIT_RESERVED: readonly ExitCode[] = [EXIT.hostRefused, EXIT.baseline];
