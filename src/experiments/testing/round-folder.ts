// Folders for tests that run real rounds: each empty and its own, as the runner hands them out. Nothing
// removes them here: the test's base folder goes with all it holds.

import { mkdtempSync } from 'node:fs';
import { join } from 'node:path';

export function emptyFolder(base: string): string {
  return mkdtempSync(join(base, 'round-'));
}
