// kvtune db: the verbs that make, check, inspect and compact database files of bbolt's format. Holds nothing but
// their names.

import { commandGroup, type CliCommand } from '../command.ts';
import { dbAge } from './db-age.ts';
import { dbCheck } from './db-check.ts';
import { dbCompact } from './db-compact.ts';
import { dbInspect } from './db-inspect.ts';

export const dbCommand: CliCommand = commandGroup({
  name: 'db',
  describe: 'make aged databases; check, inspect and compact any bbolt or etcd database file',
  commands: [dbAge, dbCheck, dbInspect, dbCompact],
});
