// The shapes of version 1, as far as upgrading reads them: run.json, claims.json, verdict.json, a line of
// samples.ndjson and of experiments.ndjson. Frozen: nothing writes them any more. What version 2 took over
// unchanged is taken from its shapes, which grow by optional fields alone.

import { z } from 'zod';
import { answerSchema } from '../answer.ts';
import { ends, numbers, scalarSchema } from '../basic-schema.ts';
import { healthSchema, roundSchema, scalarsSchema } from '../round.ts';
import { loadRequestSchema, plannedCellSchema, runSchema } from '../run.ts';

const schemaVersion = z.literal(1);
const numbersSchema = z.record(z.string(), z.number());
const { status } = runSchema.shape;
const { command, workload, arms } = loadRequestSchema.shape;
const { verdict, finding, method, alpha, warnings, panels, tables } = answerSchema.shape;
/** Of the cells of the freelist claims. */
const fileRoleSchema = z.enum(['main', 'worst-case', 'small-values']);

const cellSchema = z.object({
  ...{ id: z.string(), title: z.string(), role: fileRoleSchema, recipe: z.string() },
  ...numbers('dbBytes freePages freeSpans valueBytes putsPerCommit commits warmUpCommits'),
});

const experimentCellSchema = plannedCellSchema
  .pick({ title: true, role: true, factors: true })
  .extend({ claim: z.string(), cell: z.string(), arms: z.array(z.string()) });

const loadRunSchema = z.object({
  ...{ command, workload, arms },
  parameters: scalarsSchema,
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
  ...{ peer: z.string(), ok: z.boolean() },
  ...numbers('dbBytes freelistSecondsOurs freelistSecondsPeer ratio'),
  ...numbers('probesPerAllocationOurs probesPerAllocationPeer'),
});

/** What run.json has kept. */
export const keptSchema = runSchema.omit({
  ...{ schemaVersion: true, questions: true, cells: true, load: true },
  ...{ seconds: true, measuredSeconds: true },
});

export const runV1Schema = keptSchema.extend({
  schemaVersion,
  cells: z.array(cellSchema),
  /** Absent in runs of the time when there were two claims. */
  claims: z.array(z.string()).optional(),
  experiments: z.array(experimentCellSchema).optional(),
  load: loadRunSchema.optional(),
  calibration: calibrationSchema.optional(),
});

const anyRoundSchema = roundSchema.pick({
  ...{ cell: true, arm: true, block: true, position: true, replicate: true, startedAt: true },
  ...{ settings: true, resources: true, warnings: true },
});

export const sampleV1Schema = anyRoundSchema.extend({
  /** Of a round of the smallest size that was measured again beside a larger one. */
  beside: z.string().optional(),
  ...numbers('puts completionSeconds'),
  commitNs: z.object(numbers('median p90')),
  ...{ counts: numbersSchema, state: scalarsSchema },
});

export const experimentRoundV1Schema = anyRoundSchema.extend({
  claim: z.string(),
  factors: scalarsSchema,
  /** The whole round, its process included. */
  seconds: z.number(),
  figures: numbersSchema,
  histograms: z.record(z.string(), z.string()),
  series: z.record(z.string(), z.array(z.number())),
  load: z.object({ seconds: z.number(), health: healthSchema, during: numbersSchema }).optional(),
});

const curvePointSchema = z.object({
  ...{ cell: z.string(), series: z.string(), role: fileRoleSchema },
  ...numbers('dbBytes freePages value low high rounds'),
});

const armSchema = z.object({
  ...{ cell: z.string(), name: z.string(), settings: scalarsSchema },
  ...numbers('rounds completionSeconds putsPerSecond commitMsMedian commitMsP90'),
  phases: z.object(numbers('put spill release freelist write sync')),
  ...numbers('bytesWritten fileGrowthBytes freelistBytes probesPerAllocation runFoundShare'),
});

const claimSchema = answerSchema
  .pick({
    ...{ title: true, target: true, rule: true, method: true, alpha: true, verdict: true },
    ...{ finding: true, limits: true, warnings: true, command: true },
  })
  .extend({
    id: z.string(),
    published: answerSchema.shape.published.unwrap(),
    measured: z.object({ ...numbers('value low high rounds'), at: scalarsSchema }).nullable(),
    arms: z.array(armSchema),
    curve: z.array(curvePointSchema),
    /** 1 where no equal arms were measured. */
    floor: z.number(),
    panels: panels.optional(),
    rows: tables.optional(),
    caveats: z.array(z.string()).optional(),
  });

const ratioSchema = z.object({ value: z.number() });
const sentenceSchema = z.object({ sentence: z.string() });

const surfaceSchema = z.object({
  ...numbers('planned measured alpha'),
  cells: z.array(
    z.object({
      factors: z.object({
        ...{ recipe: z.string(), syncFreelist: z.boolean() },
        ...numbers('putsPerCommit valueBytes'),
      }),
      ...numbers('freePages blocks'),
      ...{ hashmapGain: ratioSchema, bitmapGain: ratioSchema },
      ...{ completionSeconds: numbersSchema, growthShare: numbersSchema },
      freelistBytes: numbersSchema,
    }),
  ),
  ...{ classes: z.array(sentenceSchema), bars: z.array(sentenceSchema) },
});

export const claimsV1Schema = z.object({
  ...{ schemaVersion, status },
  claims: z.array(claimSchema),
  surface: surfaceSchema.optional(),
});

const laneSchema = z.object({
  ...{ cell: z.string(), arm: z.string(), lane: z.string() },
  ...numbers('rounds operations errors perSecond p50Us p90Us p99Us p999Us maxUs serviceP99Us'),
});

const comparisonSchema = z.object({
  ...{ figure: z.string(), deciding: z.boolean(), verdict: z.string() },
  ...{ ...numbers('a b ratio pairs floor'), ...ends },
});

export const verdictV1Schema = z.object({
  ...{ schemaVersion, status, command, workload, verdict, finding },
  ...{ lanes: z.array(laneSchema), comparisons: z.array(comparisonSchema) },
  ...{ method, alpha, warnings, panels, rows: tables },
  health: z.object(numbers('lateNsP99 skipped cpuShareMax')).optional(),
  verified: z.object(numbers('rounds ok entries')),
});

export type RunV1 = z.infer<typeof runV1Schema>;
export type SampleV1 = z.infer<typeof sampleV1Schema>;
export type ExperimentRoundV1 = z.infer<typeof experimentRoundV1Schema>;
export type ClaimsV1 = z.infer<typeof claimsV1Schema>;
export type ClaimV1 = ClaimsV1['claims'][number];
export type SurfaceV1 = z.infer<typeof surfaceSchema>;
export type CalibrationV1 = z.infer<typeof calibrationSchema>;
export type VerdictV1 = z.infer<typeof verdictV1Schema>;
