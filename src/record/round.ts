// The one shape of what was measured: a line of rounds.ndjson, schemaVersion 2. A round is one slice of one arm,
// measured in one session; what a session says of an arm when it closes it (verification) is a round of
// kind 'close' without figures. TypeScript types and the JSON Schema under results/schema come from here.
// Additive changes only; a change of meaning raises SCHEMA_VERSION. Units stand in the names: sizes in bytes,
// times in seconds unless the name says Ns, Us or Ms.

import { z } from 'zod';
import { scalarSchema, warningSchema } from './basic-schema.ts';

export const SCHEMA_VERSION = 2;

export const scalarsSchema = z.record(z.string(), scalarSchema);
const numbersSchema = z.record(z.string(), z.number());

/** What a load generator says of itself; a round whose generator set the figures judges nothing. */
export const healthSchema = z.object({
  /** Whether the generator, not the store, set the figures; then `reason` says how. */
  bottleneck: z.boolean(),
  reason: z.string(),
  lateNsP50: z.number(),
  lateNsP99: z.number(),
  lateNsMax: z.number(),
  /** Operations due within the measured time and not started in it; under way at its end. */
  skipped: z.number().int(),
  unfinished: z.number().int(),
  /** By generating thread: share of a core used; not asleep; not asleep and not reading the store. */
  cpuShares: z.array(z.number()),
  busyShares: z.array(z.number()),
  ownShares: z.array(z.number()),
});

export const roundSchema = z.object({
  schemaVersion: z.literal(SCHEMA_VERSION),
  kind: z.enum(['slice', 'close']),
  /** Id of the question whose cell it is; other questions may read the cell too. */
  question: z.string(),
  /** Unique in a run: 'concurrent-reads/beside-100000'. */
  cell: z.string(),
  arm: z.string(),
  /** Number of the session within the cell, from 0: the unit of replication. */
  session: z.number().int(),
  /** Number of the block within the session, from 0: a block has every arm, in random order. */
  block: z.number().int(),
  /** Place among all slices of the session, in the order in which they ran. */
  position: z.number().int(),
  /** Number of the slice among those of its arm in the session. */
  replicate: z.number().int(),
  startedAt: z.string(),
  /** Measured time; 0 of a 'close'. */
  seconds: z.number(),
  /** What was asked for: the cell's factors with the arm's settings over them. */
  asked: scalarsSchema,
  /** What ran: read back from the running parts, never the ones asked for. */
  settings: scalarsSchema,
  /** What may be compared, named with units: operationsPerSecond, putP99Us. All finite. */
  figures: numbersSchema,
  /** What does not jitter: bytes, syncs, pages, operations by lane, errors by code. */
  counts: numbersSchema,
  /** HDR histograms of nanoseconds, V2 encoding, base64. */
  histograms: z.record(z.string(), z.string()),
  series: z.record(z.string(), z.array(z.number())),
  /** What the slice started from: digest, dbBytes, allocatedBytes, freePages. */
  state: scalarsSchema,
  /** Of the arm's process. */
  resources: z.object({
    rssBytesMax: z.number(),
    userSeconds: z.number(),
    systemSeconds: z.number(),
  }),
  health: healthSchema.optional(),
  warnings: z.array(warningSchema),
});

export type Scalar = z.infer<typeof scalarSchema>;
export type Scalars = Readonly<Record<string, Scalar>>;
export type Warning = z.infer<typeof warningSchema>;
export type Health = z.infer<typeof healthSchema>;
export type Round = z.infer<typeof roundSchema>;
