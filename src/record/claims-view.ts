// claims.json: answers.json as a view on claims, for scripts that were written for version 1. It has the fields of
// that version under their old names; what changed is told by schemaVersion 2: intervals are over sessions,
// ends and floor are null where there are none, and a curve's points are those of the claim's first picture.

import { z } from 'zod';
import {
  answerSchema,
  answersFileSchema,
  publishedSchema,
  roleSchema,
  type Answer,
  type AnswersFile,
} from './answer.ts';
import { ends } from './basic-schema.ts';
import { scalarsSchema } from './round.ts';

/** The closed set that version 1 had. */
const CLAIM_VERDICTS = [
  'reproduced',
  'exceeded',
  'partly',
  'not-reproduced',
  'inconclusive',
  'invalid',
] as const;

/** What claims kept as it was. */
const { title, target, rule, method, alpha, finding, limits, warnings, command, panels, caveats } =
  answerSchema.shape;

export const claimViewSchema = z.object({
  ...{ id: z.string(), title },
  /** Null where nobody published a figure. */
  published: publishedSchema.nullable(),
  /** Rounds are sessions, since version 2. */
  measured: z
    .object({ value: z.number(), ...ends, rounds: z.number().int(), at: scalarsSchema })
    .nullable(),
  arms: z.array(z.object({ cell: z.string(), name: z.string(), settings: scalarsSchema })),
  curve: z.array(
    z.object({ series: z.string(), role: roleSchema, x: z.number(), value: z.number(), ...ends }),
  ),
  ...{ target, rule, method, alpha },
  /** Largest noise, as a ratio >= 1, of equal arms within sessions of the deciding contrasts. */
  floor: z.number().nullable(),
  verdict: z.enum(CLAIM_VERDICTS),
  ...{ finding, limits, warnings, command, panels, rows: answerSchema.shape.tables, caveats },
});

export const claimsViewSchema = z.object({
  ...answersFileSchema.omit({ answers: true }).shape,
  claims: z.array(claimViewSchema),
});

export type ClaimView = z.infer<typeof claimViewSchema>;
export type ClaimsView = z.infer<typeof claimsViewSchema>;

/** The answers of kind 'claim' as claims.json holds them. */
export function claimsView({ answers, ...file }: AnswersFile): ClaimsView {
  return { ...file, claims: answers.filter((answer) => answer.kind === 'claim').map(viewOf) };
}

function viewOf(answer: Answer): ClaimView {
  const { question, measured, arms, target, rule, method, alpha, panels, tables } = answer;
  const { finding, limits, warnings, command, caveats } = answer;
  return {
    ...{ id: question, title: answer.title, published: answer.published ?? null },
    measured: measured === null ? null : measuredOf(measured),
    arms: arms.map(({ cell, arm, settings }) => ({ cell, name: arm, settings })),
    curve: curveOf(answer),
    ...{ target, rule, method, alpha, floor: floorOf(answer), verdict: verdictOf(answer.verdict) },
    ...{ finding, limits, warnings, command, panels, rows: tables, caveats },
  };
}

function measuredOf(measured: NonNullable<Answer['measured']>): ClaimView['measured'] {
  const { value, low, high, sessions, at } = measured;
  return { value, low, high, rounds: sessions, at };
}

function curveOf({ panels }: Answer): ClaimView['curve'] {
  const picture = panels.find((panel) => panel.kind === 'lines');
  return (picture?.series ?? []).flatMap(({ name, role, points }) =>
    points.map(({ x, y, low, high }) => ({ series: name, role, x, value: y, low, high })),
  );
}

function floorOf({ estimates }: Answer): number | null {
  const floors = estimates.flatMap(({ deciding, floorWithin }) =>
    deciding && floorWithin !== null ? [floorWithin] : [],
  );
  return floors.length === 0 ? null : Math.max(...floors);
}

/** What version 1 had no word for: no data cannot tell, and wrong data may not be used. */
function verdictOf(verdict: Answer['verdict']): ClaimView['verdict'] {
  const known = CLAIM_VERDICTS.find((one) => one === verdict);
  return known ?? (verdict === 'wrong-data' ? 'invalid' : 'inconclusive');
}
