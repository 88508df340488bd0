// What every command that measures begins with: the run's id, what run.json holds from the start, and the folder for
// databases, on a disk. A work folder on which nothing can be measured is refused before anything is written.

import { fileSystemOf } from '../hardware/profile.ts';
import { WorkFolder } from '../record/folder.ts';
import { gitState } from '../record/provenance.ts';
import { SCHEMA_VERSION } from '../record/round.ts';
import type { Mode } from '../record/run.ts';
import type { ConductOptions } from '../run/conduct.ts';
import { KVTUNE_VERSION } from '../version.ts';
import type { CommandContext } from './command.ts';
import { tagsByName } from './common-flags.ts';
import { usageError } from './errors.ts';

/** Without a disk behind them: a sync has nothing to wait for, or nothing can be stored at all. */
const MEMORY_FILE_SYSTEMS: readonly string[] = ['tmpfs', 'ramfs', 'devtmpfs'];
const KERNEL_FILE_SYSTEMS: readonly string[] = ['proc', 'sysfs', 'cgroup2', 'devpts', 'debugfs'];

/** The run's own folder for databases: below `workDir`, which must be there, or in the run's folder. */
export function openWorkFolder(about: {
  readonly workDir: string | undefined;
  readonly out: string;
  readonly id: string;
  readonly hold: 'new' | 'resumed';
}): WorkFolder {
  const { workDir, out, id, hold } = about;
  if (workDir !== undefined) assertOnDisk(workDir);
  const parents = workDir === undefined ? 'made' : 'kept';
  const work = new WorkFolder(`${workDir ?? out}/kvtune-work-${id}`, { hold, parents });
  try {
    if (workDir === undefined) assertOnDisk(work.path);
    work.clear();
  } catch (error) {
    work.remove();
    throw error;
  }
  return work;
}

function assertOnDisk(folder: string): void {
  const fileSystem = fileSystemOf(folder);
  const why = MEMORY_FILE_SYSTEMS.includes(fileSystem)
    ? 'where a sync costs nothing'
    : KERNEL_FILE_SYSTEMS.includes(fileSystem)
      ? 'which is no disk'
      : undefined;
  if (why === undefined) return;
  throw usageError(
    `the work folder ${folder} lies on ${fileSystem}, ${why}`,
    'name a folder on a disk with --work-dir',
  );
}

/** Sorts by time, reads as one; the seed keeps runs started in one second apart on purpose. */
export function runId(startedAt: string, seed: number): string {
  return `${startedAt.slice(0, 19).replaceAll(/[-:]/g, '').replace('T', '-')}-s${String(seed)}`;
}

export function startOfRun(
  context: CommandContext,
  about: { readonly id: string; readonly mode: Mode; readonly startedAt: string },
): ConductOptions['run'] {
  const git = gitState();
  return {
    ...{ schemaVersion: SCHEMA_VERSION, kvtune: KVTUNE_VERSION, ...about },
    ...{ seed: context.common.seed, command: context.commandLine },
    tags: tagsByName(context.common.tag),
    versions: { node: process.version, v8: process.versions.v8 },
    ...(git === undefined ? {} : { git }),
    warnings: [],
  };
}
