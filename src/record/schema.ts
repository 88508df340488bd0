// The shapes of every file a run writes (CONTRACT.md): run.json, one line of each *.ndjson, claims.json. This is
// their one source: TypeScript types are inferred from it, the JSON Schemas under results/schema are
// generated from it, and readers validate with it. Additive changes only; a change of meaning raises
// SCHEMA_VERSION. Units stand in the names; sizes are bytes, times seconds unless the name says Ns.

import { z } from 'zod';
import { scalarSchema, warningSchema } from './basic-schema.ts';
import { hostSchema, syncLatencySchema } from './host.ts';
import { loadRoundSchema, loadRunSchema } from './load-schema.ts';

export { scalarSchema, warningSchema, hostSchema, syncLatencySchema };

export const SCHEMA_VERSION = 1;

/** One measured condition: a file, aged one way, and a job on it. Both arms of a pair share it. */
export const cellSchema = z.object({
  id: z.string(),
  title: z.string(),
  /** 'main' cells decide verdicts and draw the curve; the labelled others never do. */
  role: z.enum(['main', 'worst-case', 'small-values']),
  recipe: z.string(),
  /** Size asked for, e.g. 100e9; the file's real size stands in the sample's state. */
  dbBytes: z.number(),
  freePages: z.number(),
  freeSpans: z.number(),
  valueBytes: z.number(),
  putsPerCommit: z.number().int(),
  commits: z.number().int(),
  warmUpCommits: z.number().int(),
});

/** One arm measured once, in a process of its own, from the cell's starting state. */
export const sampleSchema = z.object({
  schemaVersion: z.literal(SCHEMA_VERSION),
  kind: z.literal('round'),
  cell: z.string(),
  /** Rounds of one block ran next to each other, in random order; statistics pair within a block. */
  block: z.number().int(),
  position: z.number().int(),
  arm: z.string(),
  /** Each arm runs more than once a block: pairs of equal arms give the A/A floor. */
  replicate: z.number().int(),
  /** 'anchor' rounds re-measure the smallest size beside a larger one, for the capacity claim. */
  purpose: z.enum(['arm', 'anchor']),
  /** An anchor's larger cell: `block` counts that cell's blocks, `cell` stays the re-measured one. */
  beside: z.string().optional(),
  startedAt: z.string(),
  /** Read back from the open database, never the ones asked for. */
  settings: z.record(z.string(), scalarSchema),
  puts: z.number().int(),
  completionSeconds: z.number(),
  /** Latency of a commit with the puts that fill it, in nanoseconds. */
  commitNs: z.object({
    n: z.number().int(),
    median: z.number(),
    p90: z.number(),
    max: z.number(),
    /** HDR histogram, V2 encoding, base64. */
    histogram: z.string(),
  }),
  /** Seconds of the job spent in each part; `spill` holds `freelist` without `release`. */
  phases: z.object({
    put: z.number(),
    spill: z.number(),
    release: z.number(),
    freelist: z.number(),
    write: z.number(),
    sync: z.number(),
  }),
  counts: z.object({
    bytesWritten: z.number(),
    pagesWritten: z.number(),
    writes: z.number(),
    syncs: z.number(),
    allocations: z.number(),
    multiPageAllocations: z.number(),
    multiPageAllocationsFromRun: z.number(),
    pagesAllocated: z.number(),
    probes: z.number(),
    fileGrowthBytes: z.number(),
    freelistBytes: z.number(),
  }),
  resources: z.object({
    rssBytesMax: z.number(),
    userSeconds: z.number(),
    systemSeconds: z.number(),
  }),
  /** The state the round started from; rounds of one cell must agree. */
  state: z.object({
    dbBytes: z.number(),
    allocatedBytes: z.number(),
    digest: z.string(),
    freePages: z.number(),
    pageCache: z.string(),
  }),
  warnings: z.array(warningSchema),
});

/** What varies over the surface. */
export const surfaceFactorsSchema = z.object({
  recipe: z.string(),
  /** Asked for, e.g. 1e6; what the file really has stands beside it. */
  freePages: z.number(),
  putsPerCommit: z.number().int(),
  valueBytes: z.number(),
  syncFreelist: z.boolean(),
});

/** One arm of a surface cell measured once; all rounds of a cell share one process. */
export const surfaceRoundSchema = z.object({
  arm: z.string(),
  block: z.number().int(),
  position: z.number().int(),
  completionSeconds: z.number(),
  phases: sampleSchema.shape.phases,
  counts: sampleSchema.shape.counts,
  settings: sampleSchema.shape.settings,
  digest: z.string(),
});

/** One line of surface.ndjson: a cell of the surface, measured to its end. */
export const surfaceCellSchema = z.object({
  schemaVersion: z.literal(SCHEMA_VERSION),
  kind: z.literal('surface-cell'),
  id: z.string(),
  startedAt: z.string(),
  factors: surfaceFactorsSchema,
  dbBytes: z.number(),
  freePages: z.number(),
  freeSpans: z.number(),
  puts: z.number().int(),
  commits: z.number().int(),
  warmUpCommits: z.number().int(),
  /** In the order they ran. */
  rounds: z.array(surfaceRoundSchema),
  warnings: z.array(warningSchema),
});

/** 'deciding' cells judge a claim, 'curve' cells draw it, 'labelled' ones stand beside it. */
export const experimentRoleSchema = z.enum(['deciding', 'curve', 'labelled']);

/** One line of experiments.ndjson: one arm of one cell measured once, in a process of its own. */
export const experimentRoundSchema = z.object({
  schemaVersion: z.literal(SCHEMA_VERSION),
  kind: z.literal('experiment-round'),
  claim: z.string(),
  cell: z.string(),
  role: experimentRoleSchema,
  factors: z.record(z.string(), scalarSchema),
  /** Rounds of one block ran next to each other, in random order; statistics pair within a block. */
  block: z.number().int(),
  position: z.number().int(),
  arm: z.string(),
  replicate: z.number().int(),
  startedAt: z.string(),
  /** The whole round, its process included. */
  seconds: z.number(),
  /** Read back from what was measured, never the ones asked for. */
  settings: z.record(z.string(), scalarSchema),
  /** Named with their units: putsPerSecond, putP99Us. */
  figures: z.record(z.string(), z.number()),
  /** HDR histograms in nanoseconds, V2 encoding, base64. */
  histograms: z.record(z.string(), z.string()),
  series: z.record(z.string(), z.array(z.number())),
  resources: sampleSchema.shape.resources,
  warnings: z.array(warningSchema),
  /** Of the commands run, ab and sweep: what the load generator and the store said beside figures. */
  load: loadRoundSchema.optional(),
});

/** A cell of an experiment as it was planned. */
export const plannedCellSchema = z.object({
  claim: z.string(),
  cell: z.string(),
  title: z.string(),
  role: experimentRoleSchema,
  factors: z.record(z.string(), scalarSchema),
  arms: z.array(z.string()),
  blocksMin: z.number().int(),
});

export const runSchema = z.object({
  schemaVersion: z.literal(SCHEMA_VERSION),
  kvtune: z.string(),
  id: z.string(),
  seed: z.number().int(),
  mode: z.enum(['default', 'quick', 'full']),
  command: z.string(),
  startedAt: z.string(),
  finishedAt: z.string().optional(),
  status: z.enum(['running', 'finished', 'interrupted', 'failed']),
  host: hostSchema,
  cells: z.array(cellSchema),
  /** What the plan left out on this machine, one sentence each. */
  untested: z.array(z.string()),
  /** Cells of the surface that the plan held; those measured stand in surface.ndjson. */
  surface: z.object({ planned: z.number().int() }).optional(),
  /** Ids of the claims that the run is to measure; absent: those of the freelist. */
  claims: z.array(z.string()).optional(),
  /** Cells of experiments that the plan held; those measured stand in experiments.ndjson. */
  experiments: z.array(plannedCellSchema).optional(),
  /** What a run of the commands run, ab and sweep was asked for; absent in those that judge claims. */
  load: loadRunSchema.optional(),
  tags: z.record(z.string(), z.string()),
  versions: z.record(z.string(), z.string()),
  git: z.object({ commit: z.string(), dirty: z.boolean() }).optional(),
  /** The engine's array arm beside bbolt's on the same file; absent where Go or bbolt is missing. */
  calibration: z
    .object({
      peer: z.string(),
      dbBytes: z.number(),
      freelistSecondsOurs: z.number(),
      freelistSecondsPeer: z.number(),
      ratio: z.number(),
      probesPerAllocationOurs: z.number(),
      probesPerAllocationPeer: z.number(),
      ok: z.boolean(),
    })
    .optional(),
  warnings: z.array(warningSchema),
});

export const VERDICTS = [
  'reproduced',
  'exceeded',
  'partly',
  'not-reproduced',
  'inconclusive',
  'invalid',
] as const;

export const curvePointSchema = z.object({
  cell: z.string(),
  series: z.string(),
  role: cellSchema.shape.role,
  dbBytes: z.number(),
  freePages: z.number(),
  value: z.number(),
  low: z.number(),
  high: z.number(),
  rounds: z.number().int(),
});

/** One arm of one cell, over all its rounds: medians of the rounds' own figures. */
export const armSchema = z.object({
  cell: z.string(),
  name: z.string(),
  settings: sampleSchema.shape.settings,
  rounds: z.number().int(),
  completionSeconds: z.number(),
  putsPerSecond: z.number(),
  commitMsMedian: z.number(),
  commitMsP90: z.number(),
  commits: z.number().int(),
  phases: sampleSchema.shape.phases,
  bytesWritten: z.number(),
  pagesWritten: z.number(),
  fileGrowthBytes: z.number(),
  freelistBytes: z.number(),
  probesPerAllocation: z.number(),
  /** Share of multi-page allocations that found a run of free pages; the others grew the file. */
  runFoundShare: z.number(),
});

/** What an axis, or a colour, stands for. An empty unit: a pure number; 'x': a ratio. */
export const axisSchema = z.object({
  label: z.string(),
  unit: z.string(),
  scale: z.enum(['log', 'linear']),
});

/** A figure with the ends of its interval; both null where there is none. */
const estimateShape = {
  low: z.number().nullable(),
  high: z.number().nullable(),
};

/** A picture of lines with intervals, one a series; references are horizontal lines with a name. */
export const linesPanelSchema = z.object({
  kind: z.literal('lines'),
  id: z.string(),
  title: z.string(),
  x: axisSchema,
  y: axisSchema,
  series: z.array(
    z.object({
      name: z.string(),
      role: experimentRoleSchema,
      points: z.array(z.object({ x: z.number(), y: z.number(), ...estimateShape })),
    }),
  ),
  references: z.array(z.object({ y: z.number(), label: z.string() })),
});

/** A picture of squares over two factors, coloured by a figure; marks name single squares. */
export const heatPanelSchema = z.object({
  kind: z.literal('heat'),
  id: z.string(),
  title: z.string(),
  x: axisSchema,
  y: axisSchema,
  color: axisSchema,
  better: z.enum(['higher', 'lower']),
  cells: z.array(z.object({ x: z.number(), y: z.number(), value: z.number(), ...estimateShape })),
  marks: z.array(z.object({ x: z.number(), y: z.number(), label: z.string() })),
});

export const panelSchema = z.discriminatedUnion('kind', [linesPanelSchema, heatPanelSchema]);

/** A small table of a claim; null reads 'not measured'. */
export const claimRowsSchema = z.object({
  caption: z.string(),
  columns: z.array(z.object({ title: z.string(), unit: z.string() })),
  rows: z.array(z.array(z.union([z.string(), z.number(), z.null()]))),
});

export const claimSchema = z.object({
  id: z.string(),
  title: z.string(),
  published: z.object({
    value: z.number(),
    /** Shown in place of the value where nobody published one: it is the rule's own threshold then. */
    words: z.string().optional(),
    unit: z.string(),
    what: z.string(),
    source: z.string(),
  }),
  measured: z
    .object({
      value: z.number(),
      low: z.number(),
      high: z.number(),
      rounds: z.number().int(),
      /** The condition it was measured under: dbBytes and freePages, or an experiment's factors. */
      at: z.record(z.string(), scalarSchema),
    })
    .nullable(),
  arms: z.array(armSchema),
  curve: z.array(curvePointSchema),
  target: z.string(),
  rule: z.string(),
  method: z.string(),
  alpha: z.number(),
  /** A/A floor: the largest ratio, >= 1, seen between rounds of equal arms in the deciding cell. */
  floor: z.number(),
  verdict: z.enum(VERDICTS),
  /** One sentence: what was found, in words a reader can repeat. */
  finding: z.string(),
  /** Where the claim holds and where not, one sentence each. */
  limits: z.array(z.string()),
  warnings: z.array(warningSchema),
  command: z.string(),
  /** Pictures beside the curve, or in its place. */
  panels: z.array(panelSchema).optional(),
  rows: z.array(claimRowsSchema).optional(),
  /** What a reader must know before quoting it: where etcd has the change, what was not in the path. */
  caveats: z.array(z.string()).optional(),
});

/** A ratio of two arms; low and high are null where there are too few blocks for an interval. */
const surfaceRatioSchema = z.object({
  value: z.number(),
  low: z.number().nullable(),
  high: z.number().nullable(),
});

/** Figures by arm: array, hashmap, bitmap. */
const byArmSchema = z.record(z.string(), z.number());

export const surfaceSummarySchema = z.object({
  planned: z.number().int(),
  measured: z.number().int(),
  alpha: z.number(),
  cells: z.array(
    z.object({
      id: z.string(),
      factors: surfaceFactorsSchema,
      dbBytes: z.number(),
      freePages: z.number(),
      freeSpans: z.number(),
      blocks: z.number().int(),
      /** Medians over the blocks. */
      completionSeconds: byArmSchema,
      /** Completion time, array / hashmap. */
      hashmapGain: surfaceRatioSchema,
      /** Completion time, the better of array and hashmap / bitmap. */
      bitmapGain: surfaceRatioSchema,
      /** Pages that the file grew by, as a share of all pages allocated. */
      growthShare: byArmSchema,
      freelistBytes: byArmSchema,
      writesPerCommit: byArmSchema,
    }),
  ),
  /** Cells of one file size, recipe, value class: who should care, in a sentence. */
  classes: z.array(
    z.object({
      recipe: z.string(),
      syncFreelist: z.boolean(),
      freePages: z.number(),
      values: z.enum(['small', 'large']),
      cells: z.number().int(),
      sentence: z.string(),
    }),
  ),
  /** What the bitmap freelist is held to, and in how many cells it is so. */
  bars: z.array(
    z.object({
      bar: z.string(),
      cells: z.number().int(),
      met: z.number().int(),
      /** Cells whose interval lies wholly on the wrong side; without an interval none can. */
      missed: z.array(z.string()),
      sentence: z.string(),
    }),
  ),
});

export const claimsFileSchema = z.object({
  schemaVersion: z.literal(SCHEMA_VERSION),
  kvtune: z.string(),
  seed: z.number().int(),
  mode: runSchema.shape.mode,
  startedAt: z.string(),
  status: runSchema.shape.status,
  host: z.object({ fingerprint: z.string() }),
  claims: z.array(claimSchema),
  surface: surfaceSummarySchema.optional(),
});

export type Warning = z.infer<typeof warningSchema>;
export type SyncLatency = z.infer<typeof syncLatencySchema>;
export type Host = z.infer<typeof hostSchema>;
export type Cell = z.infer<typeof cellSchema>;
export type Sample = z.infer<typeof sampleSchema>;
export type SurfaceFactors = z.infer<typeof surfaceFactorsSchema>;
export type SurfaceRound = z.infer<typeof surfaceRoundSchema>;
export type SurfaceCell = z.infer<typeof surfaceCellSchema>;
export type SurfaceSummary = z.infer<typeof surfaceSummarySchema>;
export type Scalar = z.infer<typeof scalarSchema>;
export type ExperimentRole = z.infer<typeof experimentRoleSchema>;
export type ExperimentRound = z.infer<typeof experimentRoundSchema>;
export type PlannedCell = z.infer<typeof plannedCellSchema>;
export type PanelAxis = z.infer<typeof axisSchema>;
export type LinesPanel = z.infer<typeof linesPanelSchema>;
export type HeatPanel = z.infer<typeof heatPanelSchema>;
export type Panel = z.infer<typeof panelSchema>;
export type ClaimRows = z.infer<typeof claimRowsSchema>;
export type Run = z.infer<typeof runSchema>;
export type Verdict = (typeof VERDICTS)[number];
export type CurvePoint = z.infer<typeof curvePointSchema>;
export type Arm = z.infer<typeof armSchema>;
export type Claim = z.infer<typeof claimSchema>;
export type ClaimsFile = z.infer<typeof claimsFileSchema>;
