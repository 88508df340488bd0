// Options of a lessor: meaning, unit, default and cost of each, and the check that names every fault
// at once. The defaults are etcd's.

import { EngineError } from '../base/errors.ts';
import { LEASE_EXPIRIES, type LeaseExpiry } from './expiry.ts';

/** Between two ticks; what is handed out a tick is the revoke rate's share of it. */
export const LEASE_TICK_MS = 500;
/** No lease lasts longer, as in etcd: 285 years. */
export const TTL_SECONDS_MAX = 9_000_000_000;

export interface LessorOptions {
  /**
   * How leases that are over are found: by a walk over all (etcd before 3.4), or in a heap, which
   * takes 8 bytes a lease more and makes grants and keep-alives O(log n). Default 'heap'.
   */
  readonly expiry: LeaseExpiry;
  /** Leases handed out for revocation in a second, at most; a tick gives half, but one. Default 1000. */
  readonly revokeRate: number;
  /** Shorter ones are granted so many seconds. etcd's is 1.5 election timeouts. Default 2. */
  readonly ttlSecondsMin: number;
  /**
   * Seconds after which a lease's remaining time is to be persisted, so that a restart does not grant
   * it anew; 0: never. etcd's interval is 300, and its switch off. Costs 24 bytes a lease. Default 0.
   */
  readonly checkpointSeconds: number;
}

const DEFAULTS: LessorOptions = {
  expiry: 'heap',
  revokeRate: 1000,
  ttlSecondsMin: 2,
  checkpointSeconds: 0,
};

/** Fills in the defaults. Throws INVALID_ARGUMENT with all that is wrong. */
export function resolveOptions(given: Partial<LessorOptions>): LessorOptions {
  const options = { ...DEFAULTS, ...given };
  const { expiry, revokeRate, ttlSecondsMin, checkpointSeconds } = options;
  const faults: string[] = [];
  const check = (right: boolean, what: string): void => {
    if (!right) faults.push(what);
  };
  const between = (value: number, low: number): boolean =>
    Number.isInteger(value) && value >= low && value <= TTL_SECONDS_MAX;
  check(LEASE_EXPIRIES.includes(expiry), `expiry is '${expiry}', not 'scan' or 'heap'`);
  check(between(revokeRate, 1), `revokeRate is ${revokeRate}, not a whole number from 1 on`);
  check(
    between(ttlSecondsMin, 1),
    `ttlSecondsMin is ${ttlSecondsMin}, not whole seconds from 1 on`,
  );
  check(
    between(checkpointSeconds, 0),
    `checkpointSeconds is ${checkpointSeconds}, not whole seconds from 0 on`,
  );
  if (faults.length > 0) {
    throw new EngineError('INVALID_ARGUMENT', `options of the lessor: ${faults.join('; ')}`);
  }
  return options;
}
