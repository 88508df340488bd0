// The shapes of version 1, as far as upgrading reads them: run.json, claims.json, verdict.json, a line of
// samples.ndjson and of experiments.ndjson. Frozen: nothing writes them any more. What version 2 took over
// unchanged (panels, tables, host, published figures) stands in answer.ts and host.ts.

import { z } from 'zod';
import { panelSchema, publishedSchema, roleSchema, tableSchema, VERDICTS } from '../answer.ts';
import { scalarSchema, warningSchema } from '../basic-schema.ts';
import { hostSchema } from '../host.ts';
import { healthSchema, roundSchema, scalarsSchema } from '../round.ts';
import { MODES } from '../run.ts';

const SCHEMA_VERSION_1 = 1;
const numbersSchema = z.record(z.string(), z.number());
const statusSchema = z.enum(['running', 'finished', 'interrupted', 'failed']);
/** Of the cells of the freelist claims. */
const fileRoleSchema = z.enum(['main', 'worst-case', 'small-values']);

const cellSchema = z.object({
  id: z.string(),
  title: z.string(),
  role: fileRoleSchema,
  recipe: z.string(),
  dbBytes: z.number(),
  freePages: z.number(),
  freeSpans: z.number(),
  valueBytes: z.number(),
  putsPerCommit: z.number(),
  commits: z.number(),
  warmUpCommits: z.number(),
});

const experimentCellSchema = z.object({
  claim: z.string(),
  cell: z.string(),
  title: z.string(),
  role: roleSchema,
  factors: scalarsSchema,
  arms: z.array(z.string()),
});

const loadRunSchema = z.object({
  command: z.enum(['run', 'ab', 'sweep']),
  workload: z.string(),
  parameters: scalarsSchema,
  arms: z.array(
    z.object({
      name: z.string(),
      config: z.string(),
      settings: z.array(
        z.object({
          name: z.string(),
          value: scalarSchema,
          origin: z.enum(['flag', 'preset', 'default']),
        }),
      ),
    }),
  ),
  clientsByThread: z.array(z.number()),
  shape: z.object({
    kind: z.enum(['open', 'closed']),
    arrival: z.string().optional(),
    ratePerSecond: z.number().optional(),
  }),
  seconds: z.number(),
  repeat: z.number().int(),
  factors: z.array(z.object({ name: z.string(), levels: z.array(scalarSchema) })).optional(),
});

const calibrationSchema = z.object({
  peer: z.string(),
  dbBytes: z.number(),
  freelistSecondsOurs: z.number(),
  freelistSecondsPeer: z.number(),
  ratio: z.number(),
  probesPerAllocationOurs: z.number(),
  probesPerAllocationPeer: z.number(),
  ok: z.boolean(),
});

export const runV1Schema = z.object({
  schemaVersion: z.literal(SCHEMA_VERSION_1),
  kvtune: z.string(),
  id: z.string(),
  seed: z.number().int(),
  mode: z.enum(MODES),
  command: z.string(),
  startedAt: z.string(),
  finishedAt: z.string().optional(),
  status: statusSchema,
  host: hostSchema,
  cells: z.array(cellSchema),
  untested: z.array(z.string()),
  /** Absent in runs of the time when there were two claims. */
  claims: z.array(z.string()).optional(),
  experiments: z.array(experimentCellSchema).optional(),
  load: loadRunSchema.optional(),
  tags: z.record(z.string(), z.string()),
  versions: z.record(z.string(), z.string()),
  git: z.object({ commit: z.string(), dirty: z.boolean() }).optional(),
  calibration: calibrationSchema.optional(),
  warnings: z.array(warningSchema),
});

export const sampleV1Schema = z.object({
  cell: z.string(),
  block: z.number().int(),
  position: z.number().int(),
  arm: z.string(),
  replicate: z.number().int(),
  /** Of a round of the smallest size that was measured again beside a larger one. */
  beside: z.string().optional(),
  startedAt: z.string(),
  settings: scalarsSchema,
  puts: z.number(),
  completionSeconds: z.number(),
  commitNs: z.object({ median: z.number(), p90: z.number() }),
  counts: numbersSchema,
  resources: roundSchema.shape.resources,
  state: scalarsSchema,
  warnings: z.array(warningSchema),
});

export const experimentRoundV1Schema = z.object({
  claim: z.string(),
  cell: z.string(),
  factors: scalarsSchema,
  block: z.number().int(),
  position: z.number().int(),
  arm: z.string(),
  replicate: z.number().int(),
  startedAt: z.string(),
  /** The whole round, its process included. */
  seconds: z.number(),
  settings: scalarsSchema,
  figures: numbersSchema,
  histograms: z.record(z.string(), z.string()),
  series: z.record(z.string(), z.array(z.number())),
  resources: roundSchema.shape.resources,
  warnings: z.array(warningSchema),
  load: z.object({ seconds: z.number(), health: healthSchema, during: numbersSchema }).optional(),
});

const curvePointSchema = z.object({
  cell: z.string(),
  series: z.string(),
  role: fileRoleSchema,
  dbBytes: z.number(),
  freePages: z.number(),
  value: z.number(),
  low: z.number(),
  high: z.number(),
  rounds: z.number(),
});

const armSchema = z.object({
  cell: z.string(),
  name: z.string(),
  settings: scalarsSchema,
  rounds: z.number(),
  completionSeconds: z.number(),
  putsPerSecond: z.number(),
  commitMsMedian: z.number(),
  commitMsP90: z.number(),
  phases: z.object({
    put: z.number(),
    spill: z.number(),
    release: z.number(),
    freelist: z.number(),
    write: z.number(),
    sync: z.number(),
  }),
  bytesWritten: z.number(),
  fileGrowthBytes: z.number(),
  freelistBytes: z.number(),
  probesPerAllocation: z.number(),
  runFoundShare: z.number(),
});

const claimSchema = z.object({
  id: z.string(),
  title: z.string(),
  published: publishedSchema,
  measured: z
    .object({
      value: z.number(),
      low: z.number(),
      high: z.number(),
      rounds: z.number().int(),
      at: scalarsSchema,
    })
    .nullable(),
  arms: z.array(armSchema),
  curve: z.array(curvePointSchema),
  target: z.string(),
  rule: z.string(),
  method: z.string(),
  alpha: z.number(),
  /** 1 where no equal arms were measured. */
  floor: z.number(),
  verdict: z.enum(VERDICTS),
  finding: z.string(),
  limits: z.array(z.string()),
  warnings: z.array(warningSchema),
  command: z.string(),
  panels: z.array(panelSchema).optional(),
  rows: z.array(tableSchema).optional(),
  caveats: z.array(z.string()).optional(),
});

const ratioSchema = z.object({ value: z.number() });

const surfaceSchema = z.object({
  planned: z.number(),
  measured: z.number(),
  alpha: z.number(),
  cells: z.array(
    z.object({
      factors: z.object({
        recipe: z.string(),
        putsPerCommit: z.number(),
        valueBytes: z.number(),
        syncFreelist: z.boolean(),
      }),
      freePages: z.number(),
      blocks: z.number(),
      completionSeconds: numbersSchema,
      hashmapGain: ratioSchema,
      bitmapGain: ratioSchema,
      growthShare: numbersSchema,
      freelistBytes: numbersSchema,
    }),
  ),
  classes: z.array(z.object({ sentence: z.string() })),
  bars: z.array(z.object({ sentence: z.string() })),
});

export const claimsV1Schema = z.object({
  schemaVersion: z.literal(SCHEMA_VERSION_1),
  status: statusSchema,
  claims: z.array(claimSchema),
  surface: surfaceSchema.optional(),
});

export const verdictV1Schema = z.object({
  schemaVersion: z.literal(SCHEMA_VERSION_1),
  status: statusSchema,
  command: loadRunSchema.shape.command,
  workload: z.string(),
  verdict: z.enum(VERDICTS),
  finding: z.string(),
  lanes: z.array(
    z.object({
      cell: z.string(),
      arm: z.string(),
      lane: z.string(),
      rounds: z.number(),
      operations: z.number(),
      errors: z.number(),
      perSecond: z.number(),
      p50Us: z.number(),
      p90Us: z.number(),
      p99Us: z.number(),
      p999Us: z.number(),
      maxUs: z.number(),
      serviceP99Us: z.number(),
    }),
  ),
  comparisons: z.array(
    z.object({
      figure: z.string(),
      deciding: z.boolean(),
      a: z.number(),
      b: z.number(),
      ratio: z.number(),
      low: z.number().nullable(),
      high: z.number().nullable(),
      pairs: z.number(),
      floor: z.number(),
      verdict: z.string(),
    }),
  ),
  method: z.string(),
  alpha: z.number(),
  health: z
    .object({ lateNsP99: z.number(), skipped: z.number(), cpuShareMax: z.number() })
    .optional(),
  verified: z.object({ rounds: z.number(), ok: z.number(), entries: z.number() }),
  warnings: z.array(warningSchema),
  panels: z.array(panelSchema),
  rows: z.array(tableSchema),
});

export type RunV1 = z.infer<typeof runV1Schema>;
export type SampleV1 = z.infer<typeof sampleV1Schema>;
export type ExperimentRoundV1 = z.infer<typeof experimentRoundV1Schema>;
export type ClaimsV1 = z.infer<typeof claimsV1Schema>;
export type ClaimV1 = ClaimsV1['claims'][number];
export type SurfaceV1 = z.infer<typeof surfaceSchema>;
export type CalibrationV1 = z.infer<typeof calibrationSchema>;
export type VerdictV1 = z.infer<typeof verdictV1Schema>;
