// Shapes that all records are made of, and fields of numbers in short. Below every other shape.
// What records are made of them stands in their own modules.

import { z } from 'zod';

/** A setting or a level of a factor. */
export const scalarSchema = z.union([z.string(), z.number(), z.boolean()]);

/** A doubt about a figure, with what would remove it. */
export const warningSchema = z.object({
  code: z.string(),
  message: z.string(),
  remedy: z.string().optional(),
});

/** A figure with the ends of its interval; both null where there is none. */
export const ends = { low: z.number().nullable(), high: z.number().nullable() };

type Words<Text extends string> = Text extends `${infer First} ${infer Rest}`
  ? First | Words<Rest>
  : Text;

/** Fields of an object that are numbers; `names` are separated by blanks: 'seconds bytes'. */
export function numbers<Names extends string>(names: Names): Record<Words<Names>, z.ZodNumber> {
  const fields = names.split(' ').map((name) => [name, z.number()] as const);
  // Object.fromEntries forgets the names.
  return Object.fromEntries(fields) as Record<Words<Names>, z.ZodNumber>;
}
