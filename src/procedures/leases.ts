// What the procedures of leases share: ids as etcd makes them, and settings of a lessor under the names that a
// store has for them.

import {
  LEASE_TICK_MS,
  leaseId,
  type LeaseExpiry,
  type LeaseId,
  type Lessor,
} from '../../engine/index.ts';
import type { Scalars } from '../record/round.ts';

export const EXPIRIES: readonly LeaseExpiry[] = ['scan', 'heap'];
export const SECOND_MS = 1000;

/** What etcd's generator makes: member and time above, a counter below. */
const FIRST_ID = 0x694d_8c1f_0000_0000n;

export function idOf(n: number): LeaseId {
  return leaseId(FIRST_ID + BigInt(n));
}

export function lessorSettings(lessor: Lessor): Scalars {
  const { expiry, revokeRate, checkpointSeconds } = lessor.settings();
  return {
    leaseExpiry: expiry,
    leaseRevokeRate: revokeRate,
    leaseCheckpointSeconds: checkpointSeconds,
    tickMs: LEASE_TICK_MS,
  };
}
