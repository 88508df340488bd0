// Every kind of rule that questions have, on simulated contrasts, with truths at its edges and what must not be said
// of them. Values are those of the rules: what a claim asks for is written in its own module.

import type { Estimates } from '../../question/question.ts';
import type { Estimate, Verdict } from '../../record/answer.ts';
import { equivalence } from '../../stats/equivalence.ts';
import type { Sequential } from '../sequential.ts';
import { againstMargin, sideOf } from '../sides.ts';
import { simulated, type Truth } from './simulation.ts';

const CLAIM_LOOKS: readonly number[] = [3, 5, 8, 12];
const AB_LOOKS: readonly number[] = [4, 6, 8, 12, 16];
const ALPHA = 0.05;
const MARGIN = 1.05;

export interface SimulatedCase {
  readonly name: string;
  readonly question: Sequential;
  readonly truths: readonly Truth[];
  /** Verdicts that are wrong of these truths. */
  readonly wrong: readonly Verdict[];
}

type Interval = Estimate & { readonly low: number; readonly high: number };

function intervalIn(found: Estimates, id: string): Interval | undefined {
  const estimate = found.get(id);
  if (estimate === undefined) return undefined;
  const { low, high } = estimate;
  return low === null || high === null ? undefined : { ...estimate, low, high };
}

/** A published gain within a band, as of freelist-24x. */
const band: Sequential = {
  ...{ alpha: ALPHA, looks: CLAIM_LOOKS, contrasts: [simulated('gain', { cuts: [1, 16, 36] })] },
  rule: (found) => {
    const gain = intervalIn(found, 'gain');
    if (gain === undefined) return 'inconclusive';
    if (gain.low > 36) return 'exceeded';
    if (gain.high >= 16) return 'reproduced';
    const side = sideOf(gain);
    if (side === 'unknown') return 'inconclusive';
    return side === 'above' ? 'partly' : 'not-reproduced';
  },
};

/** Two one-sided tests, as of capacity-50x. */
const equal: Sequential = {
  ...{ alpha: ALPHA, looks: CLAIM_LOOKS },
  contrasts: [simulated('latency', { cuts: [0.8, 1.25], oneSided: true })],
  rule: (found) => {
    const outcome = equivalence(found.get('latency') ?? { low: null, high: null });
    if (outcome === 'inconclusive') return 'inconclusive';
    return outcome === 'equivalent' ? 'reproduced' : 'not-reproduced';
  },
};

/** Figures of two arms against a margin: ab. */
export function comparison(figures: number): Sequential {
  const ids = Array.from({ length: figures }, (_, index) => `figure-${String(index)}`);
  return {
    ...{ alpha: ALPHA, looks: AB_LOOKS },
    contrasts: ids.map((id) => simulated(id, { cuts: [1 / MARGIN, 1, MARGIN] })),
    rule: (found) => {
      const sides = ids.map((id) => againstMargin(found.get(id), MARGIN));
      for (const one of ['worse', 'inconclusive', 'better'] as const) {
        if (sides.includes(one)) return one;
      }
      return 'alike';
    },
  };
}

/** Two gains, and a control that must be shown to lie within its margin, as of concurrent-reads. */
const controlled: Sequential = {
  ...{ alpha: ALPHA, looks: CLAIM_LOOKS },
  contrasts: [
    simulated('puts', { cuts: [1, 1.7] }),
    simulated('p99', { cuts: [1, 10] }),
    simulated('alone', { cuts: [1 / 1.1, 1.1] }),
  ],
  rule: (found) => {
    const [puts, p99] = [intervalIn(found, 'puts'), intervalIn(found, 'p99')];
    const alone = intervalIn(found, 'alone');
    if (puts === undefined || p99 === undefined || alone === undefined) return 'inconclusive';
    const sides = [sideOf(puts), sideOf(p99)];
    const reaches = puts.high >= 1.7 && p99.high >= 10;
    const control = equivalence(alone, [1 / 1.1, 1.1]);
    if (reaches && sides.every((side) => side === 'above') && control !== 'different') {
      if (control === 'inconclusive') return 'inconclusive';
      return puts.low > 1.7 && p99.low > 10 ? 'exceeded' : 'reproduced';
    }
    if (sides.includes('above')) return 'partly';
    return puts.high >= 1.7 || p99.high >= 10 ? 'inconclusive' : 'not-reproduced';
  },
};

/** Slopes within bands and a gain, as of lease-scale. */
const slopes: Sequential = {
  ...{ alpha: ALPHA, looks: CLAIM_LOOKS },
  contrasts: [
    simulated('scan', { cuts: [0.8, 1.2], scale: 'linear', kind: 'level' }),
    simulated('heap', { cuts: [0.2], scale: 'linear', kind: 'level' }),
    simulated('gain', { cuts: [1, 100] }),
  ],
  rule: (found) => {
    const [scan, heap] = [intervalIn(found, 'scan'), intervalIn(found, 'heap')];
    const gain = intervalIn(found, 'gain');
    const side = sideOf(gain);
    if (side === 'below' || side === 'neither') return 'not-reproduced';
    if (scan === undefined || heap === undefined || gain === undefined) return 'inconclusive';
    const holds = scan.low >= 0.8 && scan.high <= 1.2 && heap.high < 0.2 && gain.low >= 100;
    return holds ? 'reproduced' : 'partly';
  },
};

/** Many figures of which none may be worse, as of presets. */
const FIGURES = Array.from({ length: 12 }, (_, index) => `figure-${String(index)}`);
const many: Sequential = {
  ...{ alpha: ALPHA, looks: CLAIM_LOOKS },
  contrasts: FIGURES.map((id) => simulated(id, { cuts: [1, 1.25] })),
  rule: (found) => {
    const sides = FIGURES.map((id) => sideOf(found.get(id)));
    if (sides.includes('unknown')) return 'inconclusive';
    if (sides.includes('above')) return sides.includes('below') ? 'partly' : 'reproduced';
    const excluded = FIGURES.every((id) => (intervalIn(found, id)?.high ?? 2) < 1.25);
    return excluded ? 'not-reproduced' : 'inconclusive';
  },
};

const log = (ratio: number, spread: number): Truth => ({ middle: Math.log(ratio), spread });
const CLEAR: readonly Truth[] = [log(3, 0.05), log(30, 0.05)];
/** Just outside a margin, and just inside it. */
const [OUT, IN] = [1.0001, 0.9999];

export const CASES: readonly SimulatedCase[] = [
  {
    ...{ name: 'band: no difference', question: band, truths: [log(1, 0.05)] },
    wrong: ['partly', 'reproduced', 'exceeded'],
  },
  {
    ...{ name: 'band: at its lower end', question: band, truths: [log(16 * OUT, 0.05)] },
    wrong: ['partly', 'not-reproduced', 'exceeded'],
  },
  {
    ...{ name: 'band: below its lower end', question: band, truths: [log(16 * IN, 0.05)] },
    // 'reproduced' is not: the rule asks no more than that the interval meets the band.
    wrong: ['not-reproduced', 'exceeded'],
  },
  {
    ...{ name: 'band: at its upper end', question: band, truths: [log(36 * IN, 0.05)] },
    wrong: ['exceeded', 'partly', 'not-reproduced'],
  },
  {
    ...{ name: 'equivalence: beyond its bound', question: equal, truths: [log(1.25 * OUT, 0.05)] },
    wrong: ['reproduced'],
  },
  {
    ...{ name: 'ab: no difference', question: comparison(1), truths: [log(1, 0.03)] },
    wrong: ['better', 'worse'],
  },
  {
    ...{ name: 'ab: no difference, four figures', question: comparison(4) },
    truths: [log(1, 0.03), log(1, 0.03), log(1, 0.06), log(1, 0.06)],
    wrong: ['better', 'worse'],
  },
  {
    ...{ name: 'ab: worse by the margin', question: comparison(1) },
    truths: [log(1 / (MARGIN * OUT), 0.02)],
    wrong: ['alike', 'better'],
  },
  {
    ...{ name: 'control: outside its margin', question: controlled },
    truths: [...CLEAR, log(1.1 * OUT, 0.02)],
    wrong: ['exceeded', 'reproduced'],
  },
  {
    ...{ name: 'control: a gain at the published one', question: controlled },
    truths: [log(1.7 * IN, 0.05), log(30, 0.05), log(1, 0.02)],
    wrong: ['exceeded', 'not-reproduced'],
  },
  {
    ...{ name: 'slopes: outside the band', question: slopes },
    truths: [{ middle: 1.2001, spread: 0.05 }, { middle: 0.05, spread: 0.05 }, log(500, 0.1)],
    wrong: ['reproduced', 'not-reproduced'],
  },
  {
    ...{ name: 'slopes: no gain', question: slopes },
    truths: [{ middle: 1, spread: 0.05 }, { middle: 0.05, spread: 0.05 }, log(1, 0.1)],
    wrong: ['reproduced', 'partly'],
  },
  {
    ...{ name: 'many figures: no difference', question: many },
    truths: FIGURES.map(() => log(1, 0.03)),
    wrong: ['reproduced', 'partly'],
  },
];
