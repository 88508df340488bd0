// How much work the rows do: in full, as the bars are meant, and tiny, to see that all of it runs. Flags
// replace single figures (options.ts).

export interface Scale {
  readonly pairs: number;
  /** Keys of put-sequential and put-random. */
  readonly putKeys: number;
  readonly putsPerCommit: number;
  /** Commits of put-single. */
  readonly singlePuts: number;
  /** Keys of get-random and scan. */
  readonly readKeys: number;
  readonly scanPasses: number;
  /** Pages of the file of open-unsynced; 39% of them are free. */
  readonly openPages: number;
  /** Size of the file of the aged rows. */
  readonly agedBytes: number;
  readonly agedCommits: number;
  /** Puts, and keys, of the rows beside etcd's storage. */
  readonly mvccPuts: number;
}

export const FULL: Scale = {
  pairs: 3,
  putKeys: 100_000,
  putsPerCommit: 1000,
  singlePuts: 2000,
  readKeys: 1_000_000,
  scanPasses: 5,
  openPages: 1_300_000,
  agedBytes: 25e9,
  agedCommits: 10,
  mvccPuts: 300_000,
};

/** Seconds in all. Its figures judge nothing but the honesty of the baseline. */
export const QUICK: Scale = {
  pairs: 2,
  putKeys: 20_000,
  putsPerCommit: 1000,
  singlePuts: 300,
  readKeys: 100_000,
  scanPasses: 5,
  openPages: 65_000,
  agedBytes: 2e9,
  agedCommits: 4,
  mvccPuts: 30_000,
};
