// lease-lag: how far expiry lags behind the truth under a cap of revocations, of leases that were granted evenly over
// one time to live and are never kept alive. Counted on a simulated clock that ticks every 500 ms: the cap
// decides it, not the machine, and it repeats exactly. A revocation takes no time, where etcd's passes
// consensus.

import { LEASE_TICK_MS, LeaseDue, Lessor } from '../../engine/index.ts';
import { systemClock } from '../measure/clock.ts';
import type { Scalars, Warning } from '../record/round.ts';
import { choiceOf, numberOf } from './asked.ts';
import { bareArm } from './bare-arm.ts';
import { EXPIRIES, idOf, lessorSettings, SECOND_MS } from './leases.ts';
import { NO_WARM_UP, type Procedure, type Slice } from './procedure.ts';

export const leaseLag: Procedure = {
  name: 'lease-lag',
  warmUp: NO_WARM_UP,
  open: ({ asked }) => Promise.resolve(bareArm(() => sliceOf(asked))),
};

function sliceOf(asked: Scalars): Slice {
  const lessor = new Lessor({
    expiry: choiceOf(asked, 'leaseExpiry', EXPIRIES),
    revokeRate: numberOf(asked, 'leaseRevokeRate'),
  });
  const started = systemClock.nowNs();
  const lag = lagOf(lessor, numberOf(asked, 'leases'), numberOf(asked, 'ttlSeconds'));
  const seconds = (systemClock.nowNs() - started) / 1e9;
  return { seconds, settings: lessorSettings(lessor), ...lag };
}

/** To the last lease. */
function lagOf(
  lessor: Lessor,
  leases: number,
  ttlSeconds: number,
): Pick<Slice, 'figures' | 'series' | 'warnings'> {
  const ttlMs = ttlSeconds * SECOND_MS;
  for (let i = 0; i < leases; i++) {
    lessor.grant(idOf(i), ttlSeconds, Math.floor((i * ttlMs) / leases));
  }
  const lags = new Float64Array(leases);
  const due = new LeaseDue();
  const firstMs = ttlMs;
  let found = 0;
  let tickNs = 0;
  let ticks = 0;
  let now = firstMs;
  for (; lessor.count > 0; now += LEASE_TICK_MS) {
    const started = systemClock.nowNs();
    lessor.tick(now, due);
    tickNs += systemClock.nowNs() - started;
    ticks++;
    for (let i = 0; i < due.length; i++) {
      lags[found++] = (now - due.expiryMsAt(i)) / SECOND_MS;
      lessor.revoke(due.idAt(i));
    }
  }
  lags.sort();
  const at = (share: number): number => lags[Math.floor(share * (found - 1))] ?? Number.NaN;
  const message = `${found} leases came due of ${leases}`;
  const warnings: Warning[] = found === leases ? [] : [{ code: 'wrong-expiry', message }];
  return {
    figures: {
      lagSecondsMax: at(1),
      lagSecondsMedian: at(0.5),
      drainSeconds: (now - LEASE_TICK_MS - firstMs) / SECOND_MS,
      revoked: found,
      tickUs: tickNs / ticks / 1e3,
    },
    series: { lagSecondsDeciles: Array.from({ length: 11 }, (_, decile) => at(decile / 10)) },
    warnings,
  };
}
