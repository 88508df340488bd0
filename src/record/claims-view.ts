// claims.json: answers.json as a view on claims, for scripts that were written for version 1. It has the fields of
// that version under their old names; what changed is told by schemaVersion 2: intervals are over sessions,
// ends and floor are null where there are none, and a curve's points are those of the claim's first picture.

import { z } from 'zod';
import {
  answersFileSchema,
  panelSchema,
  publishedSchema,
  roleSchema,
  tableSchema,
  type Answer,
  type AnswersFile,
} from './answer.ts';
import { warningSchema } from './basic-schema.ts';
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

const ends = { low: z.number().nullable(), high: z.number().nullable() };

export const claimViewSchema = z.object({
  id: z.string(),
  title: z.string(),
  /** Null where nobody published a figure. */
  published: publishedSchema.nullable(),
  measured: z
    .object({
      value: z.number(),
      ...ends,
      /** Sessions, since version 2. */
      rounds: z.number().int(),
      at: scalarsSchema,
    })
    .nullable(),
  arms: z.array(z.object({ cell: z.string(), name: z.string(), settings: scalarsSchema })),
  curve: z.array(
    z.object({
      series: z.string(),
      role: roleSchema,
      x: z.number(),
      value: z.number(),
      ...ends,
    }),
  ),
  target: z.string(),
  rule: z.string(),
  method: z.string(),
  alpha: z.number(),
  /** Largest noise, as a ratio >= 1, of equal arms within sessions of the deciding contrasts. */
  floor: z.number().nullable(),
  verdict: z.enum(CLAIM_VERDICTS),
  finding: z.string(),
  limits: z.array(z.string()),
  warnings: z.array(warningSchema),
  command: z.string(),
  panels: z.array(panelSchema),
  rows: z.array(tableSchema),
  caveats: z.array(z.string()),
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
  const { measured, panels, tables } = answer;
  return {
    id: answer.question,
    title: answer.title,
    published: answer.published ?? null,
    measured:
      measured === null
        ? null
        : {
            ...{ value: measured.value, low: measured.low, high: measured.high },
            ...{ rounds: measured.sessions, at: measured.at },
          },
    arms: answer.arms.map(({ cell, arm, settings }) => ({ cell, name: arm, settings })),
    curve: curveOf(answer),
    target: answer.target,
    rule: answer.rule,
    method: answer.method,
    alpha: answer.alpha,
    floor: floorOf(answer),
    verdict: verdictOf(answer.verdict),
    finding: answer.finding,
    limits: answer.limits,
    warnings: answer.warnings,
    command: answer.command,
    panels,
    rows: tables,
    caveats: answer.caveats,
  };
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
