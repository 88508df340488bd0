// The shape of run.json, schemaVersion 2: what was asked, on which machine, and what became of it. Additive
// changes only, as in round.ts.

import { z } from 'zod';
import { scalarSchema, warningSchema } from './basic-schema.ts';
import { roleSchema } from './answer.ts';
import { scalarsSchema, SCHEMA_VERSION } from './round.ts';
import { hostSchema } from './host.ts';

export const MODES = ['default', 'quick', 'full'] as const;

const armSchema = z.object({
  name: z.string(),
  /** 'engine', or a peer: 'bbolt', 'etcd-mvcc'. */
  target: z.string(),
  /** Over the cell's factors. */
  settings: scalarsSchema,
});

/** A cell as it was planned: one measured condition with its arms. */
export const plannedCellSchema = z.object({
  question: z.string(),
  /** Unique in the run. */
  id: z.string(),
  title: z.string(),
  role: roleSchema,
  procedure: z.string(),
  factors: scalarsSchema,
  arms: z.array(armSchema),
  /** What the session process made of the cell before the first slice: sizes, free pages. */
  prepared: scalarsSchema.optional(),
});

/** What a load command was asked for, so that a run can be judged, rendered and resumed from its folder. */
export const loadRequestSchema = z.object({
  command: z.enum(['run', 'ab', 'sweep']),
  workload: z.string(),
  /** Cell factors: workload, its parameters and the load, all defaults filled in. */
  factors: scalarsSchema,
  arms: z.array(
    z.object({
      name: z.string(),
      /** As it was typed. */
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
  /** Of 'sweep': what varies. */
  levels: z.array(z.object({ name: z.string(), levels: z.array(scalarSchema) })),
  /** A difference below this ratio does not matter: 1.05. */
  margin: z.number(),
  sessionsMin: z.number().int(),
  sessionsMax: z.number().int(),
  slicesPerSession: z.number().int(),
});

export const runSchema = z.object({
  schemaVersion: z.literal(SCHEMA_VERSION),
  kvtune: z.string(),
  id: z.string(),
  seed: z.number().int(),
  mode: z.enum(MODES),
  command: z.string(),
  startedAt: z.string(),
  finishedAt: z.string().optional(),
  status: z.enum(['running', 'finished', 'interrupted', 'failed']),
  host: hostSchema,
  /** Ids, in the order in which they were asked. */
  questions: z.array(z.string()),
  cells: z.array(plannedCellSchema),
  load: loadRequestSchema.optional(),
  /** What was left out, and why: one line each. */
  untested: z.array(z.string()),
  /** Wall time of the run; the part of it that slices measured. */
  seconds: z.number(),
  measuredSeconds: z.number(),
  tags: z.record(z.string(), z.string()),
  versions: z.record(z.string(), z.string()),
  git: z.object({ commit: z.string(), dirty: z.boolean() }).optional(),
  warnings: z.array(warningSchema),
});

export type Mode = (typeof MODES)[number];
export type PlannedCell = z.infer<typeof plannedCellSchema>;
export type LoadRequest = z.infer<typeof loadRequestSchema>;
export type Run = z.infer<typeof runSchema>;
