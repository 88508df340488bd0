// The shapes that the commands run, ab and sweep add to run.json and to a line of experiments.ndjson. Their
// rounds are rounds of an experiment called 'load'; figures and histograms stand there under the names that
// loadFigureNames() gives.

import { z } from 'zod';
import { scalarSchema } from './basic-schema.ts';

/** Rounds of these commands carry it in place of a claim. */
export const LOAD_CLAIM = 'load';

/** Where a setting comes from: the highest of flag, preset, default that names it. */
const ORIGINS = ['flag', 'preset', 'default'] as const;

export const loadSettingSchema = z.object({
  name: z.string(),
  value: scalarSchema,
  origin: z.enum(ORIGINS),
});

const loadShapeSchema = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('open'),
    arrival: z.enum(['poisson', 'constant']),
    ratePerSecond: z.number(),
  }),
  z.object({ kind: z.literal('closed') }),
]);

export const loadRunSchema = z.object({
  command: z.enum(['run', 'ab', 'sweep']),
  target: z.literal('engine'),
  workload: z.string(),
  /** All of the workload's, defaults filled in. */
  parameters: z.record(z.string(), z.union([z.number(), z.string()])),
  /** One: 'run' and 'sweep'; two, a and b: 'ab'. `config` as it was asked for. */
  arms: z.array(
    z.object({ name: z.string(), config: z.string(), settings: z.array(loadSettingSchema) }),
  ),
  clientsByThread: z.array(z.number().int()),
  shape: loadShapeSchema,
  /** Of a round: measured, and before that not counted. */
  seconds: z.number(),
  warmUpSeconds: z.number(),
  /** Measured operations at most; 0: no bound. */
  operations: z.number().int(),
  /** Rounds of 'run', blocks of 'ab' and 'sweep'. */
  repeat: z.number().int(),
  /** Of 'sweep': what varies, and the option or parameter that each level is given to. */
  factors: z
    .array(
      z.object({
        name: z.string(),
        what: z.enum(['config', 'parameter', 'load']),
        levels: z.array(scalarSchema),
      }),
    )
    .optional(),
});

/** A round under load beside its figures. */
export const loadRoundSchema = z.object({
  seconds: z.number(),
  preloadSeconds: z.number(),
  lanes: z.array(
    z.object({
      lane: z.string(),
      operations: z.number().int(),
      errors: z.record(z.string(), z.number()),
      perSecond: z.number(),
      entriesRead: z.number(),
      bytesRead: z.number(),
    }),
  ),
  steady: z.boolean(),
  health: z.object({
    lateNsP50: z.number(),
    lateNsP99: z.number(),
    lateNsMax: z.number(),
    skipped: z.number().int(),
    unfinished: z.number().int(),
    cpuShares: z.array(z.number()),
    busyShares: z.array(z.number()),
    ownShares: z.array(z.number()),
    bottleneck: z.boolean(),
    reason: z.string(),
  }),
  /** What the store's counters grew by. */
  during: z.record(z.string(), z.number()),
  /** Absent where it was not asked for, or the round was interrupted. */
  verification: z
    .object({ ok: z.boolean(), entries: z.number().int(), faults: z.array(z.string()) })
    .optional(),
  interrupted: z.boolean(),
});

export type LoadSetting = z.infer<typeof loadSettingSchema>;
export type LoadRun = z.infer<typeof loadRunSchema>;
export type LoadRound = z.infer<typeof loadRoundSchema>;

export const OPERATIONS_PER_SECOND = 'operationsPerSecond';

/** Names of a lane's figures, microseconds but for the rate; `<lane>` and `<lane>:service` of histograms. */
export function loadFigureNames(lane: string): {
  readonly perSecond: string;
  readonly p50: string;
  readonly p99: string;
} {
  return { perSecond: `${lane}PerSecond`, p50: `${lane}P50Us`, p99: `${lane}P99Us` };
}

export function serviceHistogram(lane: string): string {
  return `${lane}:service`;
}
