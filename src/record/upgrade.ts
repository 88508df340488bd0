// upgradeRun(): a run of version 1 in the shapes of version 2, so that it can still be rendered. Its answers
// are those that were stored then, never judged again: version 2 draws intervals over sessions, which those
// rounds do not have. A run that was killed before it was judged has no answers. Such a run is never
// resumed, and nothing is written.

import { join } from 'node:path';
import type { Answer, AnswersFile } from './answer.ts';
import { checked, readJson, readLines, readOptional } from './read-file.ts';
import { SCHEMA_VERSION, type Round, type Warning } from './round.ts';
import type { LoadRequest, PlannedCell, Run } from './run.ts';
import { calibrationAnswer, claimAnswer, surfaceAnswer } from './v1/claim-answers.ts';
import { loadAnswer } from './v1/load-answer.ts';
import { cellId, experimentRound, questionOf, sampleRound } from './v1/rounds.ts';
import {
  claimsV1Schema,
  experimentRoundV1Schema,
  keptSchema,
  runV1Schema,
  sampleV1Schema,
  verdictV1Schema,
  type RunV1,
} from './v1/schema.ts';

export interface UpgradedRun {
  readonly run: Run;
  readonly rounds: readonly Round[];
  readonly answers: AnswersFile;
}

const NOT_JUDGED =
  'verdicts: the run ended before it was judged, and this version of kvtune cannot judge runs of version 1';
const NOTE: Warning = {
  code: 'version-1',
  message:
    'A run of version 1, shown as it was judged then; where sessions are counted, it had blocks of rounds',
  remedy: 'measure again with this version',
};
/** What version 1 called no difference that matters, whatever was asked for. */
const MARGIN = 1.05;
/** Version 1 measured by one way a claim, which had no name. */
const PROCEDURE = 'version-1';

/** Throws RecordError where run.json is missing, of another version, or a file is damaged. */
export function upgradeRun(folder: string): UpgradedRun {
  const path = join(folder, 'run.json');
  const old = checked(readJson(path), path, runV1Schema);
  const samples = readLines(join(folder, 'samples.ndjson'), sampleV1Schema);
  const experiments = readLines(join(folder, 'experiments.ndjson'), experimentRoundV1Schema);
  const verb = old.load?.command;
  const rounds = [
    ...samples.map(sampleRound),
    ...experiments.map((round) => experimentRound(round, verb)),
  ];
  const { judged, status, answers } = storedAnswers(folder, old, rounds);
  const timed = experiments.every(({ load }) => load !== undefined);
  const run: Run = {
    ...keptSchema.parse(old),
    schemaVersion: SCHEMA_VERSION,
    questions: verb === undefined ? (old.claims ?? answers.map((one) => one.question)) : [verb],
    cells: cellsOf(old, rounds),
    ...(old.load === undefined ? {} : { load: loadRequest(old.load) }),
    untested: judged ? old.untested : [...old.untested, NOT_JUDGED],
    seconds: secondsOf(old),
    // What an experiment of a claim measured within its process was not recorded.
    measuredSeconds: timed ? rounds.reduce((sum, { seconds }) => sum + seconds, 0) : 0,
    warnings: [...old.warnings, NOTE],
  };
  return { run, rounds, answers: answersFile(run, status, answers) };
}

function storedAnswers(
  folder: string,
  { load, command, calibration, status }: RunV1,
  rounds: readonly Round[],
): { judged: boolean; status: Run['status']; answers: Answer[] } {
  if (load !== undefined) {
    const verdict = readOptional(join(folder, 'verdict.json'), verdictV1Schema);
    if (verdict === undefined) return { judged: false, status, answers: [] };
    const answer = loadAnswer(verdict, { command, rounds });
    return { judged: true, status: verdict.status, answers: [answer] };
  }
  const file = readOptional(join(folder, 'claims.json'), claimsV1Schema);
  if (file === undefined) return { judged: false, status, answers: [] };
  const { claims, surface } = file;
  const answers = [
    ...claims.map(claimAnswer),
    ...(surface === undefined ? [] : [surfaceAnswer(surface, command)]),
    ...(calibration === undefined ? [] : [calibrationAnswer(calibration, command)]),
  ];
  return { judged: true, status: file.status, answers };
}

function answersFile(run: Run, status: Run['status'], answers: Answer[]): AnswersFile {
  const { kvtune, seed, mode, startedAt, host } = run;
  return {
    ...{ schemaVersion: SCHEMA_VERSION, kvtune, seed, mode, startedAt, status, answers },
    host: { fingerprint: host.fingerprint },
  };
}

function cellsOf(
  { cells, experiments = [], load }: RunV1,
  rounds: readonly Round[],
): PlannedCell[] {
  const armsOf = (names: Iterable<string>): PlannedCell['arms'] =>
    [...names].map((name) => ({ name, target: 'engine', settings: {} }));
  const files = cells.map(({ id, title, role, freePages, freeSpans, ...factors }): PlannedCell => {
    const ran = rounds.filter(({ cell }) => cell === id).map(({ arm }) => arm);
    return {
      ...{ question: 'freelist-24x', id, title, procedure: PROCEDURE, factors },
      role: role === 'main' ? 'deciding' : 'labelled',
      arms: armsOf(new Set(ran)),
      prepared: { freePages, freeSpans },
    };
  });
  const others = experiments.map((cell): PlannedCell => {
    const { claim, title, role, factors, arms } = cell;
    return {
      ...{ question: questionOf(claim, load?.command), id: cellId(cell, load?.command) },
      ...{ title, role, procedure: PROCEDURE, factors, arms: armsOf(arms) },
    };
  });
  return [...files, ...others];
}

function loadRequest(load: NonNullable<RunV1['load']>): LoadRequest {
  const { command, workload, arms, shape, clientsByThread, seconds, repeat } = load;
  const { kind, arrival, ratePerSecond } = shape;
  return {
    ...{ command, workload, arms, margin: MARGIN },
    factors: {
      ...{ workload, ...load.parameters, loop: kind },
      ...(arrival === undefined ? {} : { arrival }),
      ...(ratePerSecond === undefined ? {} : { ratePerSecond }),
      clients: clientsByThread.reduce((sum, count) => sum + count, 0),
      ...{ threads: clientsByThread.length, seconds },
    },
    levels: (load.factors ?? []).map(({ name, levels }) => ({ name, levels })),
    ...{ sessionsMin: repeat, sessionsMax: repeat, slicesPerSession: 1 },
  };
}

/** 0 where the run never ended. */
function secondsOf({ startedAt, finishedAt }: RunV1): number {
  const seconds = (Date.parse(finishedAt ?? startedAt) - Date.parse(startedAt)) / 1000;
  return Number.isFinite(seconds) ? Math.max(0, seconds) : 0;
}
