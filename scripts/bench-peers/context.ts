// What all measurements of one run of bench-peers share: the peers, the sizes, the folder. What is measured with them
// stands in cells.ts, how in bench.ts.

import type { WorkFolder } from '../../src/record/folder.ts';
import type { Scale } from './scale.ts';

/** Our side's arm. A peer's is named by its version. */
export const OURS = 'kvtune';

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
}

/** The metered program as an arm of its own; undefined where there is none. */
export function meterOf(
  peers: PeerList,
): { readonly name: string; readonly program: string } | undefined {
  const [{ version, metered }] = peers;
  return metered === undefined ? undefined : { name: `${version} metered`, program: metered };
}
