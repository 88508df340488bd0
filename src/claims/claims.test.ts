import { expect, it } from 'vitest';
import { runSchema, sampleSchema } from '../record/schema.ts';
import { CLAIM_IDS, CLAIMS } from './claims.ts';
import { testAnchoredRounds, testCell, testRun } from './testing/samples.ts';

it('lists each claim once, with its rule and what was published', () => {
  expect(CLAIM_IDS).toEqual([
    'freelist-24x',
    'capacity-50x',
    'concurrent-reads',
    'index-lock',
    'lease-scale',
    'batch-sweep',
    'wal-sync',
    'presets',
  ]);
  for (const claim of CLAIMS) {
    expect(claim.rule).toContain('reproduced');
    expect(claim.published.source).not.toBe('');
    const input = {
      ...{ run: testRun(), samples: [], experiments: [] },
      ...{ unit: () => 0.5, command: 'kvtune reproduce' },
    };
    const evaluated = claim.evaluate(input);
    expect(evaluated).toMatchObject({ id: claim.id, title: claim.title, rule: claim.rule });
    expect(evaluated.verdict).toBe('inconclusive');
    expect(evaluated.command).toBe('kvtune reproduce');
  }
});

it('is tested with runs and rounds that the schema accepts', () => {
  expect(runSchema.parse(testRun())).toEqual(testRun());
  const cells = { base: testCell(2e9), cell: testCell(8e9) };
  for (const sample of testAnchoredRounds('array', cells, [2])) {
    expect(sampleSchema.parse(sample)).toEqual(sample);
  }
});
