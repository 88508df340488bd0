// assertFile(): a database named on the command line must be there before anything opens it, since
// opening for writing would make it.

import { nodeVfs } from '../../engine/index.ts';
import { usageError } from './errors.ts';

export function assertFile(path: string): void {
  if (!nodeVfs.exists(path)) throw usageError(`${path} does not exist`, 'name a database file');
}
