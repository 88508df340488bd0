// Compaction against real bbolt 1.3.6: what bbolt wrote is compacted, bbolt finds the same in the copy,
// passes it, and goes on with it: puts, deletes and merges on pages it did not cut itself.

import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { describeWithBbolt } from '../testing/peers.ts';
import { nodeVfs } from '../vfs/node-vfs.ts';
import { checkDb } from './check.ts';
import { compactSteps, type CompactReport } from './compact.ts';

let folder = '';

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'kvtune-compact-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function compact(source: string, target: string, fillPercent: number): CompactReport {
  const steps = compactSteps({ source, target, fillPercent });
  for (;;) {
    const step = steps.next();
    if (step.done === true) return step.value;
  }
}

describeWithBbolt('a compacted file of bbolt', (bbolt) => {
  it.each(
    [1024, 4096, 65_536].flatMap((pageSize) =>
      [true, false].map((syncFreelist) => ({ pageSize, syncFreelist })),
    ),
  )(
    'is whole and the same to bbolt, which goes on with it: pages of $pageSize, freelist stored $syncFreelist',
    ({ pageSize, syncFreelist }) => {
      const keeping = { freelist: 'hashmap', syncFreelist } as const;
      const source = join(folder, `${pageSize}-${syncFreelist}.db`);
      const filled = bbolt.fill(source, { ...keeping, seed: pageSize, ops: 3000, pageSize });
      expect(filled.freePages).toBeGreaterThan(0);
      const before = readFileSync(source);
      // The buckets' counters are part of the digest, those above 2^53 included.
      const { hash, buckets, keys, bytes } = filled;
      for (const fillPercent of [1, 0.5]) {
        const target = `${source}.${fillPercent}`;
        const report = compact(source, target, fillPercent);
        expect(report).toMatchObject({ hash, buckets, keys, bytes });
        expect(report.targetBytes).toBeLessThan(report.sourceBytes);
        expect(bbolt.check(target)).toMatchObject({ ok: true, faults: [] });
        expect(bbolt.dump(target)).toEqual({ hash, buckets, keys, bytes });
        const more = bbolt.fill(target, { ...keeping, seed: 7, ops: 3000, append: true });
        expect(more.deletes).toBeGreaterThan(100);
        expect(bbolt.check(target)).toMatchObject({ ok: true, faults: [] });
        expect(checkDb(nodeVfs, target).faults).toEqual([]);
      }
      expect(readFileSync(source).equals(before)).toBe(true);
    },
  );
});
