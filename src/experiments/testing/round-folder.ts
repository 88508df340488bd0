// Folders for tests that run real rounds: each empty, as the runner hands them out.

import { mkdtempSync } from 'node:fs';
import { join } from 'node:path';

export function emptyFolder(base: string): string {
  return mkdtempSync(join(base, 'round-'));
}
