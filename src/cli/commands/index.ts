// The commands of kvtune, in the order in which --help lists them. A command is one module of this
// folder; adding it here is all it takes to be part of the program.

import type { CliCommand } from '../command.ts';
import { abCommand } from './ab.ts';
import { dbCommand } from './db.ts';
import { reportCommand } from './report.ts';
import { reproduceCommand } from './reproduce.ts';
import { runCommand } from './run.ts';
import { sweepCommand } from './sweep.ts';
import { workloadsCommand } from './workloads.ts';

export const commands: readonly CliCommand[] = [
  reproduceCommand,
  runCommand,
  abCommand,
  sweepCommand,
  workloadsCommand,
  reportCommand,
  dbCommand,
];
