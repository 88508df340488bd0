// An experiment for tests of schedules and runs: its cells are as asked for, and nothing is measured. What a
// round finds is up to the runner that the test hands in.

import { build, encodeIntoCompressedBase64 } from 'hdr-histogram-js';
import type { ExperimentCell, ExperimentResult, ExperimentTask } from '../experiment.ts';

export function fakeCell(id: string, over: Partial<ExperimentCell> = {}): ExperimentCell {
  return {
    id,
    title: `cell ${id}`,
    role: 'deciding',
    factors: { size: 1 },
    arms: ['before', 'after'],
    blocksMin: 2,
    blocksMax: 2,
    roundSeconds: 1,
    ...over,
  };
}

/** A result valid by the schema; 'before' costs ten times what 'after' does. */
export function fakeExperimentResult({ arm, seed }: ExperimentTask): ExperimentResult {
  return {
    settings: { arm },
    figures: { costUs: arm === 'before' ? 10 : 1, seed },
    histograms: { put: encodeIntoCompressedBase64(build()) },
    series: { costUs: [1, 2] },
    resources: { rssBytesMax: 1e8, userSeconds: 1, systemSeconds: 0 },
    warnings: [],
  };
}
