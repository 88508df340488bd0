// JSON Schemas of the files of a run, generated from the shapes in schema.ts, for readers in other
// languages. Committed under results/schema by `npm run schemas`. Unknown fields are allowed, so that
// a file with a field that was added later still passes an older schema.

import { z } from 'zod';
import {
  claimsFileSchema,
  experimentRoundSchema,
  runSchema,
  sampleSchema,
  surfaceCellSchema,
} from './schema.ts';
import { verdictFileSchema } from './verdict-schema.ts';

const SHAPES = {
  'run.schema.json': { shape: runSchema, title: 'run.json of kvtune' },
  'sample.schema.json': { shape: sampleSchema, title: 'one line of samples.ndjson of kvtune' },
  'surface-cell.schema.json': {
    shape: surfaceCellSchema,
    title: 'one line of surface.ndjson of kvtune',
  },
  'experiment-round.schema.json': {
    shape: experimentRoundSchema,
    title: 'one line of experiments.ndjson of kvtune',
  },
  'claims.schema.json': { shape: claimsFileSchema, title: 'claims.json of kvtune' },
  'verdict.schema.json': { shape: verdictFileSchema, title: 'verdict.json of kvtune' },
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
