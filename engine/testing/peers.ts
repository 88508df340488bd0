// Peers: real programs that tests compare the engine with. A peer is optional on a developer's
// machine: without it the tests are skipped and one line says so; with KVTUNE_REQUIRE_PEERS=1 they
// fail instead. Test support; not part of the engine. Owns finding the programs and calling them;
// what their answers must be is up to the tests.

import { spawn, spawnSync, type ChildProcessByStdio } from 'node:child_process';
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { once } from 'node:events';
import type { Readable, Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { emptyModel, type ModelBucket } from './model.ts';

export type PeerName = 'bboltpeer' | 'etcd' | 'etcdctl' | 'etcdmvccpeer';

interface PeerPlace {
  /** Environment variable with the program's path. */
  readonly variable: string;
  /** Where it is without that variable, from the root of the checkout; undefined: on the PATH. */
  readonly path: string | undefined;
  readonly install: string;
}

const PEERS: Readonly<Record<PeerName, PeerPlace>> = {
  bboltpeer: {
    variable: 'KVTUNE_BBOLTPEER',
    path: 'scripts/peers/bin/bboltpeer',
    install: 'run scripts/peers/build.sh (needs Go), or set KVTUNE_BBOLTPEER to the program',
  },
  etcdmvccpeer: {
    variable: 'KVTUNE_ETCDMVCCPEER',
    path: 'scripts/peers/bin/etcdmvccpeer',
    install:
      'run scripts/peers/build.sh (needs Go and its module proxy), or set KVTUNE_ETCDMVCCPEER to the program',
  },
  etcd: {
    variable: 'KVTUNE_ETCD',
    path: undefined,
    install: 'install etcd (Debian: etcd-server), or set KVTUNE_ETCD to the program',
  },
  etcdctl: {
    variable: 'KVTUNE_ETCDCTL',
    path: undefined,
    install: 'install etcdctl (Debian: etcd-client), or set KVTUNE_ETCDCTL to the program',
  },
};

const ROOT = new URL('../../', import.meta.url);
const ANSWER_BYTES_MAX = 64 * 1024 * 1024;

/** Path of a peer's program; undefined when it is not there. */
export function findPeer(name: PeerName): string | undefined {
  const place = PEERS[name];
  const named = process.env[place.variable] ?? '';
  const places =
    named !== ''
      ? [named]
      : place.path !== undefined
        ? [fileURLToPath(new URL(place.path, ROOT))]
        : (process.env['PATH'] ?? '').split(':').map((folder) => join(folder, name));
  return places.find((path) => statSync(path, { throwIfNoEntry: false })?.isFile() === true);
}

/** As describe(), for tests that need all `names`; `body` gets their paths, or empty ones to skip. */
export function describeWithPeers(
  title: string,
  names: readonly PeerName[],
  body: (paths: readonly string[]) => void,
): void {
  const paths = names.map(findPeer);
  const missing = names.filter((_, i) => paths[i] === undefined);
  const why = missing.map((name) => `${name} was not found: ${PEERS[name].install}`).join('; ');
  if (missing.length === 0) {
    describe(title, () => {
      body(paths.map((path) => path ?? ''));
    });
  } else if (process.env['KVTUNE_REQUIRE_PEERS'] === '1') {
    describe(title, () => {
      it(`finds ${names.join(' and ')}`, () => expect.fail(why));
    });
  } else {
    process.stderr.write(`skipped: ${title}: ${why}\n`);
    describe.skip(title, () => {
      body(names.map(() => ''));
    });
  }
}

/**
 * As describe(), for tests that need bboltpeer. `body` runs without it as well, to list what is
 * skipped: it must not call the peer outside of tests and hooks.
 */
export function describeWithBbolt(title: string, body: (bbolt: BboltPeer) => void): void {
  describeWithPeers(title, ['bboltpeer'], ([path]) => {
    body(new BboltPeer(path ?? ''));
  });
}

export interface BboltCheck {
  readonly ok: boolean;
  readonly faults: readonly string[];
  readonly pages: number;
  /** Keys by bucket, nested ones named outer/inner. */
  readonly keys: Readonly<Record<string, number>>;
}

/** What a database holds, pages apart; see canonical-hash.ts. */
export interface BboltDump {
  readonly hash: string;
  readonly buckets: number;
  readonly keys: number;
  readonly bytes: number;
}

export interface BboltFillOptions {
  readonly seed: number;
  readonly ops: number;
  readonly freelist: 'array' | 'hashmap';
  readonly syncFreelist: boolean;
  /** Only for a new file. */
  readonly pageSize?: number;
  /** Goes on writing to a file that is there. */
  readonly append?: boolean;
}

export interface BboltFill extends BboltDump {
  readonly puts: number;
  readonly deletes: number;
  readonly pageSize: number;
  readonly pages: number;
  readonly freePages: number;
}

export interface BboltJobOptions {
  readonly freelist: 'array' | 'hashmap';
  readonly valueBytes: number;
  readonly putsPerCommit: number;
  readonly commits: number;
  readonly warmUpCommits: number;
}

export interface BboltPass {
  readonly allocations: number;
  readonly multiPageAllocations: number;
  readonly multiPageAllocationsFromRun: number;
  readonly pagesAllocated: number;
  readonly probes: number;
  readonly freePagesBefore: number;
  readonly freePagesAfter: number;
  readonly pendingPagesAfter: number;
  readonly highWaterGrowthPages: number;
}

/** One line of `dump`: bytes in base64, path from the outermost bucket. */
interface BboltEntry {
  readonly path: readonly string[];
  readonly kind: 'b' | 'k';
  readonly key: string;
  readonly value?: string;
  readonly sequence?: number;
}

export interface PeerOutcome {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Real bbolt 1.3.6 behind a command line (scripts/peers). Each call is a process of its own. */
export class BboltPeer {
  readonly #program: string;

  constructor(program: string) {
    this.#program = program;
  }

  /** Runs a subcommand, whatever comes of it. */
  run(...args: readonly string[]): PeerOutcome {
    const child = spawnSync(this.#program, args, {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
      maxBuffer: ANSWER_BYTES_MAX,
    });
    if (child.error !== undefined) throw child.error;
    return { code: child.status, stdout: child.stdout, stderr: child.stderr };
  }

  /** bbolt's consistency check. Faults are an answer, not an error. */
  check(path: string): BboltCheck {
    const { code, stdout, stderr } = this.run('check', path);
    if (stdout === '') throw new Error(`bboltpeer check ended with ${code}: ${stderr}`);
    return JSON.parse(stdout) as BboltCheck;
  }

  dump(path: string): BboltDump {
    return this.#ask('dump', path, '--hash') as BboltDump;
  }

  /** All that bbolt finds in the file. A sequence from 2^53 on is not exact. */
  contents(path: string): ModelBucket {
    const { code, stdout, stderr } = this.run('dump', path);
    if (code !== 0) throw new Error(`bboltpeer dump ended with ${code}: ${stderr}`);
    const root = emptyModel();
    // The last line is the summary.
    for (const line of stdout.trim().split('\n').slice(0, -1)) {
      const entry = JSON.parse(line) as BboltEntry;
      const above = entry.path.reduce((bucket, name) => bucketAt(bucket, name), root);
      const key = latin1(entry.key);
      if (entry.kind === 'k') {
        above.values.set(key, Uint8Array.from(Buffer.from(entry.value ?? '', 'base64')));
      } else {
        above.buckets.set(key, { ...emptyModel(), sequence: entry.sequence ?? 0 });
      }
    }
    return root;
  }

  /** Makes a varied database of its own, or goes on with one. */
  fill(path: string, options: BboltFillOptions): BboltFill {
    const args = ['--seed', `${options.seed}`, '--ops', `${options.ops}`];
    args.push('--freelist', options.freelist);
    if (options.syncFreelist) args.push('--sync-freelist');
    if (options.pageSize !== undefined) args.push('--page-size', `${options.pageSize}`);
    if (options.append === true) args.push('--append');
    return this.#ask('fill', path, ...args) as BboltFill;
  }

  /** Runs the freelist job once, measured, and leaves the file as it was. */
  job(path: string, options: BboltJobOptions): BboltPass {
    const answer = this.#ask(
      'job',
      path,
      ...['--freelist', options.freelist],
      ...['--value-bytes', `${options.valueBytes}`],
      ...['--puts-per-commit', `${options.putsPerCommit}`],
      ...['--commits', `${options.commits}`],
      ...['--warm-up-commits', `${options.warmUpCommits}`],
      ...['--rounds', '1'],
    ) as { readonly passes: readonly BboltPass[] };
    const [pass] = answer.passes;
    if (pass === undefined) throw new Error('bboltpeer job reports no pass');
    return pass;
  }

  /** Keeps the database open in another process, locked, until release(). */
  async hold(path: string, mode: 'write' | 'read'): Promise<HeldFile> {
    const args = ['hold', path, '--seconds', '20'];
    if (mode === 'read') args.push('--read-only');
    const child = spawn(this.#program, args, { stdio: ['pipe', 'pipe', 'inherit'] });
    const held = new HeldFile(child);
    await held.begun();
    return held;
  }

  #ask(...args: readonly string[]): unknown {
    const { code, stdout, stderr } = this.run(...args);
    if (code !== 0) {
      const hint =
        code === 2 ? ' (built before the command changed? run scripts/peers/build.sh)' : '';
      throw new Error(`bboltpeer ${args.join(' ')} ended with ${code}${hint}: ${stderr}`);
    }
    return JSON.parse(stdout);
  }
}

/** A database that a bbolt process holds open. */
export class HeldFile {
  readonly #child: ChildProcessByStdio<Writable, Readable, null>;
  readonly #ended: Promise<unknown>;

  constructor(child: ChildProcessByStdio<Writable, Readable, null>) {
    this.#child = child;
    this.#ended = once(child, 'exit');
  }

  /** Resolves once the file is open there. */
  async begun(): Promise<void> {
    const said: unknown[] | undefined = await Promise.race([
      once(this.#child.stdout, 'data'),
      this.#ended.then(() => undefined),
    ]);
    if (said === undefined) throw new Error('bboltpeer hold could not open the file');
  }

  /** Closes the database there and waits for the process to end. */
  async release(): Promise<void> {
    this.#child.stdin.end();
    await this.#ended;
  }
}

function bucketAt(bucket: ModelBucket, name: string): ModelBucket {
  const inner = bucket.buckets.get(latin1(name));
  if (inner === undefined) throw new Error('bboltpeer dump names a bucket after what is in it');
  return inner;
}

function latin1(base64: string): string {
  return Buffer.from(base64, 'base64').toString('latin1');
}
