// What a `*.bench.ts` exports: `cases()`, work that is timed; where something is better counted than
// timed, `countings()`, figures that repeat exactly; and `trials()`, figures under load, which take
// threads, a disk or more work than a run holds, and are held to bars. All are built from a setting, so
// that the same code runs in full when somebody measures, and tiny in every run of the tests. `npm run
// bench` times and prints (scripts/bench.ts); a bench knows no console, and only a trial a clock.

import type { SpanList } from './span-list.ts';

/** What the builder of cases is handed. */
export interface BenchSetting {
  readonly size: 'full' | 'tiny';
  /** Adds what takes gigabytes or minutes, under titles that say 'large run'. */
  readonly large: boolean;
  /**
   * Free spans as the life told by the recipe of that name leaves them, ascending, with about
   * `freePages` pages in all. Shared between cases: copy before changing.
   */
  readonly agedSpans: (recipe: string, freePages: number) => SpanList;
}

/**
 * One arm of a group. Arms of a group are measured in turn; those named for a kind of freelist do the
 * same work and are compared.
 */
export interface BenchCase {
  readonly group: string;
  readonly name: string;
  /** What the time is per. */
  readonly operation: string;
  /** Operations in one call of run(). */
  readonly operations: number;
  /**
   * Calls of run() a round, where each changes what the next one meets: so all arms live the same
   * history. undefined: as many as fit the time.
   */
  readonly runs?: number;
  /** Builds what run() works on. Called once, shortly before the first run. */
  readonly prepare: () => BenchRun;
}

export interface BenchRun {
  /** Gets ready for the next run(); not timed. */
  readonly before?: () => void;
  /** Does the operations. What it returns depends on all of them, so that none can be left out. */
  readonly run: () => number;
  /** Throws unless the runs so far did their work. Called after one run at least. */
  readonly verify: () => void;
}

/** A figure that is counted: the same for equal settings on every machine. */
export interface BenchCount {
  readonly name: string;
  readonly unit: string;
  readonly array: number;
  readonly hashmap: number;
  readonly bitmap: number;
  /** What the bitmap's figure may be at most, in words and as a number; undefined: no bar is set. */
  readonly bar: { readonly text: string; readonly most: number } | undefined;
}

/** Figures that come from one piece of work. */
export interface BenchCounting {
  readonly group: string;
  readonly count: () => readonly BenchCount[];
}

/** What a trial reads off in one round, by name: every round the same names. */
export type BenchReadings = Readonly<Record<string, number>>;

/** A figure made of the readings of each round; the rounds give it its interval. */
export interface BenchFigure {
  readonly name: string;
  readonly unit: string;
  readonly of: (readings: BenchReadings) => number;
  /** What it is held to; undefined: it stands beside, to explain. */
  readonly bar?: { readonly least: number } | { readonly most: number };
}

/** A measurement under load. Arms that are compared run in turn within each round. */
export interface BenchTrial {
  readonly group: string;
  /** Sizes, threads and settings, in a line. */
  readonly conditions: string;
  readonly figures: readonly BenchFigure[];
  /** Every round gives the same, so that one is enough and no figure needs an interval. */
  readonly exact?: boolean;
  /** Builds what rounds work on. `folder` is empty, on the disk under measurement, and goes afterwards. */
  readonly prepare: (folder: string) => Promise<BenchRounds> | BenchRounds;
}

export interface BenchRounds {
  readonly round: () => Promise<BenchReadings> | BenchReadings;
  /** Ends threads and closes files; throws unless the rounds did their work. */
  readonly close: () => Promise<void> | void;
}

export interface BenchModule {
  readonly cases?: (setting: BenchSetting) => readonly BenchCase[];
  readonly countings?: (setting: BenchSetting) => readonly BenchCounting[];
  readonly trials?: (setting: BenchSetting) => readonly BenchTrial[];
}
