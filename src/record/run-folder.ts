// RunFolder: the files of one run (CONTRACT.md). Rounds are appended as they finish, run.json is
// replaced whole (written beside, then renamed), so an interrupted or killed run leaves everything
// that was measured readable. Owns the work folder too, where databases lie while they are measured.

import {
  appendFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmdirSync,
  rmSync,
  statSync,
  statfsSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { decodeFromCompressedBase64 } from 'hdr-histogram-js';
import type { z } from 'zod';
import {
  claimsFileSchema,
  experimentRoundSchema,
  runSchema,
  sampleSchema,
  surfaceCellSchema,
  type ClaimsFile,
  type ExperimentRound,
  type Run,
  type Sample,
  type SurfaceCell,
} from './schema.ts';
import type { VerdictFile } from './verdict-schema.ts';

export interface StoredRun {
  readonly run: Run;
  readonly samples: readonly Sample[];
  readonly surface: readonly SurfaceCell[];
  readonly experiments: readonly ExperimentRound[];
}

/**
 * A run's files that cannot be used: 'missing', in the way ('exists'), measured 'elsewhere', or
 * 'damaged'.
 */
export class RecordError extends Error {
  override readonly name = 'RecordError';
  readonly kind: 'missing' | 'exists' | 'elsewhere' | 'damaged';

  constructor(kind: RecordError['kind'], message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.kind = kind;
  }
}

/** Files of one record a line, appended to. */
const LINE_FILES: readonly string[] = ['samples.ndjson', 'surface.ndjson', 'experiments.ndjson'];

export class RunFolder {
  readonly path: string;

  /**
   * Makes the folder. Throws RecordError when it cannot be made, or holds a run already that is not
   * to be gone on with.
   */
  constructor(path: string, hold: 'new' | 'resumed' = 'new') {
    this.path = resolve(path);
    if (hold === 'new' && existsSync(join(this.path, 'run.json'))) {
      throw new RecordError(
        'exists',
        `${path} holds a run already; name another folder with --out`,
      );
    }
    makeFolder(this.path, path);
    if (hold === 'resumed') for (const name of LINE_FILES) cutTornLine(join(this.path, name));
  }

  writeRun(run: Run): void {
    writeWhole(join(this.path, 'run.json'), jsonText(run));
  }

  appendSample(sample: Sample): void {
    appendFileSync(join(this.path, 'samples.ndjson'), `${JSON.stringify(sample)}\n`);
  }

  appendSurfaceCell(cell: SurfaceCell): void {
    appendFileSync(join(this.path, 'surface.ndjson'), `${JSON.stringify(cell)}\n`);
  }

  appendExperimentRound(round: ExperimentRound): void {
    appendFileSync(join(this.path, 'experiments.ndjson'), `${JSON.stringify(round)}\n`);
  }
}

/** Writes what was concluded and its renderings into a run's folder; returns the report's path. */
export function writeReport(
  folder: string,
  files: {
    readonly claims?: ClaimsFile;
    readonly verdict?: VerdictFile;
    readonly html: string;
    readonly markdown: string;
    readonly svgs: Readonly<Record<string, string>>;
  },
): string {
  const { claims, verdict } = files;
  if (claims !== undefined) writeText(join(folder, 'claims.json'), jsonText(claims));
  if (verdict !== undefined) writeText(join(folder, 'verdict.json'), jsonText(verdict));
  writeText(join(folder, 'report.html'), files.html);
  writeText(join(folder, 'report.md'), files.markdown);
  for (const [name, svg] of Object.entries(files.svgs)) {
    writeText(join(folder, 'charts', `${name}.svg`), svg);
  }
  return join(folder, 'report.html');
}

/** Writes one rendering to a path of the caller's choice. Throws RecordError where it cannot be. */
export function writeText(path: string, text: string): void {
  try {
    mkdirSync(dirname(resolve(path)), { recursive: true });
    writeWhole(resolve(path), text);
  } catch (error) {
    throw new RecordError('missing', `${path} cannot be written: ${messageOf(error)}`, {
      cause: error,
    });
  }
}

/** Reads a run back. A last line cut short by a kill is dropped; anything else wrong is an error. */
export function readRun(folder: string): StoredRun {
  const run = runSchema.safeParse(readJson(join(folder, 'run.json')));
  if (!run.success)
    throw new RecordError('damaged', `${join(folder, 'run.json')}: ${issueOf(run.error)}`);
  return {
    run: run.data,
    samples: readLines(join(folder, 'samples.ndjson'), sampleSchema),
    surface: readLines(join(folder, 'surface.ndjson'), surfaceCellSchema),
    experiments: readExperiments(join(folder, 'experiments.ndjson')),
  };
}

/** The claims file of a folder, when it has one. */
export function readClaims(folder: string): ClaimsFile | undefined {
  const path = join(folder, 'claims.json');
  if (!existsSync(path)) return undefined;
  const claims = claimsFileSchema.safeParse(readJson(path));
  if (!claims.success) throw new RecordError('damaged', `${path}: ${issueOf(claims.error)}`);
  return claims.data;
}

function jsonText(value: object): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}

function readLines<T>(path: string, schema: z.ZodType<T>): T[] {
  if (!existsSync(path)) return [];
  const text = readFileSync(path, 'utf8');
  const lines = text.split('\n');
  // Without its newline the last line was not finished.
  lines.pop();
  return lines.map((line, i) => {
    const record = schema.safeParse(parse(line, `${path}, line ${String(i + 1)}`));
    if (!record.success) {
      throw new RecordError('damaged', `${path}, line ${String(i + 1)}: ${issueOf(record.error)}`);
    }
    return record.data;
  });
}

/** A schema does not see into a histogram; its own checksum does. */
function readExperiments(path: string): ExperimentRound[] {
  const rounds = readLines(path, experimentRoundSchema);
  for (const [i, { histograms }] of rounds.entries()) {
    for (const [name, text] of Object.entries(histograms)) {
      try {
        decodeFromCompressedBase64(text, 64);
      } catch (error) {
        const where = `${path}, line ${String(i + 1)}`;
        throw new RecordError('damaged', `${where}: histogram ${name}: ${messageOf(error)}`, {
          cause: error,
        });
      }
    }
  }
  return rounds;
}

/** What a kill left of a line would spoil the line that is appended next. */
function cutTornLine(path: string): void {
  if (!existsSync(path)) return;
  const bytes = readFileSync(path);
  const end = bytes.lastIndexOf(0x0a) + 1;
  if (end < bytes.length) truncateSync(path, end);
}

function readJson(path: string): unknown {
  if (!existsSync(path))
    throw new RecordError('missing', `${path} does not exist; name a run's folder`);
  return parse(readFileSync(path, 'utf8'), path);
}

function parse(text: string, where: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new RecordError('damaged', `${where} is no JSON: ${messageOf(error)}`, { cause: error });
  }
}

function issueOf(error: {
  issues: readonly { path: readonly PropertyKey[]; message: string }[];
}): string {
  const [first] = error.issues;
  return first === undefined
    ? 'wrong shape'
    : [first.path.map(String).join('.'), first.message].filter((part) => part !== '').join(': ');
}

function writeWhole(path: string, text: string): void {
  const beside = `${path}.new`;
  try {
    writeFileSync(beside, text);
    renameSync(beside, path);
  } catch (error) {
    rmSync(beside, { force: true });
    throw error;
  }
}

/** Returns the topmost folder made; undefined when all were there. `named`: as the user gave it. */
function makeFolder(path: string, named: string): string | undefined {
  try {
    return mkdirSync(path, { recursive: true });
  } catch (error) {
    throw new RecordError('missing', `${named} cannot be made: ${messageOf(error)}`, {
      cause: error,
    });
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** A folder for databases under measurement: made here, and removed with all it holds. */
export class WorkFolder {
  readonly path: string;
  /** Topmost folder that had to be made for it. */
  readonly #made: string | undefined;

  /**
   * Makes the folder. Throws RecordError where it cannot be made, or where one that should be 'new' is
   * there: remove() would take away what another run measures in it.
   */
  constructor(path: string, hold: 'new' | 'resumed' = 'resumed') {
    this.path = resolve(path);
    const above = makeFolder(dirname(this.path), path);
    const own = makeFolder(this.path, path);
    if (hold === 'new' && own === undefined) {
      throw new RecordError(
        'exists',
        `${path} is in use by a run that began in this second; start again`,
      );
    }
    this.#made = above ?? own;
  }

  file(name: string): string {
    return join(this.path, name);
  }

  /** Path of a folder in it that holds nothing. */
  emptyFolder(name: string): string {
    this.removeFolder(name);
    const path = this.file(name);
    mkdirSync(path);
    return path;
  }

  removeFolder(name: string): void {
    rmSync(this.file(name), { recursive: true, force: true });
  }

  /** Bytes this user may still write there. */
  freeBytes(): number {
    const stats = statfsSync(this.path);
    return stats.bavail * stats.bsize;
  }

  /** Removes what a run that was killed left in it. */
  clear(): void {
    for (const name of readdirSync(this.path)) {
      rmSync(join(this.path, name), { recursive: true, force: true });
    }
  }

  /** Removes it with all it holds, and the folders that were made for it and are empty now. */
  remove(): void {
    rmSync(this.path, { recursive: true, force: true });
    if (this.#made === undefined) return;
    for (
      let above = dirname(this.path);
      above.length >= this.#made.length;
      above = dirname(above)
    ) {
      if (!existsSync(above) || readdirSync(above).length > 0) return;
      rmdirSync(above);
    }
  }
}

/** Whether there is a file at `path`: not a folder, nor a pipe whose opening waits for a writer. */
export function isFile(path: string): boolean {
  return existsSync(path) && statSync(path).isFile();
}

/** Bytes free in the folder that will hold `path`. */
export function freeBytesAt(path: string): number {
  let folder = dirname(resolve(path));
  while (!existsSync(folder)) folder = dirname(folder);
  const stats = statfsSync(folder);
  return stats.bavail * stats.bsize;
}
