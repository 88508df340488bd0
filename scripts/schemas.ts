// Writes the JSON Schemas of result files under results/schema. Usage: npm run schemas
// A test fails while they differ from the shapes in src/record.

import { mkdirSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { jsonSchemaText, SCHEMA_FILES } from '../src/record/json-schemas.ts';

const FOLDER = new URL('../../results/schema/', import.meta.url);

mkdirSync(FOLDER, { recursive: true });
for (const file of SCHEMA_FILES) {
  const place = fileURLToPath(new URL(file, FOLDER));
  writeFileSync(place, jsonSchemaText(file));
  process.stdout.write(`written: results/schema/${file}\n`);
}
