// The peers' programs: found where scripts/peers/build.sh leaves them, built first where they are
// missing. bbolt 1.3.6 must be there; a newer one, and the storage of two etcds, may not be, and are then
// named as left out.

import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { besideBboltPeer, bboltVersion, findBboltPeer } from '../../src/targets/bbolt-peer.ts';
import {
  etcdMvccVersion,
  findEtcdMvccPeer,
  newestBesideEtcdMvccPeer,
} from '../../src/targets/etcd-mvcc-peer.ts';
import type { EtcdPeer, Peer, PeerList } from './context.ts';

const BUILD = fileURLToPath(new URL('../../../scripts/peers/build.sh', import.meta.url));

/** No bbolt to measure against. */
export class NoPeerError extends Error {
  override readonly name = 'NoPeerError';
}

export interface Peers {
  /** 1.3.6, then a newer one. */
  readonly peers: PeerList;
  /** Storage of etcd 3.5, then of a newer one. */
  readonly etcds: readonly EtcdPeer[];
  /** Said with the result: where bbolt came from, what is left out. */
  readonly notes: readonly string[];
}

/** Finds the peers, building them where they are missing. Throws NoPeerError. */
export async function findPeers(
  env: Readonly<Record<string, string | undefined>>,
  signal: AbortSignal,
  note: (text: string) => void,
): Promise<Peers> {
  const found = programs(env) ?? built(env, note);
  const first = await bboltVersion(found.metered, signal);
  const oldest: Peer = {
    version: first.bbolt,
    plain: found.plain,
    metered: found.metered,
  };
  const from = `bbolt ${first.bbolt} is from ${sourceName(first.source)}`;
  if (!first.metered) {
    throw new NoPeerError(`${found.metered} has no meter; build it with scripts/peers/build.sh`);
  }
  const etcds = await findEtcds(env, signal);
  const notes = [from];
  if (etcds.length < 2) notes.push(skipped(etcds.length === 0 ? "etcd's storage" : 'a newer etcd'));
  if (found.newest === undefined) {
    return { peers: [oldest], etcds, notes: [...notes, skipped('a newer bbolt')] };
  }
  const { bbolt: version } = await bboltVersion(found.newest, signal);
  return { peers: [oldest, { version, plain: found.newest, metered: undefined }], etcds, notes };
}

function skipped(what: string): string {
  return `${what}: skipped, scripts/peers/build.sh could not build one (it says why)`;
}

async function findEtcds(
  env: Readonly<Record<string, string | undefined>>,
  signal: AbortSignal,
): Promise<readonly EtcdPeer[]> {
  const oldest = findEtcdMvccPeer(env);
  if (oldest === undefined) return [];
  const newest = newestBesideEtcdMvccPeer(oldest);
  const etcds: EtcdPeer[] = [];
  for (const program of newest === undefined ? [oldest] : [oldest, newest]) {
    etcds.push({ version: (await etcdMvccVersion(program, signal)).etcd, program });
  }
  return etcds;
}

interface Programs {
  readonly metered: string;
  readonly plain: string;
  readonly newest: string | undefined;
}

function programs(env: Readonly<Record<string, string | undefined>>): Programs | undefined {
  const metered = findBboltPeer(env);
  if (metered === undefined) return undefined;
  const { plain, newest } = besideBboltPeer(metered);
  return plain === undefined ? undefined : { metered, plain, newest };
}

function built(
  env: Readonly<Record<string, string | undefined>>,
  note: (text: string) => void,
): Programs {
  note('building the harness around bbolt');
  const { status, stderr } = spawnSync(BUILD, { encoding: 'utf8' });
  const found = programs(env);
  if (status === 0 && found !== undefined) return found;
  const reason = stderr.trim().split('\n').at(-1) ?? '';
  throw new NoPeerError(reason === '' ? 'scripts/peers/build.sh left no programs' : reason);
}

function sourceName(source: string): string {
  return source === 'debian' ? "Debian's package" : `the Go module ${source}`;
}
