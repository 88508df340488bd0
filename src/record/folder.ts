// RunFolder: the files of one run (CONTRACT.md), version 2. Rounds are appended as they end; run.json is
// replaced whole (written beside, then renamed), so an interrupted or killed run leaves everything that was
// measured readable. Where databases lie meanwhile is work-folder.ts's; runs of version 1 are upgrade.ts's.

import {
  appendFileSync,
  existsSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { decodeFromCompressedBase64 } from 'hdr-histogram-js';
import { z } from 'zod';
import type { AnswersFile } from './answer.ts';
import { checked, readJson, readLines } from './read-file.ts';
import { messageOf, RecordError } from './record-error.ts';
import { roundSchema, SCHEMA_VERSION, type Round } from './round.ts';
import { runSchema, type Run } from './run.ts';
import { makeFolder } from './work-folder.ts';

export { RecordError } from './record-error.ts';
export { freeBytesAt, WorkFolder } from './work-folder.ts';

/** A run as its folder holds it. */
export interface StoredRun {
  readonly run: Run;
  readonly rounds: readonly Round[];
}

const RUN_FILE = 'run.json';
const ROUNDS_FILE = 'rounds.ndjson';
/** Of the histograms' decoder, which checks their sums. */
const COUNTER_BITS = 64;

const versionSchema = z.object({ schemaVersion: z.number() });

export class RunFolder {
  readonly path: string;

  /**
   * Makes the folder. Throws RecordError when it cannot be made, or holds a run already that is not
   * to be resumed.
   */
  constructor(path: string, hold: 'new' | 'resumed' = 'new') {
    this.path = resolve(path);
    if (hold === 'new' && existsSync(join(this.path, RUN_FILE))) {
      throw new RecordError(
        'exists',
        `${path} holds a run already; name another folder with --out`,
      );
    }
    makeFolder(this.path, path);
    if (hold === 'resumed') cutTornLine(join(this.path, ROUNDS_FILE));
  }

  writeRun(run: Run): void {
    writeWhole(join(this.path, RUN_FILE), jsonText(run));
  }

  /** A line that a full disk cut short is taken back, so that later ones can still be read. */
  appendRound(round: Round): void {
    const path = join(this.path, ROUNDS_FILE);
    try {
      appendFileSync(path, `${JSON.stringify(round)}\n`);
    } catch (error) {
      cutTornLine(path);
      throw error;
    }
  }
}

/** Reads a run back. A last line cut short by a kill is dropped; anything else wrong is a RecordError. */
export function readRun(folder: string): StoredRun {
  const path = join(folder, RUN_FILE);
  const content = readJson(path);
  const version = versionSchema.safeParse(content).data?.schemaVersion ?? SCHEMA_VERSION;
  const found = `${path} has schemaVersion ${version}`;
  if (version < SCHEMA_VERSION) {
    throw new RecordError('old', `${found}; such runs can be rendered, not resumed`);
  }
  if (version > SCHEMA_VERSION) {
    throw new RecordError('damaged', `${found}, this kvtune reads up to ${SCHEMA_VERSION}`);
  }
  return {
    run: checked(content, path, runSchema),
    rounds: readRounds(join(folder, ROUNDS_FILE)),
  };
}

/** Writes what was concluded and its renderings into a run's folder; returns the report's path. */
export function writeReport(
  folder: string,
  files: {
    readonly answers: AnswersFile;
    /** Of claimsView(). */
    readonly claims?: object;
    readonly html: string;
    readonly markdown: string;
    readonly svgs: Readonly<Record<string, string>>;
  },
): string {
  const { answers, claims } = files;
  writeText(join(folder, 'answers.json'), jsonText(answers));
  if (claims !== undefined) writeText(join(folder, 'claims.json'), jsonText(claims));
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
    makeFolder(dirname(resolve(path)), dirname(path));
    writeWhole(resolve(path), text);
  } catch (error) {
    if (error instanceof RecordError) throw error;
    throw new RecordError('missing', `${path} cannot be written: ${messageOf(error)}`, {
      cause: error,
    });
  }
}

/** Whether there is a file at `path`: not a folder, nor a pipe whose opening waits for a writer. */
export function isFile(path: string): boolean {
  return existsSync(path) && statSync(path).isFile();
}

/** A schema does not see into a histogram; its own checksum does. */
function readRounds(path: string): Round[] {
  const rounds = readLines(path, roundSchema);
  for (const [i, { histograms }] of rounds.entries()) {
    for (const [name, text] of Object.entries(histograms)) {
      try {
        decodeFromCompressedBase64(text, COUNTER_BITS);
      } catch (error) {
        const where = `${path}, line ${i + 1}: histogram ${name}`;
        throw new RecordError('damaged', `${where}: ${messageOf(error)}`, { cause: error });
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

function jsonText(value: object): string {
  return `${JSON.stringify(value, null, 2)}\n`;
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
