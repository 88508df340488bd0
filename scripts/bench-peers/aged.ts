// AgedBench: the freelist job on one aged file, which every run leaves byte-identical: our three
// freelists, each beside bbolt's (its hashmap for our bitmap). Every bbolt as it is tells how long the
// commits took; 1.3.6 with the meter is a side of its own, which tells what the freelist costs and
// looks at, so that the meter slows no row of completion times. The file is laid out on first use;
// bbolt checks it, and a churned one, before anything is measured.

import { nodeVfs, Random, type FreelistKind } from '../../engine/index.ts';
import type { JobShape } from '../../src/drivers/freelist-driver.ts';
import { systemClock } from '../../src/measure/clock.ts';
import { compare, type Calibration } from '../../src/runner/calibrate.ts';
import { ARMS, CellRun } from '../../src/runner/cell-run.ts';
import { makePlan } from '../../src/runner/plan.ts';
import type { RoundResult } from '../../src/runner/round.ts';
import { churn } from '../../src/targets/aged-db.ts';
import { runBboltCheck, runBboltJob, type BboltPass } from '../../src/targets/bbolt-peer.ts';
import { equalCheck, meterOf, nameOf, type Bench, type Check, type Measured } from './context.ts';
import { interleave, OURS, type Side } from './interleave.ts';
import type { AgedName, Sample } from './rows.ts';

const CHURNED_BYTES = 128e6;
const WARM_UP_COMMITS = 2;
const ARM_OF: Readonly<Record<AgedName, FreelistKind>> = {
  'aged-array': 'array',
  'aged-hashmap': 'hashmap',
  'aged-bitmap': 'bitmap',
};

/** What the runs of one measurement left, for the calibration and the check of settings. */
interface Rounds {
  readonly ours: RoundResult[];
  readonly metered: BboltPass[];
  readonly settings: string[];
}

export class AgedBench {
  readonly #bench: Bench;
  readonly #job: JobShape;
  #cell: CellRun | undefined;
  #calibration: Calibration | undefined;

  constructor(bench: Bench) {
    this.#bench = bench;
    this.#job = {
      valueBytes: 10_000,
      putsPerCommit: 500,
      commits: bench.scale.agedCommits,
      warmUpCommits: WARM_UP_COMMITS,
    };
  }

  /** Our array arm beside bbolt's; undefined until it was measured. */
  get calibration(): Calibration | undefined {
    return this.#calibration;
  }

  /** `metered`: with the side of the meter, which rows of the inside and the calibration need. */
  async measure(name: AgedName, progress: string, metered: boolean): Promise<Measured> {
    const bench = this.#bench;
    const checks: Check[] = [];
    this.#cell ??= await this.#prepare(progress, checks);
    const cell = this.#cell;
    const arm = ARM_OF[name];
    // The arms of the claim were rehearsed with the file; another one's first round allocates blocks.
    if (!ARMS.includes(arm)) await cell.measureArm(arm, this.#job);
    const rounds: Rounds = { ours: [], metered: [], settings: [] };
    const sides = [
      this.#ourSide(cell, arm, rounds),
      ...bench.peers.map(({ version, plain }) =>
        this.#peerSide({ name: version, program: plain, metered: false }, cell, arm, rounds),
      ),
    ];
    const meter = meterOf(bench.peers);
    if (metered && meter !== undefined) {
      sides.push(this.#peerSide({ ...meter, metered: true }, cell, arm, rounds));
    }
    const samples = await interleave(sides, bench.scale.pairs, (pair, side) => {
      bench.note(`${progress}: pair ${pair} of ${bench.scale.pairs}, ${nameOf(side)}`);
    });
    if (arm === 'array' && rounds.metered.length > 0) {
      this.#calibration = compare(rounds.ours, rounds.metered, {
        peer: nameOf(bench.peers[0].version),
        dbBytes: cell.aged.dbBytes,
      });
    }
    const same = equalCheck(`${name}: settings`, 'read back:', rounds.settings, (text) => text);
    return { samples, checks: [...checks, same], conditions: this.#conditions(rounds) };
  }

  #ourSide(cell: CellRun, arm: FreelistKind, rounds: Rounds): Side {
    return {
      name: OURS,
      run: async () => {
        const round = await cell.measureArm(arm, this.#job);
        rounds.ours.push(round);
        // Neither kind of sync can be switched in ours.
        rounds.settings.push(settingsText({ ...round.settings, growSync: false, sync: true }));
        const { puts, completionSeconds, phases, counts } = round.job;
        return this.#sample(puts, completionSeconds, {
          seconds: phases.freelist + phases.release,
          ...counts,
        });
      },
    };
  }

  #peerSide(
    peer: { readonly name: string; readonly program: string; readonly metered: boolean },
    cell: CellRun,
    arm: FreelistKind,
    rounds: Rounds,
  ): Side {
    const job = {
      path: cell.aged.path,
      freelist: arm === 'bitmap' ? ('hashmap' as const) : arm,
      shape: this.#job,
      rounds: 1,
      seed: this.#bench.seed,
    };
    return {
      name: peer.name,
      run: async () => {
        const { signal } = this.#bench;
        const { passes, settings } = await runBboltJob(peer.program, job, signal);
        const [pass] = passes;
        rounds.settings.push(settingsText(settings));
        if (pass === undefined) throw new Error(`${nameOf(peer.name)} reports no pass`);
        const puts = this.#job.commits * this.#job.putsPerCommit;
        if (!peer.metered) return { operations: puts, seconds: pass.completionSeconds };
        rounds.metered.push(pass);
        return this.#sample(puts, pass.completionSeconds, {
          seconds: pass.allocateSeconds + pass.freeSeconds + pass.releaseSeconds,
          probes: pass.probes,
          allocations: pass.allocations,
        });
      },
    };
  }

  #sample(
    operations: number,
    seconds: number,
    freelist: { readonly seconds: number; readonly probes: number; readonly allocations: number },
  ): Sample {
    return {
      operations,
      seconds,
      freelist: {
        secondsPerCommit: freelist.seconds / this.#job.commits,
        probesPerAllocation: freelist.probes / freelist.allocations,
      },
    };
  }

  #conditions(rounds: Rounds): string {
    const { valueBytes, putsPerCommit, commits, warmUpCommits } = this.#job;
    const gigabytes = (this.#cell?.aged.dbBytes ?? 0) / 1e9;
    return [
      `a file of ${gigabytes.toFixed(1)} GB, restored after each run`,
      `${putsPerCommit} puts of ${valueBytes} bytes a commit`,
      `${commits} commits after ${warmUpCommits} to warm up`,
      ...new Set(rounds.settings),
    ].join(', ');
  }

  async #prepare(progress: string, checks: Check[]): Promise<CellRun> {
    const { work, scale, seed, signal, runRound, note } = this.#bench;
    const room = { diskFreeBytes: work.freeBytes(), memoryFreeBytes: Infinity };
    const main = makePlan('default', room).cells.find((cell) => cell.role === 'main');
    if (main === undefined) throw new Error(`no room in ${work.path} for the smallest file`);
    let last = '';
    const cell = await CellRun.prepare(
      { ...main, id: 'peers', title: 'peers', dbBytes: scale.agedBytes, job: this.#job },
      {
        work,
        seed,
        random: new Random(seed),
        clock: systemClock,
        signal,
        runRound,
        onSample: () => undefined,
      },
      (doing) => {
        // The layout reports a share many times a second; one line for it is enough.
        const milestone = doing.replace(/, \d+%$/, '');
        if (milestone !== last) note(`${progress}: ${milestone}`);
        last = milestone;
      },
    );
    note(`${progress}: bbolt's own check of a churned and of the synthesized file`);
    checks.push(...(await this.#checkFiles(cell)));
    return cell;
  }

  /** bbolt's own check of the files we write; the churned one is what the synthesized one imitates. */
  async #checkFiles(cell: CellRun): Promise<Check[]> {
    const { work, seed, signal, peers } = this.#bench;
    const [{ plain }] = peers;
    const churned = work.file('churned.db');
    await churn({
      path: churned,
      recipe: cell.plan.recipe,
      dbBytes: Math.min(CHURNED_BYTES, cell.plan.dbBytes),
      seed,
      signal,
      onProgress: () => undefined,
    });
    const checks: Check[] = [];
    for (const [file, path] of [
      ['churned', churned],
      ['synthesized', cell.aged.path],
    ] as const) {
      const { ok, faults } = await runBboltCheck(plain, path, signal);
      const detail = ok ? 'no fault' : faults.join('; ');
      checks.push({ name: `bbolt's check of the ${file} file`, ok, detail });
    }
    nodeVfs.remove(churned);
    return checks;
  }
}

/** Settings that decide what is measured; the row names the freelists. */
function settingsText(settings: Readonly<Record<string, unknown>>): string {
  return ['pageSize', 'syncFreelist', 'sync', 'growSync']
    .map((name) => `${name} ${String(settings[name])}`)
    .join(', ');
}
