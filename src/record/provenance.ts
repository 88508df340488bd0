// Provenance: which commit of kvtune ran, when it ran from a checkout. Asks git once; where there is
// no git or no checkout, the answer is undefined and the result says so by leaving it out.

import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Run } from './run.ts';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));

export function gitState(): Run['git'] {
  try {
    const git = (...args: string[]): string =>
      execFileSync('git', ['-C', ROOT, ...args], {
        encoding: 'utf8',
        stdio: ['ignore', 'pipe', 'ignore'],
        timeout: 5000,
      }).trim();
    return { commit: git('rev-parse', 'HEAD'), dirty: git('status', '--porcelain') !== '' };
  } catch {
    return undefined;
  }
}
