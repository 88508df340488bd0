// JSON Schemas of the files of a run, generated from the shapes beside, for readers in other languages.
// Committed under results/schema by `npm run schemas`. Unknown fields are allowed, so that a file with
// a field that was added later still passes an older schema.

import { z } from 'zod';
import { answersFileSchema } from './answer.ts';
import { claimsViewSchema } from './claims-view.ts';
import { roundSchema } from './round.ts';
import { runSchema } from './run.ts';

const SHAPES = {
  'run.schema.json': { shape: runSchema, title: 'run.json of kvtune' },
  'round.schema.json': { shape: roundSchema, title: 'one line of rounds.ndjson of kvtune' },
  'answers.schema.json': { shape: answersFileSchema, title: 'answers.json of kvtune' },
  'claims.schema.json': { shape: claimsViewSchema, title: 'claims.json of kvtune' },
} as const;

export type SchemaFile = keyof typeof SHAPES;

export const SCHEMA_FILES = Object.keys(SHAPES) as readonly SchemaFile[];

/** The schema's value, JSON Schema draft 2020-12. 'closed' refuses fields it does not name. */
export function jsonSchema(file: SchemaFile, unknownFields: 'open' | 'closed'): object {
  const { shape, title } = SHAPES[file];
  const io = unknownFields === 'open' ? 'input' : 'output';
  return { title, ...z.toJSONSchema(shape, { io }) };
}

/** The text of the file under results/schema. */
export function jsonSchemaText(file: SchemaFile): string {
  return `${JSON.stringify(jsonSchema(file, 'open'), null, 2)}\n`;
}
