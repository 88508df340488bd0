// MvccBench: our storage beside etcd's own packages, called in process by the harness of
// scripts/peers/etcd-mvcc: puts through key index, buffer and backend, and what a read transaction costs
// under the locks that imitate etcd's. Each side's run is a process of its own with a fresh store. The
// checks: the same end state by etcd's hash of all revisions, the same settings as read back.

import type { ReadLock } from '../../engine/index.ts';
import type { MvccPutsRequest } from '../../src/drivers/mvcc-driver.ts';
import { etcdReadCost, type ReadCost } from '../../src/experiments/read-calibration.ts';
import { runEtcdPuts } from '../../src/targets/etcd-mvcc-peer.ts';
import { equalCheck, nameOf, type Bench, type EtcdPeer, type Measured } from './context.ts';
import { interleave, OURS, type Side } from './interleave.ts';
import { endText, putSettingsText, readsAnswer, type MvccAnswer } from './our-mvcc.ts';
import type { MvccName } from './rows.ts';

const FOLDER = 'mvcc';
/** Puts in the buffer while transactions are timed. */
const PENDING_PUTS = 1000;

type ReadRow = Exclude<MvccName, 'mvcc-put-sequential' | 'mvcc-put-random'>;

/** Our lock, etcd's transaction that it imitates, and the keys that one looks up. */
const READS: Readonly<
  Record<ReadRow, { readLock: ReadLock; mode: 'readtx' | 'concurrent'; readKeys: number }>
> = {
  'read-global-1': { readLock: 'global', mode: 'readtx', readKeys: 1 },
  'read-global-1000': { readLock: 'global', mode: 'readtx', readKeys: 1000 },
  'read-copy-1': { readLock: 'copy', mode: 'concurrent', readKeys: 1 },
  'read-copy-1000': { readLock: 'copy', mode: 'concurrent', readKeys: 1000 },
};

/** How both sides of a row are run, each in the folder that it is given. */
interface Sides {
  readonly ours: (folder: string) => Promise<MvccAnswer>;
  readonly theirs: (folder: string, peer: EtcdPeer) => Promise<MvccAnswer>;
  /** What the row is about, in words. */
  readonly conditions: string;
}

export class MvccBench {
  readonly #bench: Bench;

  constructor(bench: Bench) {
    this.#bench = bench;
  }

  /** Runs all sides of `name` in turn and checks that they did the same. */
  async measure(name: MvccName, progress: string): Promise<Measured> {
    const { etcds, scale, note } = this.#bench;
    const sides = this.#sidesOf(name);
    const answers: MvccAnswer[] = [];
    const side = (of: string, run: (folder: string) => Promise<MvccAnswer>): Side => ({
      name: of,
      run: async () => {
        const answer = await this.#inFolder(run);
        answers.push(answer);
        return { operations: answer.operations, seconds: answer.seconds };
      },
    });
    const samples = await interleave(
      [
        side(OURS, sides.ours),
        ...etcds.map((peer) => side(peer.version, (folder) => sides.theirs(folder, peer))),
      ],
      scale.pairs,
      (pair, of) => note(`${progress}: pair ${pair} of ${scale.pairs}, ${nameOf(of, 'etcd')}`),
    );
    return {
      samples,
      checks: [
        equalCheck(`${name}: what was done`, 'by both:', answers, ({ done }) => done),
        equalCheck(`${name}: settings`, 'read back:', answers, ({ settings }) => settings),
      ],
      conditions: [sides.conditions, ...new Set(answers.map(({ settings }) => settings))].join(
        ', ',
      ),
    };
  }

  async #inFolder(run: (folder: string) => Promise<MvccAnswer>): Promise<MvccAnswer> {
    const { work } = this.#bench;
    try {
      return await run(work.emptyFolder(FOLDER));
    } finally {
      work.removeFolder(FOLDER);
    }
  }

  #sidesOf(name: MvccName): Sides {
    switch (name) {
      case 'mvcc-put-sequential':
        return this.#puts('sequential');
      case 'mvcc-put-random':
        return this.#puts('random');
      case 'read-global-1':
      case 'read-global-1000':
      case 'read-copy-1':
      case 'read-copy-1000':
        return this.#reads(name);
    }
  }

  #puts(order: 'sequential' | 'random'): Sides {
    const { scale, seed, runMvcc, signal } = this.#bench;
    const puts = scale.mvccPuts;
    const request: Omit<MvccPutsRequest, 'folder'> = { keys: puts, puts, order, seed };
    return {
      ours: (folder) => runMvcc({ work: 'mvcc-put', ...request, folder: `${folder}/store` }),
      theirs: async (folder, { program }) => {
        const call = { peer: program, path: `${folder}/db`, signal };
        const { cost, end, settings } = await runEtcdPuts(call, request);
        return {
          ...{ operations: puts, seconds: cost.seconds, done: endText(end) },
          settings: putSettingsText(settings),
        };
      },
      conditions:
        `${puts} puts of 64 B and 256 B, each a transaction, in process: key index, buffer and ` +
        'backend, no log of requests on either side',
    };
  }

  #reads(name: ReadRow): Sides {
    const { seed, runMvcc } = this.#bench;
    const { readLock, mode, readKeys } = READS[name];
    const cost = (folder: string): ReadCost => ({
      ...{ folder, readKeys, pendingPuts: PENDING_PUTS, seed },
    });
    return {
      ours: (folder) => runMvcc({ work: 'read-cost', ...cost(folder), readLock }),
      theirs: async (folder, { program }) =>
        readsAnswer(await etcdReadCost(cost(folder), mode, program)),
      conditions:
        `a transaction of ${readKeys} look-ups in the backend, ${PENDING_PUTS} puts pending, ` +
        `readLock ${readLock} beside etcd's ${mode}; ratio 0.8: ours may cost 25% more`,
    };
  }
}
