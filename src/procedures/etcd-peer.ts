// What the procedures that run etcd's own storage share: finding its harness, where its file lies, and the settings
// that its answers hold.

import { join } from 'node:path';
import type { Scalars } from '../record/round.ts';
import { findEtcdMvccPeer, type EtcdPeerCall, type EtcdReads } from '../targets/etcd-mvcc-peer.ts';
import type { SliceContext, SliceOrder } from './procedure.ts';

/** Keys and values of etcd issue 9384: 256 B, 1 kB. */
export const KEY_BYTES = 256;
export const VALUE_BYTES = 1024;

/** A call with a file of its own in the arm's folder. */
export function etcdCall(
  folder: string,
  { index }: SliceOrder,
  { signal }: SliceContext,
): EtcdPeerCall {
  const peer = findEtcdMvccPeer(process.env);
  if (peer === undefined) {
    throw new Error('etcdmvccpeer is no longer there; scripts/peers/build.sh makes it');
  }
  return { peer, path: join(folder, `etcd-${index}.db`), signal };
}

export function etcdSettings(answer: Pick<EtcdReads, 'work' | 'etcd' | 'bbolt' | 'go'>): Scalars {
  const { work, etcd, bbolt, go } = answer;
  return { ...work, etcd, bbolt, go };
}
