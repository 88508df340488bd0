// The shape of verdict.json: what the commands run, ab and sweep concluded from their rounds. Additive
// changes only, as in schema.ts.

import { z } from 'zod';
import { scalarSchema, warningSchema } from './basic-schema.ts';
import { loadRunSchema } from './load-schema.ts';
import { claimRowsSchema, panelSchema, runSchema, SCHEMA_VERSION } from './schema.ts';

/**
 * 'measured' is all that 'run' and 'sweep' can say for good; 'better', 'worse', 'alike' and 'inconclusive'
 * are of ab's b; 'invalid': the load generator set the figures; 'wrong-data': the store did not hold what it
 * acknowledged; 'nothing': no operation has ended.
 */
export const LOAD_VERDICTS = [
  'measured',
  'better',
  'worse',
  'alike',
  'inconclusive',
  'invalid',
  'wrong-data',
  'nothing',
] as const;

/** Figures of all rounds of an arm in a cell: rates are means, latencies those of the merged histogram. */
export const laneSummarySchema = z.object({
  cell: z.string(),
  arm: z.string(),
  lane: z.string(),
  rounds: z.number().int(),
  operations: z.number().int(),
  errors: z.number().int(),
  perSecond: z.number(),
  p50Us: z.number(),
  p90Us: z.number(),
  p99Us: z.number(),
  p999Us: z.number(),
  maxUs: z.number(),
  /** From the start of an operation instead of its intended one. */
  serviceP99Us: z.number(),
});

/** Ratio of b to a of one figure, so that above 1 is better; low and high are null without an interval. */
export const comparisonSchema = z.object({
  figure: z.string(),
  unit: z.string(),
  better: z.enum(['higher', 'lower']),
  /** Whether the verdict rests on it. */
  deciding: z.boolean(),
  a: z.number(),
  b: z.number(),
  ratio: z.number(),
  low: z.number().nullable(),
  high: z.number().nullable(),
  pairs: z.number().int(),
  /** A/A floor: the largest ratio between rounds of equal arms. */
  floor: z.number(),
  verdict: z.enum(['better', 'worse', 'alike', 'inconclusive']),
});

export const verdictFileSchema = z.object({
  schemaVersion: z.literal(SCHEMA_VERSION),
  kvtune: z.string(),
  seed: z.number().int(),
  startedAt: z.string(),
  status: runSchema.shape.status,
  host: z.object({ fingerprint: z.string() }),
  command: loadRunSchema.shape.command,
  workload: z.string(),
  verdict: z.enum(LOAD_VERDICTS),
  /** One sentence that a reader can repeat. */
  finding: z.string(),
  lanes: z.array(laneSummarySchema),
  comparisons: z.array(comparisonSchema),
  method: z.string(),
  alpha: z.number(),
  /** Of the worst round; absent where none has ended. */
  health: z
    .object({ lateNsP99: z.number(), skipped: z.number().int(), cpuShareMax: z.number() })
    .optional(),
  verified: z.object({
    rounds: z.number().int(),
    ok: z.number().int(),
    entries: z.number().int(),
  }),
  warnings: z.array(warningSchema),
  panels: z.array(panelSchema),
  rows: z.array(claimRowsSchema),
  /** Level of each factor of a cell, of 'sweep'. */
  cells: z.array(z.object({ cell: z.string(), factors: z.record(z.string(), scalarSchema) })),
});

export type LoadVerdict = (typeof LOAD_VERDICTS)[number];
export type LaneSummary = z.infer<typeof laneSummarySchema>;
export type LoadComparison = z.infer<typeof comparisonSchema>;
export type VerdictFile = z.infer<typeof verdictFileSchema>;
