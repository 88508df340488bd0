// What all measurements of one run of bench-peers share: peers, sizes, folder, how our side is run; and
// the shape of what a measurement yields: samples by side, checks, conditions.

import type { LoadAnswer, LoadRequest } from '../../src/drivers/kv-driver.ts';
import type { WorkFolder } from '../../src/record/run-folder.ts';
import type { RoundRunner } from '../../src/runner/cell-run.ts';
import { OURS } from './interleave.ts';
import type { MvccAnswer, MvccRequest } from './our-mvcc.ts';
import type { Sample } from './rows.ts';
import type { Scale } from './scale.ts';

/** One bbolt to be measured against. */
export interface Peer {
  readonly version: string;
  /** The program around bbolt as it is. */
  readonly plain: string;
  /** The one with a meter in bbolt's freelist, where there is one. */
  readonly metered: string | undefined;
}

/** The harness around the storage of one etcd. */
export interface EtcdPeer {
  readonly version: string;
  readonly program: string;
}

export type PeerList = readonly [Peer, ...Peer[]];

export interface Bench {
  /** 1.3.6 first. */
  readonly peers: PeerList;
  /** 3.5 first; none where the harness could not be built. */
  readonly etcds: readonly EtcdPeer[];
  readonly work: WorkFolder;
  readonly scale: Scale;
  readonly seed: number;
  readonly signal: AbortSignal;
  readonly note: (text: string) => void;
  /** Runs our side of a plain workload, in a process of its own but for tests. */
  readonly runOurs: (request: LoadRequest) => Promise<LoadAnswer>;
  /** Runs our side of a row of etcd's storage, likewise. */
  readonly runMvcc: (request: MvccRequest) => Promise<MvccAnswer>;
  readonly runRound: RoundRunner;
}

/** Something that must hold for the figures to mean anything. */
export interface Check {
  readonly name: string;
  readonly ok: boolean;
  readonly detail: string;
}

/** What a series of interleaved runs yields. */
export interface Measured {
  readonly samples: ReadonlyMap<string, readonly Sample[]>;
  readonly checks: readonly Check[];
  /** Under which settings it ran, as read back, in words. */
  readonly conditions: string;
}

/** The name a person reads. */
export function nameOf(side: string, peer: 'bbolt' | 'etcd' = 'bbolt'): string {
  return side === OURS ? side : `${peer} ${side}`;
}

/** The metered program as a side of its own; undefined where there is none. */
export function meterOf(
  peers: PeerList,
): { readonly name: string; readonly program: string } | undefined {
  const [{ version, metered }] = peers;
  return metered === undefined ? undefined : { name: `${version} metered`, program: metered };
}

/** That all of `list` have the same figure. */
export function equalCheck<T>(
  name: string,
  what: string,
  list: readonly T[],
  figure: (one: T) => number | string,
): Check {
  const found = [...new Set(list.map(figure))];
  const ok = found.length === 1;
  return { name, ok, detail: `${what} ${found.join(ok ? '' : ' against ')}` };
}
