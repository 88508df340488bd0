import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { expect, it } from 'vitest';
import { engineEnvironment } from './huge-pages.ts';

const SETTING = '/sys/kernel/mm/transparent_hugepage/enabled';
const MEBIBYTES = 64;
/** Kilobytes of the mappings for which huge pages were asked. */
const PROGRAM = `
  globalThis.kept = new SharedArrayBuffer(${MEBIBYTES} * 2 ** 20);
  const maps = require('node:fs').readFileSync('/proc/self/smaps', 'latin1');
  let asked = 0;
  for (const [, size, flags] of maps.matchAll(/^Size: +(\\d+)[^]*?^VmFlags:(.*)/gm)) {
    if (flags.includes(' hg')) asked += Number(size);
  }
  process.stdout.write(String(asked));
`;

it('asks for huge pages, beside what was asked for already', () => {
  expect(engineEnvironment({ A: 'b' })).toEqual({
    A: 'b',
    GLIBC_TUNABLES: 'glibc.malloc.hugetlb=1',
  });
  expect(engineEnvironment({ GLIBC_TUNABLES: 'glibc.malloc.tcache_count=0' })).toEqual({
    GLIBC_TUNABLES: 'glibc.malloc.tcache_count=0:glibc.malloc.hugetlb=1',
  });
});

it('leaves a decision about huge pages as it is', () => {
  const decided = { GLIBC_TUNABLES: 'glibc.malloc.hugetlb=0' };
  expect(engineEnvironment(decided)).toEqual(decided);
});

it.skipIf(!existsSync(SETTING) || glibcVersion() < 2.35)('asks for all shared memory', () => {
  const asked = (environment: NodeJS.ProcessEnv): number =>
    Number(
      execFileSync(process.execPath, ['-e', PROGRAM], { env: environment, encoding: 'latin1' }),
    );
  expect(asked({})).toBe(0);
  expect(asked(engineEnvironment({}))).toBeGreaterThanOrEqual(MEBIBYTES * 1024);
});

/** 0 where there is no glibc. */
function glibcVersion(): number {
  const { header } = process.report.getReport() as unknown as {
    header: { glibcVersionRuntime?: string };
  };
  return Number(header.glibcVersionRuntime ?? 0);
}
