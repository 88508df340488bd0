// What every command that measures begins with: the run's id, what run.json holds from the start, and the
// refusal of a work folder on which nothing can be measured.

import { fileSystemOf } from '../hardware/profile.ts';
import { gitState } from '../record/provenance.ts';
import type { WorkFolder } from '../record/run-folder.ts';
import { SCHEMA_VERSION, type Run } from '../record/schema.ts';
import { KVTUNE_VERSION } from '../version.ts';
import type { CommandContext } from './command.ts';
import { tagsByName } from './common-flags.ts';
import { usageError } from './errors.ts';

const MEMORY_FILE_SYSTEMS: readonly string[] = ['tmpfs', 'ramfs'];

/** A memory file system has no syncs to wait for: every figure would be void. */
export function assertOnDisk(work: WorkFolder): void {
  const fileSystem = fileSystemOf(work.path);
  if (!MEMORY_FILE_SYSTEMS.includes(fileSystem)) return;
  throw usageError(
    `the work folder lies on ${fileSystem}, where a sync costs nothing`,
    'name a folder on a disk with --work-dir',
  );
}

/** Sorts by time, reads as one; the seed keeps runs started in one second apart on purpose. */
export function runId(startedAt: string, seed: number): string {
  return `${startedAt.slice(0, 19).replaceAll(/[-:]/g, '').replace('T', '-')}-s${String(seed)}`;
}

export function startOfRun(
  context: CommandContext,
  about: { readonly id: string; readonly mode: Run['mode']; readonly startedAt: string },
): Omit<Run, 'host' | 'status' | 'cells' | 'untested'> {
  const git = gitState();
  return {
    schemaVersion: SCHEMA_VERSION,
    kvtune: KVTUNE_VERSION,
    ...about,
    seed: context.common.seed,
    command: context.commandLine,
    tags: tagsByName(context.common.tag),
    versions: { node: process.version, v8: process.versions.v8 },
    ...(git === undefined ? {} : { git }),
    warnings: [],
  };
}
