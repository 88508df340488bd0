// LoadBench: the plain workloads, each side's run in a process of its own, and the checks that both
// did the same work under the same settings: equal contents by bbolt's own digest after puts, equal
// checksums of what was read, equal free pages after an opening, equal settings as read back.

import { rmSync } from 'node:fs';
import type { LoadAnswer, LoadRequest, LoadSettings } from '../../src/drivers/kv-driver.ts';
import { runBboltCheck, runBboltDump, runBboltLoad } from '../../src/targets/bbolt-peer.ts';
import { equalCheck, nameOf, type Bench, type Check, type Measured } from './context.ts';
import { PAGE_BYTES, VALUE_BYTES, warmForOpening, type LoadFiles, type Order } from './files.ts';
import { interleave, OURS, type Side } from './interleave.ts';
import type { LoadName } from './rows.ts';

const FREELIST = 'hashmap';
const FILL_PERCENT = 0.5;
/** The file to read is made in larger commits than are measured; its pages are the same. */
const SETUP_PUTS_PER_COMMIT = 10_000;

type Answers = ReadonlyMap<string, LoadAnswer[]>;

export class LoadBench {
  readonly #bench: Bench;
  readonly #files: LoadFiles;
  #readable: string | undefined;

  constructor(bench: Bench, files: LoadFiles) {
    this.#bench = bench;
    this.#files = files;
  }

  /** Runs all sides of `name` in turn and checks that they did the same. */
  async measure(name: LoadName, progress: string): Promise<Measured> {
    const bench = this.#bench;
    bench.note(`${progress}: preparing`);
    const requestOf = await this.#requests(name);
    const answers = new Map<string, LoadAnswer[]>();
    const side = (of: string, run: (request: LoadRequest) => Promise<LoadAnswer>): Side => {
      const list: LoadAnswer[] = [];
      answers.set(of, list);
      return {
        name: of,
        run: async () => {
          const request = requestOf(of);
          if (request.work === 'put') rmSync(request.path, { force: true });
          if (request.work === 'open') warmForOpening(request.path);
          const answer = await run(request);
          list.push(answer);
          return { operations: answer.operations, seconds: answer.seconds };
        },
      };
    };
    const sides = [
      side(OURS, bench.runOurs),
      ...bench.peers.map(({ version, plain }) =>
        side(version, (request) => runBboltLoad(plain, request, bench.signal)),
      ),
    ];
    const samples = await interleave(sides, bench.scale.pairs, (pair, of) => {
      bench.note(`${progress}: pair ${pair} of ${bench.scale.pairs}, ${nameOf(of)}`);
    });
    const checks = [
      settingsCheck(name, answers),
      ...(await this.#sameWork(name, answers, requestOf)),
    ];
    return { samples, checks, conditions: conditionsOf(answers) };
  }

  /** What each side is asked for; only the file's name may differ. */
  async #requests(name: LoadName): Promise<(side: string) => LoadRequest> {
    const { scale } = this.#bench;
    const files = this.#files;
    switch (name) {
      case 'put-sequential':
        return this.#puts('sequential', scale.putKeys, scale.putsPerCommit);
      case 'put-random':
        return this.#puts('random', scale.putKeys, scale.putsPerCommit);
      case 'put-single':
        return this.#puts('sequential', scale.singlePuts, 1);
      case 'get-random': {
        const order = files.order('random', scale.readKeys);
        const path = await this.#toRead();
        return () => ({ work: 'get', path, order, valueBytes: VALUE_BYTES });
      }
      case 'scan': {
        const path = await this.#toRead();
        return () => ({ work: 'scan', path, passes: scale.scanPasses });
      }
      case 'open-unsynced': {
        const path = files.unsynced(scale.openPages);
        return () => ({ work: 'open', path, freelist: FREELIST });
      }
    }
  }

  #puts(
    kind: Order,
    count: number,
    putsPerCommit: number,
  ): (side: string) => LoadRequest & { work: 'put' } {
    const order = this.#files.order(kind, count);
    const pool = this.#files.pool();
    return (side) => ({
      work: 'put',
      path: this.#files.path(`put-${side}.db`),
      order,
      pool,
      valueBytes: VALUE_BYTES,
      putsPerCommit,
      pageSize: PAGE_BYTES,
      fillPercent: FILL_PERCENT,
      freelist: FREELIST,
    });
  }

  /** The file of get-random and scan, as bbolt 1.3.6 wrote it. */
  async #toRead(): Promise<string> {
    if (this.#readable !== undefined) return this.#readable;
    const { peers, scale, signal } = this.#bench;
    const path = this.#files.path('read.db');
    const request = this.#puts('sequential', scale.readKeys, SETUP_PUTS_PER_COMMIT)('');
    await runBboltLoad(peers[0].plain, { ...request, path }, signal);
    this.#readable = path;
    return path;
  }

  async #sameWork(
    name: LoadName,
    answers: Answers,
    requestOf: (side: string) => LoadRequest,
  ): Promise<Check[]> {
    const all = [...answers.values()].flat();
    switch (name) {
      case 'get-random':
      case 'scan':
        return [equalCheck(`${name}: what was read`, 'checksum', all, (one) => one.checksum)];
      case 'open-unsynced':
        return [equalCheck(`${name}: what was found`, 'free pages', all, (one) => one.freePages)];
      case 'put-sequential':
      case 'put-random':
      case 'put-single':
        return this.#sameContents(name, [...answers.keys()], requestOf);
    }
  }

  /** Holds the files of the last runs against each other, and removes them. */
  async #sameContents(
    name: LoadName,
    sides: readonly string[],
    requestOf: (side: string) => LoadRequest,
  ): Promise<Check[]> {
    const { peers, signal } = this.#bench;
    const plain = peers[0].plain;
    const dumps = [];
    for (const side of sides) dumps.push(await runBboltDump(plain, requestOf(side).path, signal));
    const ours = await runBboltCheck(plain, requestOf(OURS).path, signal);
    for (const side of sides) rmSync(requestOf(side).path);
    return [
      equalCheck(
        `${name}: what was written`,
        'digest by bbolt',
        dumps,
        ({ hash, keys }) => `${hash.slice(0, 12)} of ${keys} keys`,
      ),
      {
        name: `${name}: bbolt's check of our file`,
        ok: ours.ok,
        detail: ours.ok ? 'no fault' : ours.faults.join('; '),
      },
    ];
  }
}

/** That all sides ran with the same settings; memory apart, which each has its own way. */
function settingsCheck(name: LoadName, answers: Answers): Check {
  const texts = [...answers.values()].flat().map(({ settings }) => settingsText(settings));
  return equalCheck(`${name}: settings`, 'read back:', texts, (text) => text);
}

function settingsText(settings: LoadSettings): string {
  const { pageSize, fillPercent, freelist, syncFreelist, sync, growSync, readOnly } = settings;
  const shared = { pageSize, fillPercent, freelist, syncFreelist, sync, growSync, readOnly };
  return Object.entries(shared)
    .map(([key, value]) => `${key} ${String(value)}`)
    .join(', ');
}

function conditionsOf(answers: Answers): string {
  const settings = [...answers.values()].flat().map((one) => settingsText(one.settings));
  const memory = [...answers].map(([side, [first]]) => {
    const bytes = first?.settings.memoryBytes ?? 0;
    const size = bytes === 0 ? 'as large as the file' : `of ${bytes / 2 ** 20} MiB`;
    return side === OURS ? `kvtune's page cache ${size}` : `bbolt's first map ${size}`;
  });
  return [...new Set([...settings, ...memory])].join(', ');
}
