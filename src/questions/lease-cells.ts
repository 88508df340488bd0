// The cells of lease-scale: ticks over a range of leases, with none and with some due, and the lag of expiry
// under caps on revocations. The lag is counted on a simulated clock that ticks every 500 ms: the cap decides
// it, not the machine, and it repeats exactly.

import type { Arm, Cell } from '../question/question.ts';
import type { Scalars } from '../record/round.ts';
import type { Mode } from '../record/run.ts';

const ID = 'lease-scale';
export const EXPIRIES = ['scan', 'heap'] as const;
export const TICKS = `${ID}/ticks`;
export const DUE = `${ID}/ticks-due`;
export const LAG = `${ID}/lag`;
export const LEASES_MAX = 1e6;
const DUE_EACH_TICK = 10;
/** The published case: etcd issue 12105. */
export const LAG_LEASES = 900_000;
export const LAG_TTL_SECONDS = 20;
export const LAG_RATE = 1000;
const OTHER_RATES: readonly number[] = [500, 2000, 5000, 10_000, 50_000];

/** The longest lag that the cap makes of leases which are due evenly over one time to live. */
export function expectedLag(rate: number): number {
  return Math.max(0, LAG_LEASES / rate - LAG_TTL_SECONDS);
}

export function leaseCells(mode: Mode): readonly Cell[] {
  const lag = lagCell(
    'lag',
    'deciding',
    mode === 'quick' ? [lagArm('heap')] : EXPIRIES.map((one) => lagArm(one)),
  );
  const sizes = { leasesMin: 1e3, leasesMax: LEASES_MAX, sizes: mode === 'quick' ? 3 : 4 };
  const idle = tickCell('ticks', 'deciding', { ...sizes, dueEachTick: 0 });
  if (mode === 'quick') return [idle, lag];
  const due = tickCell('ticks-due', 'curve', { ...sizes, dueEachTick: DUE_EACH_TICK });
  const rates = lagCell(
    'lag-rates',
    'curve',
    OTHER_RATES.map((rate) => lagArm('heap', rate)),
  );
  const large = { leasesMin: 1e7, leasesMax: 1e7, sizes: 1, dueEachTick: 0 };
  return [
    ...[idle, lag, due, rates],
    ...(mode === 'full' ? [tickCell('ticks-large', 'labelled', large)] : []),
  ];
}

function tickCell(
  name: string,
  role: Cell['role'],
  factors: { leasesMin: number; leasesMax: number; sizes: number; dueEachTick: number },
): Cell {
  const { leasesMin, leasesMax, sizes, dueEachTick } = factors;
  const range = [...new Set([leasesMin, leasesMax])].map((leases) =>
    leases.toLocaleString('en-US'),
  );
  const due = dueEachTick === 0 ? 'none due' : `${String(dueEachTick)} due each tick`;
  return {
    id: `${ID}/${name}`,
    title: `${range.join(' to ')} leases, ${due}`,
    ...{ role, procedure: 'lease-ticks', factors: { ...factors }, slices: 2, sessions: 3 },
    arms: EXPIRIES.map((leaseExpiry) => armOf(leaseExpiry, { leaseExpiry })),
    ...{ prepareSeconds: 0, openSeconds: 0.5 },
    // Sizes between the ends come to about a tenth of the largest.
    sliceSeconds: 0.35 * sizes + leasesMax * 1e-6,
    ...{ diskBytes: 0, memoryBytes: EXPIRIES.length * (150e6 + leasesMax * 120) },
  };
}

/** Simulated, and so exact: one session of one slice says all. */
function lagCell(name: string, role: Cell['role'], arms: readonly Arm[]): Cell {
  return {
    id: `${ID}/${name}`,
    title: 'lag of expiry, 900,000 leases of 20 s',
    ...{ role, procedure: 'lease-lag', arms, slices: 1, sessions: 1 },
    factors: { leases: LAG_LEASES, ttlSeconds: LAG_TTL_SECONDS, leaseRevokeRate: LAG_RATE },
    ...{ prepareSeconds: 0, openSeconds: 0.5, sliceSeconds: 2 },
    ...{ diskBytes: 0, memoryBytes: arms.length * 250e6 },
  };
}

function lagArm(leaseExpiry: string, leaseRevokeRate?: number): Arm {
  return leaseRevokeRate === undefined
    ? armOf(leaseExpiry, { leaseExpiry })
    : armOf(`${leaseExpiry}-${String(leaseRevokeRate)}`, { leaseExpiry, leaseRevokeRate });
}

function armOf(name: string, settings: Scalars): Arm {
  return { name, target: 'engine', settings };
}
