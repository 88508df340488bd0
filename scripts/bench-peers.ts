// npm run bench:peers: the bundled engine against real bbolt, interleaved, on the same file, with the
// same syncs. Builds the harness of scripts/peers first when it is missing.
//
//   npm run bench:peers -- [--json] [--size 25] [--pairs 3] [--commits 4] [--work-dir DIR]
//
// Rows are {name, ours, peer, unit, ratio, low, high}; ratio > 1 means we are better. The row
// `aged-bitmap` and `freelist-bitmap` have bbolt's hashmap as peer. The row
// `freelist-array` is the honesty bar of the freelist claim: what our array arm spends in its freelist
// a commit may be at most 1.25 times bbolt's (a ratio of 0.80 and more), with the same probes an
// allocation; otherwise the exit code is 5. Prints bbolt's own check of the files as well.

import { execFileSync } from 'node:child_process';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import Table from 'cli-table3';
import { nodeVfs, Random, type FreelistKind } from '../engine/index.ts';
import type { JobShape } from '../src/drivers/freelist-driver.ts';
import { systemClock } from '../src/measure/clock.ts';
import { WorkFolder } from '../src/record/run-folder.ts';
import { CALIBRATION_RATIO_MAX, compare, type Calibration } from '../src/runner/calibrate.ts';
import { ARMS, CellRun } from '../src/runner/cell-run.ts';
import { makePlan } from '../src/runner/plan.ts';
import type { RoundResult } from '../src/runner/round.ts';
import { runRoundProcess } from '../src/runner/round-process.ts';
import { intervalOf, pairedRatio } from '../src/stats/paired-ratio.ts';
import { churn } from '../src/targets/aged-db.ts';
import {
  findBboltPeer,
  runBboltCheck,
  runBboltJob,
  type BboltPass,
} from '../src/targets/bbolt-peer.ts';

interface Row {
  readonly name: string;
  readonly ours: number;
  readonly peer: number;
  readonly unit: string;
  readonly ratio: number;
  readonly low: number | null;
  readonly high: number | null;
}

interface Pairs {
  readonly ours: RoundResult[];
  readonly theirs: BboltPass[];
}

const BUILD = fileURLToPath(new URL('../../scripts/peers/build.sh', import.meta.url));
const ALPHA = 0.05;
const CHURNED_BYTES = 128e6;

const { values } = parseArgs({
  options: {
    json: { type: 'boolean', default: false },
    size: { type: 'string', default: '25' },
    pairs: { type: 'string', default: '3' },
    commits: { type: 'string', default: '4' },
    'work-dir': { type: 'string', default: tmpdir() },
  },
});
const signal = new AbortController().signal;
const job: JobShape = {
  valueBytes: 10_000,
  putsPerCommit: 500,
  commits: Number(values.commits),
  warmUpCommits: 2,
};

let lastMilestone = '';

process.exitCode = await main();

async function main(): Promise<number> {
  const peer = harness();
  const work = new WorkFolder(join(values['work-dir'], `kvtune-peers-${String(process.pid)}`));
  try {
    const dbBytes = Number(values.size) * 1e9;
    note(`laying out ${values.size} GB`);
    const cell = await prepare(work, dbBytes);
    const checks = await check(peer, work, cell);
    const rows: Row[] = [];
    let calibration: Calibration | undefined;
    for (const arm of ARMS) {
      const pairs = await measure(peer, cell, arm);
      rows.push(...rowsOf(arm, pairs));
      if (arm === 'array') {
        calibration = compare(pairs.ours, pairs.theirs, { peer: 'bbolt 1.3.6', dbBytes });
      }
    }
    // Ours alone, held against the better one bbolt has; its first round allocates its blocks.
    await cell.measureArm('bitmap', job);
    rows.push(...rowsOf('bitmap', await measure(peer, cell, 'bitmap')));
    const honest = calibration?.ok === true;
    print({ rows, calibration, checks, honest });
    return honest && checks.every((one) => one.ok) ? 0 : 5;
  } finally {
    work.remove();
  }
}

function harness(): string {
  const built = findBboltPeer(process.env);
  if (built !== undefined) return built;
  note('building the harness around bbolt');
  execFileSync(BUILD, { stdio: ['ignore', 'ignore', 'inherit'] });
  const peer = findBboltPeer(process.env);
  if (peer === undefined) throw new Error('scripts/peers/build.sh left no harness');
  return peer;
}

async function prepare(work: WorkFolder, dbBytes: number): Promise<CellRun> {
  const room = { diskFreeBytes: work.freeBytes(), memoryFreeBytes: Infinity };
  const main = makePlan('default', room).cells.find((cell) => cell.role === 'main');
  if (main === undefined) throw new Error(`no room in ${work.path} for the smallest file`);
  return CellRun.prepare(
    { ...main, id: 'peers', title: `${values.size} GB`, dbBytes, job },
    {
      work,
      seed: 1,
      random: new Random(1),
      clock: systemClock,
      signal,
      runRound: (request, timeoutMs) => runRoundProcess(request, timeoutMs, signal),
      onSample: () => undefined,
    },
    milestone,
  );
}

/** bbolt's own check of the files we write; the fresh one is what the churned one began as. */
async function check(
  peer: string,
  work: WorkFolder,
  cell: CellRun,
): Promise<{ file: string; ok: boolean; faults: readonly string[] }[]> {
  note("bbolt's own check of a churned and of the synthesized file");
  const churned = work.file('churned.db');
  const { recipe } = cell.plan;
  await churn({
    path: churned,
    recipe,
    dbBytes: CHURNED_BYTES,
    seed: 1,
    signal,
    onProgress: () => undefined,
  });
  const results = [];
  for (const [file, path] of [
    ['churned', churned],
    ['synthesized', cell.aged.path],
  ] as const) {
    results.push({ file, ...(await runBboltCheck(peer, path, signal)) });
  }
  nodeVfs.remove(churned);
  return results;
}

async function measure(peer: string, cell: CellRun, freelist: FreelistKind): Promise<Pairs> {
  const pairs: Pairs = { ours: [], theirs: [] };
  for (let pair = 0; pair < Number(values.pairs); pair++) {
    note(`${freelist}, pair ${String(pair + 1)} of ${values.pairs}`);
    const ours = async (): Promise<void> => {
      pairs.ours.push(await cell.measureArm(freelist, job));
    };
    const theirs = async (): Promise<void> => {
      const { passes } = await runBboltJob(
        peer,
        {
          path: cell.aged.path,
          freelist: freelist === 'bitmap' ? 'hashmap' : freelist,
          shape: job,
          rounds: 1,
          seed: 1,
        },
        signal,
      );
      pairs.theirs.push(...passes);
    };
    // Turns: ours first, theirs first, so that a drift of the machine's speed favours nobody.
    for (const turn of pair % 2 === 0 ? [ours, theirs] : [theirs, ours]) await turn();
  }
  return pairs;
}

function rowsOf(arm: FreelistKind, { ours, theirs }: Pairs): Row[] {
  const puts = job.commits * job.putsPerCommit;
  const rows = [
    row(`aged-${arm}`, 'puts/s', {
      ours: ours.map((round) => puts / round.job.completionSeconds),
      theirs: theirs.map((pass) => puts / pass.completionSeconds),
      higherIsBetter: true,
    }),
    row(`freelist-${arm}`, 'ms/commit', {
      ours: ours.map(
        ({ job: { phases } }) => (1e3 * (phases.freelist + phases.release)) / job.commits,
      ),
      theirs: theirs.map(
        (pass) =>
          (1e3 * (pass.allocateSeconds + pass.freeSeconds + pass.releaseSeconds)) / job.commits,
      ),
      higherIsBetter: false,
    }),
  ];
  if (arm === 'array') {
    rows.push(
      row('probes-array', 'ids/allocation', {
        ours: ours.map(({ job: { counts } }) => counts.probes / counts.allocations),
        theirs: theirs.map((pass) => pass.probes / pass.allocations),
        higherIsBetter: false,
      }),
    );
  }
  return rows;
}

function row(
  name: string,
  unit: string,
  sides: { readonly ours: number[]; readonly theirs: number[]; readonly higherIsBetter: boolean },
): Row {
  const random = new Random(1);
  const pairs = sides.ours.map((ours, i) => {
    const peer = sides.theirs[i] ?? Number.NaN;
    return sides.higherIsBetter ? { a: ours, b: peer } : { a: peer, b: ours };
  });
  const ratio = pairedRatio(pairs, { alpha: ALPHA, unit: () => random.unit() });
  const interval = intervalOf(ratio);
  return {
    name,
    ours: geometricMean(sides.ours),
    peer: geometricMean(sides.theirs),
    unit,
    ratio: ratio.value ?? Number.NaN,
    low: interval?.low ?? null,
    high: interval?.high ?? null,
  };
}

function geometricMean(list: readonly number[]): number {
  return Math.exp(list.reduce((sum, value) => sum + Math.log(value), 0) / list.length);
}

function print(result: {
  readonly rows: readonly Row[];
  readonly calibration: Calibration | undefined;
  readonly checks: readonly { file: string; ok: boolean; faults: readonly string[] }[];
  readonly honest: boolean;
}): void {
  if (values.json) {
    process.stdout.write(`${JSON.stringify(result, null, 2)}\n`);
    return;
  }
  const table = new Table({
    head: ['row', 'kvtune', 'bbolt 1.3.6', 'unit', 'ratio (> 1: kvtune better)'],
    colAligns: ['left', 'right', 'right', 'left', 'right'],
    style: { head: [], border: [], compact: true },
  });
  const figure = (value: number): string => value.toPrecision(4);
  for (const one of result.rows) {
    const interval =
      one.low === null || one.high === null ? '' : ` [${figure(one.low)}, ${figure(one.high)}]`;
    table.push([
      one.name,
      figure(one.ours),
      figure(one.peer),
      one.unit,
      `${figure(one.ratio)}${interval}`,
    ]);
  }
  process.stdout.write(`${table.toString()}\n`);
  for (const { file, ok, faults } of result.checks) {
    process.stdout.write(`bbolt's check of the ${file} file: ${ok ? 'ok' : faults.join('; ')}\n`);
  }
  const limit = CALIBRATION_RATIO_MAX.toFixed(2);
  process.stdout.write(
    result.honest
      ? `baseline: honest, the array arm costs at most ${limit} times bbolt's, same probes\n`
      : `baseline: NOT honest: over ${limit} times bbolt's array, or other probes\n`,
  );
}

/** The layout reports a share many times a second; one line for it is enough. */
function milestone(text: string): void {
  const name = text.replace(/, \d+%$/, '');
  if (name !== lastMilestone) note(name);
  lastMilestone = name;
}

function note(text: string): void {
  if (process.stderr.isTTY || !values.json) process.stderr.write(`${text}\n`);
}
