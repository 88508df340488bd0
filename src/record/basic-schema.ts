// Shapes that all records are made of: below schema.ts, which takes the records of loads from a file of
// their own.

import { z } from 'zod';

/** A setting or a level of a factor. */
export const scalarSchema = z.union([z.string(), z.number(), z.boolean()]);

/** A doubt about a figure, with what would remove it. */
export const warningSchema = z.object({
  code: z.string(),
  message: z.string(),
  remedy: z.string().optional(),
});
