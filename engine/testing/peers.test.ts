import { fileURLToPath } from 'node:url';
import { afterEach, expect, it, vi } from 'vitest';
import { findPeer } from './peers.ts';

afterEach(() => vi.unstubAllEnvs());

it('takes the program that the environment names', () => {
  const here = fileURLToPath(import.meta.url);
  vi.stubEnv('KVTUNE_BBOLTPEER', here);
  expect(findPeer('bboltpeer')).toBe(here);
});

it('takes a program that is not there, or a folder, for missing', () => {
  const folder = fileURLToPath(new URL('.', import.meta.url));
  for (const path of [`${folder}/no-such-program`, folder]) {
    vi.stubEnv('KVTUNE_BBOLTPEER', path);
    expect(findPeer('bboltpeer')).toBeUndefined();
  }
});
