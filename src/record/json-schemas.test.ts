// JSON Schemas: the committed ones are those of the shapes, real output passes them (also with no
// field unnamed), and a file that is wrong in one place does not.

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import { beforeAll, describe, expect, it } from 'vitest';
import { Random } from '../../engine/index.ts';
import { CLAIM_IDS, CLAIMS } from '../claims/claims.ts';
import { testRun } from '../claims/testing/samples.ts';
import { runExperimentTask } from '../experiments/experiment-task.ts';
import { plannedCells } from '../experiments/plan.ts';
import { runExperiments } from '../experiments/run-experiments.ts';
import { fakeCell } from '../experiments/testing/fake-experiment.ts';
import { judgeLoads } from '../gate/load-verdict.ts';
import { testPlan } from '../gate/testing/load-rounds.ts';
import { systemClock } from '../measure/clock.ts';
import { summarizeSurface } from '../claims/surface.ts';
import { CellRun } from '../runner/cell-run.ts';
import { measureSurface } from '../runner/surface.ts';
import { runSurfaceCell } from '../runner/surface-cell.ts';
import { loadCells } from '../runner/load-cells.ts';
import { makeSurfacePlan } from '../runner/surface-plan.ts';
import { runRound } from '../runner/round.ts';
import { tinyCell } from '../runner/testing/fake-rounds.ts';
import { testFolder } from '../testing/test-folder.ts';
import { jsonSchema, jsonSchemaText, SCHEMA_FILES, type SchemaFile } from './json-schemas.ts';
import { LOAD_CLAIM } from './load-schema.ts';
import { readRun, RunFolder, WorkFolder, writeReport, type StoredRun } from './run-folder.ts';
import { SCHEMA_VERSION, type ClaimsFile } from './schema.ts';

const COMMITTED = fileURLToPath(new URL('../../results/schema/', import.meta.url));
const SEED = 1;
const LAG = { measured: 'lag', leases: 2000, ttlSeconds: 2, revokeRate: 1000 };
const IDLE = { measured: 'tick', leases: 1000, dueEachTick: 0 };

const folder = new RunFolder(join(testFolder('schema'), 'run'));
const ajv = new Ajv2020({ allErrors: true, strict: true, allowUnionTypes: true });
const closed = new Ajv2020({ strict: true, allowUnionTypes: true });

function validator(file: SchemaFile): ValidateFunction {
  return ajv.compile(JSON.parse(readFileSync(join(COMMITTED, file), 'utf8')) as object);
}

function parsed(name: string): Record<string, unknown> {
  return JSON.parse(readFileSync(join(folder.path, name), 'utf8')) as Record<string, unknown>;
}

/** Each line of a file of one record a line. */
function lines(name: string): Record<string, unknown>[] {
  const text = readFileSync(join(folder.path, name), 'utf8').trimEnd();
  return text.split('\n').map((line) => JSON.parse(line) as Record<string, unknown>);
}

/** The values that a file's schema describes. */
function output(file: SchemaFile): Record<string, unknown>[] {
  if (file === 'sample.schema.json') return lines('samples.ndjson');
  if (file === 'surface-cell.schema.json') return lines('surface.ndjson');
  if (file === 'experiment-round.schema.json') return lines('experiments.ndjson');
  if (file === 'verdict.schema.json') return [parsed('verdict.json')];
  return [parsed(file === 'run.schema.json' ? 'run.json' : 'claims.json')];
}

function judged(stored: StoredRun): ClaimsFile {
  const { run, samples, experiments } = stored;
  const random = new Random(SEED);
  const input = {
    ...{ run, samples, experiments, command: run.command },
    unit: () => random.unit(),
  };
  return {
    schemaVersion: SCHEMA_VERSION,
    kvtune: run.kvtune,
    seed: run.seed,
    mode: run.mode,
    startedAt: run.startedAt,
    status: run.status,
    host: { fingerprint: run.host.fingerprint },
    claims: CLAIMS.map((claim) => claim.evaluate(input)),
    surface: summarizeSurface(stored, () => random.unit()),
  };
}

beforeAll(async () => {
  const work = new WorkFolder(join(folder.path, 'work'));
  const context = {
    work,
    seed: SEED,
    random: new Random(SEED),
    clock: systemClock,
    signal: new AbortController().signal,
    runRound: (request: Parameters<typeof runRound>[0]) => Promise.resolve(runRound(request)),
    onSample: (sample: Parameters<RunFolder['appendSample']>[0]) => folder.appendSample(sample),
  };
  const anchor = await CellRun.prepare(tinyCell('anchor'), context, () => undefined);
  const cell = await CellRun.prepare(tinyCell('cell'), context, () => undefined);
  await cell.block(0, anchor, () => undefined);
  const plan = makeSurfacePlan('default', { diskFreeBytes: 1e12, memoryFreeBytes: 1e12 });
  await measureSurface({
    cells: plan?.cells.slice(0, 2) ?? [],
    recorded: new Set(),
    secondsLeft: () => 60,
    ...context,
    runCell: (request) => Promise.resolve(runSurfaceCell(request)),
    onCell: (one) => folder.appendSurfaceCell(one),
    onTimeout: (id) => expect.unreachable(id),
    onProgress: () => undefined,
  });
  const cells = [
    fakeCell('lag-1000', { factors: LAG, arms: ['heap'] }),
    fakeCell('idle-1000', { factors: IDLE, arms: ['scan', 'heap'] }),
  ];
  const load = testPlan({ warmUpSeconds: 0, seconds: 0.1, repeat: 1, parameters: { keys: 100 } });
  const plans = [
    { claim: 'lease-scale', cells, budgetSeconds: 60 },
    { claim: LOAD_CLAIM, cells: loadCells(load), budgetSeconds: 60 },
  ];
  await runExperiments({
    ...{ plans, recorded: [], ...context },
    runRound: runExperimentTask,
    onRound: (round) => folder.appendExperimentRound(round),
    leaveOut: (sentence) => expect.unreachable(sentence),
    onProgress: () => undefined,
  });
  const run = {
    ...testRun({ cells: [anchor.cell, cell.cell] }),
    surface: { planned: 2 },
    ...{ claims: [...CLAIM_IDS], experiments: plannedCells(plans), load },
  };
  folder.writeRun(run);
  const stored = readRun(folder.path);
  const { experiments } = stored;
  const verdict = judgeLoads({ run, plan: load, experiments, unit: () => 0.5 });
  writeReport(folder.path, { claims: judged(stored), verdict, html: '', markdown: '', svgs: {} });
  work.remove();
});

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
    expect(validate({ ...value, schemaVersion: 2 })).toBe(false);
  });
});
