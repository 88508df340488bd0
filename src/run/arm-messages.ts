// What a session and the processes of its arms say to each other. Orders go down and are trusted: both ends are this
// program. Answers come back from a process in which anything may have gone wrong, so their shapes are
// checked; one that does not fit is a fault of that process. One order at a time, and one answer each.

import { z } from 'zod';
import type { ArmOrder, CellOrder, SliceOrder } from '../procedures/procedure.ts';
import { warningSchema } from '../record/basic-schema.ts';
import { healthSchema, roundSchema, scalarsSchema } from '../record/round.ts';

export type Order =
  | { readonly kind: 'prepare'; readonly procedure: string; readonly cells: readonly CellOrder[] }
  | { readonly kind: 'open'; readonly procedure: string; readonly arm: ArmOrder }
  | { readonly kind: 'slice'; readonly slice: SliceOrder }
  | { readonly kind: 'close' };

/** `id`: of an order, counted from 0 in each process; the answer repeats it. */
export type Message = { readonly id: number; readonly order: Order } | { readonly abort: true };

const { figures, counts, histograms, series, resources } = roundSchema.shape;

export const answerSchemas = {
  /** `made`: by arm, in the order in which they were asked for; `prepares`: whether the procedure ever does. */
  prepare: z.object({ prepares: z.boolean(), made: z.array(scalarsSchema) }),
  open: z.object({
    warmUp: z.object({
      figure: z.string().optional(),
      slicesMin: z.number().int(),
      slicesMax: z.number().int(),
      sideBySide: z.boolean(),
    }),
  }),
  slice: z.object({
    seconds: z.number().min(0),
    settings: scalarsSchema,
    figures,
    counts,
    histograms,
    series,
    state: scalarsSchema,
    health: healthSchema.optional(),
    warnings: z.array(warningSchema),
    resources,
  }),
  close: z.object({
    settings: scalarsSchema,
    counts,
    warnings: z.array(warningSchema),
    resources,
  }),
} as const satisfies Readonly<Record<Order['kind'], z.ZodType>>;

export const replySchema = z.union([
  z.object({ id: z.number().int(), progress: z.object({ doing: z.string(), share: z.number() }) }),
  z.object({
    id: z.number().int(),
    error: z.object({
      name: z.string(),
      message: z.string(),
      code: z.string().optional(),
      syscall: z.string().optional(),
    }),
  }),
  z.object({ id: z.number().int(), answer: z.unknown() }),
]);

export type AnswerOf<Kind extends Order['kind']> = z.infer<(typeof answerSchemas)[Kind]>;
export type Reply = z.infer<typeof replySchema>;
export type SliceAnswer = AnswerOf<'slice'>;
export type CloseAnswer = AnswerOf<'close'>;
