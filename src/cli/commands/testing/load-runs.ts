// Runs of load commands in tests: folders to measure into, a load that is over in a moment, and what must lie
// in a folder afterwards. Owns no process: kvtune-process.ts starts them.

import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { expect } from 'vitest';
import type { AnswersFile } from '../../../record/answer.ts';
import { jsonSchema, type SchemaFile } from '../../../record/json-schemas.ts';
import { diskFolder } from '../../../testing/test-folder.ts';

export const base = diskFolder('cli-load');
let made = 0;

export function out(): string {
  return join(base, String(++made));
}

/** Arms are processes, and other tests run beside them. */
export const MINUTES = { timeout: 180_000 };

export const SMALL = ['--param', 'keys=200', '--clients', '4', '--duration', '50ms'];

function expectValid(file: SchemaFile, value: unknown): void {
  const ajv = new Ajv2020({ strict: false });
  const valid = ajv.validate(jsonSchema(file, 'closed'), value);
  expect(valid, JSON.stringify(ajv.errors)).toBe(true);
}

/** What every finished command leaves behind. */
export function expectFolder(folder: string): AnswersFile {
  const read = (name: string): string => readFileSync(join(folder, name), 'utf8');
  const names = ['answers.json', 'report.html', 'report.md', 'rounds.ndjson', 'run.json'];
  expect(readdirSync(folder).filter((name) => name !== 'charts')).toEqual(names);
  expectValid('run.schema.json', JSON.parse(read('run.json')));
  const answers = JSON.parse(read('answers.json')) as AnswersFile;
  expectValid('answers.schema.json', answers);
  for (const line of read('rounds.ndjson').trimEnd().split('\n')) {
    expectValid('round.schema.json', JSON.parse(line));
  }
  return answers;
}

/** Whole lines of a run's rounds. */
export function roundsIn(folder: string): number {
  const path = join(folder, 'rounds.ndjson');
  return existsSync(path) ? readFileSync(path, 'utf8').split('\n').length - 1 : 0;
}

export function leftovers(folder: string): string[] {
  return readdirSync(folder).filter((name) => /work|lock/.test(name));
}
