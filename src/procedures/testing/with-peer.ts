// withPeer(): the tests of the calling describe() find a peer's program where the caller says, whatever the
// environment of the test run holds.

import { afterEach, beforeEach, vi } from 'vitest';

export function withPeer(variable: string, path: string): void {
  beforeEach(() => {
    vi.stubEnv(variable, path);
  });
  afterEach(() => {
    vi.unstubAllEnvs();
  });
}
