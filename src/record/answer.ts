// The one shape of what was concluded: answers.json. An answer is what one question came to: a claim's verdict,
// a comparison of two arms, figures of a load, a map. Reports are made of answers alone and know no
// question by its id. Additive changes only, as in round.ts.

import { z } from 'zod';
import { ends, warningSchema } from './basic-schema.ts';
import { scalarsSchema, SCHEMA_VERSION } from './round.ts';

/**
 * Of claims: reproduced to not-reproduced; of comparisons: better, worse, alike; of figures without a
 * contrast: measured. inconclusive: the data cannot tell; invalid: they may not be used; wrong-data: the store
 * did not hold what it acknowledged; nothing: nothing was measured.
 */
export const VERDICTS = [
  'reproduced',
  'exceeded',
  'partly',
  'not-reproduced',
  'better',
  'worse',
  'alike',
  'measured',
  'inconclusive',
  'invalid',
  'wrong-data',
  'nothing',
] as const;

/** What an axis, or a colour, stands for. An empty unit: a pure number; 'x': a ratio. */
export const axisSchema = z.object({
  label: z.string(),
  unit: z.string(),
  scale: z.enum(['log', 'linear']),
});

/** 'deciding' cells judge, 'curve' cells draw, 'labelled' ones stand beside. */
export const roleSchema = z.enum(['deciding', 'curve', 'labelled']);

/** Lines with intervals, one a series; references are horizontal lines with a name. */
export const linesPanelSchema = z.object({
  kind: z.literal('lines'),
  id: z.string(),
  title: z.string(),
  x: axisSchema,
  y: axisSchema,
  series: z.array(
    z.object({
      name: z.string(),
      role: roleSchema,
      points: z.array(z.object({ x: z.number(), y: z.number(), ...ends })),
    }),
  ),
  references: z.array(z.object({ y: z.number(), label: z.string() })),
});

/** Squares over two factors, coloured by a figure; marks name single squares. */
export const heatPanelSchema = z.object({
  kind: z.literal('heat'),
  id: z.string(),
  title: z.string(),
  x: axisSchema,
  y: axisSchema,
  color: axisSchema,
  better: z.enum(['higher', 'lower']),
  cells: z.array(z.object({ x: z.number(), y: z.number(), value: z.number(), ...ends })),
  marks: z.array(z.object({ x: z.number(), y: z.number(), label: z.string() })),
});

export const panelSchema = z.discriminatedUnion('kind', [linesPanelSchema, heatPanelSchema]);

/** A small table; null reads 'not measured'. */
export const tableSchema = z.object({
  caption: z.string(),
  columns: z.array(z.object({ title: z.string(), unit: z.string() })),
  rows: z.array(z.array(z.union([z.string(), z.number(), z.null()]))),
});

/** What one contrast came to. A contrast is one number a session; its interval is over sessions. */
export const estimateSchema = z.object({
  id: z.string(),
  /** 'completion time, array / hashmap'. */
  words: z.string(),
  unit: z.string(),
  /** 'ratio': no difference is 1; 'level': a figure of its own. */
  kind: z.enum(['ratio', 'level']),
  cell: z.string(),
  /** Whether the verdict rests on it. */
  deciding: z.boolean(),
  /** Null without a usable session. */
  value: z.number().nullable(),
  ...ends,
  sessions: z.number().int(),
  slices: z.number().int(),
  /** Error that the interval accepts at this look, of the contrast's whole share. */
  alpha: z.number(),
  /** Noise as a ratio >= 1: equal arms within sessions, and a session's arm from one session to the next; null: unknown. */
  floorWithin: z.number().nullable(),
  floorBetween: z.number().nullable(),
  /** Smallest ratio >= 1 (or distance, of a level) that these sessions could have told from none. */
  smallestVisible: z.number().nullable(),
});

export const publishedSchema = z.object({
  value: z.number(),
  /** Shown in place of the value where nobody published one: it is the rule's own threshold then. */
  words: z.string().optional(),
  unit: z.string(),
  what: z.string(),
  source: z.string(),
});

export const answerSchema = z.object({
  question: z.string(),
  /** What it is about: a published claim, two arms, one load, levels of factors, a map, a check of a baseline. */
  kind: z.enum(['claim', 'comparison', 'load', 'sweep', 'map', 'calibration']),
  title: z.string(),
  target: z.string(),
  verdict: z.enum(VERDICTS),
  /** One sentence: what was found, in words a reader can repeat. */
  finding: z.string(),
  published: publishedSchema.optional(),
  /** The figure that stands beside the published one, and under which conditions it was measured. */
  measured: z
    .object({
      value: z.number(),
      ...ends,
      unit: z.string(),
      what: z.string(),
      sessions: z.number().int(),
      at: scalarsSchema,
    })
    .nullable(),
  estimates: z.array(estimateSchema),
  rule: z.string(),
  method: z.string(),
  /** Chance of a wrong answer that the rule accepts, over all its contrasts and looks. */
  alpha: z.number(),
  /** Looks taken at the data, the last included. */
  looks: z.number().int(),
  /** By arm of the deciding cells: settings as read back. */
  arms: z.array(z.object({ cell: z.string(), arm: z.string(), settings: scalarsSchema })),
  /** Where it holds and where not, one sentence each. */
  limits: z.array(z.string()),
  /** What a reader must know before quoting it. */
  caveats: z.array(z.string()),
  warnings: z.array(warningSchema),
  panels: z.array(panelSchema),
  tables: z.array(tableSchema),
  /** What was not reached, in one line each. */
  untested: z.array(z.string()),
  /** The command that repeats it. */
  command: z.string(),
  /** Further facts, by label. */
  facts: z.array(z.object({ label: z.string(), value: z.string() })),
});

export const answersFileSchema = z.object({
  schemaVersion: z.literal(SCHEMA_VERSION),
  kvtune: z.string(),
  seed: z.number().int(),
  mode: z.string(),
  startedAt: z.string(),
  status: z.enum(['running', 'finished', 'interrupted', 'failed']),
  host: z.object({ fingerprint: z.string() }),
  answers: z.array(answerSchema),
});

export type Verdict = (typeof VERDICTS)[number];
export type Axis = z.infer<typeof axisSchema>;
export type Role = z.infer<typeof roleSchema>;
export type LinesPanel = z.infer<typeof linesPanelSchema>;
export type HeatPanel = z.infer<typeof heatPanelSchema>;
export type Panel = z.infer<typeof panelSchema>;
export type Table = z.infer<typeof tableSchema>;
export type Estimate = z.infer<typeof estimateSchema>;
export type Published = z.infer<typeof publishedSchema>;
export type Answer = z.infer<typeof answerSchema>;
export type AnswersFile = z.infer<typeof answersFileSchema>;
