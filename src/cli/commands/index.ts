// The commands of kvtune, in the order in which --help lists them. A command is one module of this
// folder; adding it here is all it takes to be part of the program.

import type { CliCommand } from '../command.ts';
import { dbCommand } from './db.ts';
import { reportCommand } from './report.ts';
import { reproduceCommand } from './reproduce.ts';

export const commands: readonly CliCommand[] = [reproduceCommand, reportCommand, dbCommand];
