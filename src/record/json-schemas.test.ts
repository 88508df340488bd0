// JSON Schemas: the committed ones are those of the shapes, real output passes them (also with no field
// unnamed), and a file that is wrong in one place does not.

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import { beforeAll, describe, expect, it } from 'vitest';
import { kvtune } from '../testing/kvtune-process.ts';
import { testFolder } from '../testing/test-folder.ts';
import { jsonSchema, jsonSchemaText, SCHEMA_FILES, type SchemaFile } from './json-schemas.ts';

const COMMITTED = fileURLToPath(new URL('../../results/schema/', import.meta.url));
const MINUTES = 60_000;

const parent = testFolder('schema');
/** Of a run under load, and of a claim. */
const load = join(parent, 'load');
const claim = join(parent, 'claim');
const ajv = new Ajv2020({ allErrors: true, strict: true, allowUnionTypes: true });
const closed = new Ajv2020({ strict: true, allowUnionTypes: true });

function validator(file: SchemaFile): ValidateFunction {
  return ajv.compile(JSON.parse(readFileSync(join(COMMITTED, file), 'utf8')) as object);
}

function parsed(folder: string, name: string): Record<string, unknown> {
  return JSON.parse(readFileSync(join(folder, name), 'utf8')) as Record<string, unknown>;
}

/** Each line of a file of one record a line. */
function lines(folder: string, name: string): Record<string, unknown>[] {
  const text = readFileSync(join(folder, name), 'utf8').trimEnd();
  return text.split('\n').map((line) => JSON.parse(line) as Record<string, unknown>);
}

/** The values that a file's schema describes. */
function output(file: SchemaFile): Record<string, unknown>[] {
  switch (file) {
    case 'round.schema.json':
      return [...lines(load, 'rounds.ndjson'), ...lines(claim, 'rounds.ndjson')];
    case 'run.schema.json':
      return [parsed(load, 'run.json'), parsed(claim, 'run.json')];
    case 'answers.schema.json':
      return [parsed(load, 'answers.json'), parsed(claim, 'answers.json')];
    case 'claims.schema.json':
      return [parsed(claim, 'claims.json')];
  }
}

beforeAll(async () => {
  const small = ['--duration', '100ms', '--param', 'keys=500', '--clients', '4'];
  const ran = await kvtune(['run', 'read-heavy', ...small, '--out', load]);
  expect(ran.code, ran.stderr).toBe(0);
  const reproduced = await kvtune([
    ...['reproduce', '--quick', '--claims', 'lease-scale', '--budget', '14s', '--out', claim],
  ]);
  expect(reproduced.code, reproduced.stderr).toBe(0);
}, 3 * MINUTES);

it('commits exactly these schemas', () => {
  expect(readdirSync(COMMITTED).sort()).toEqual([...SCHEMA_FILES].sort());
});

describe.each(SCHEMA_FILES)('%s', (file) => {
  it('is up to date: npm run schemas', () => {
    expect(readFileSync(join(COMMITTED, file), 'utf8')).toBe(jsonSchemaText(file));
  });

  it('passes what a real run wrote, and names every field of it', () => {
    const validate = validator(file);
    const validateClosed = closed.compile(jsonSchema(file, 'closed'));
    const values = output(file);
    expect(values.length).toBeGreaterThan(0);
    for (const value of values) {
      expect(validate(value), ajv.errorsText(validate.errors)).toBe(true);
      expect(validateClosed(value), closed.errorsText(validateClosed.errors)).toBe(true);
    }
  });

  it('lets a field pass that was added later', () => {
    const validate = validator(file);
    for (const value of output(file)) expect(validate({ ...value, addedLater: 1 })).toBe(true);
  });

  it('refuses output with a field missing or of another type', () => {
    const validate = validator(file);
    const [value = {}] = output(file);
    const { required = [] } = jsonSchema(file, 'open') as { required?: readonly string[] };
    expect(required.length).toBeGreaterThan(5);
    for (const name of required) {
      const without = Object.fromEntries(Object.entries(value).filter(([key]) => key !== name));
      expect(validate(without), `without ${name}`).toBe(false);
      expect(validate({ ...value, [name]: null }), `${name}: null`).toBe(false);
    }
    expect(validate({ ...value, schemaVersion: 1 })).toBe(false);
  });
});
