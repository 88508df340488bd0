// Files of records read back: one JSON value, or one a line, held against a shape. What is missing or was not
// written so is a RecordError that names the place; fields that a shape does not name are dropped.

import { existsSync, readFileSync } from 'node:fs';
import type { z } from 'zod';
import { messageOf, RecordError } from './record-error.ts';

/** The file must be there. */
export function readJson(path: string): unknown {
  if (!existsSync(path)) {
    throw new RecordError('missing', `${path} does not exist; name a run's folder`);
  }
  return parse(readFileSync(path, 'utf8'), path);
}

/** Undefined where the file is not there. */
export function readOptional<T>(path: string, schema: z.ZodType<T>): T | undefined {
  return existsSync(path) ? checked(readJson(path), path, schema) : undefined;
}

/** Empty where the file is not there. A last line cut short by a kill is dropped. */
export function readLines<T>(path: string, schema: z.ZodType<T>): T[] {
  if (!existsSync(path)) return [];
  const lines = readFileSync(path, 'utf8').split('\n');
  // Without its newline the last line was not finished.
  lines.pop();
  return lines.map((line, index) => {
    const where = `${path}, line ${index + 1}`;
    return checked(parse(line, where), where, schema);
  });
}

/** `value` in the shape of `schema`; `where` it was found is named if it has another. */
export function checked<T>(value: unknown, where: string, schema: z.ZodType<T>): T {
  const record = schema.safeParse(value);
  if (record.success) return record.data;
  const [first] = record.error.issues;
  const issue = [first?.path.map(String).join('.'), first?.message];
  throw new RecordError('damaged', `${where}: ${issue.filter(Boolean).join(': ')}`);
}

function parse(text: string, where: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new RecordError('damaged', `${where} is no JSON: ${messageOf(error)}`, { cause: error });
  }
}
