// Probing a system that may lack what is asked for: a file that is absent or unreadable is a value, not an error.
// Nothing here knows what is looked for, nor what its absence means.

import { readFileSync } from 'node:fs';

export const UNKNOWN = 'unknown';

/** What `probe` returns, or `fallback` where it throws. */
export function orElse<T, U>(probe: () => T, fallback: U): T | U {
  try {
    return probe();
  } catch {
    return fallback;
  }
}

/** The file's text without blanks around it; undefined where it cannot be read. */
export function readText(path: string): string | undefined {
  return orElse(() => readFileSync(path, 'utf8').trim(), undefined);
}
