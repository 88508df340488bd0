// The questions as they are asked, rules, looks and weights included, on sessions whose truth is known: at the edges
// of what each rule tells apart, and what must not be said of them there. A figure that is not named has no effect.

import type { Question } from '../../question/question.ts';
import type { Verdict } from '../../record/answer.ts';
import type { LoadRequest, Mode } from '../../record/run.ts';
import type { Truth } from '../../judge/testing/simulation.ts';
import { loadQuestion } from '../load.ts';
import { questionsFor } from '../questions.ts';

export interface SimulatedQuestion {
  readonly name: string;
  readonly question: Question;
  /** In the order of the question's contrasts. */
  readonly truths: readonly Truth[];
  readonly wrong: readonly Verdict[];
}

/** Just outside a margin, and just inside it. */
const [OUT, IN] = [1.0001, 0.9999];
/** Of a session's logarithm, where nothing else is said: as on a disk of a virtual machine. */
const SPREAD = 0.05;
/** The longest lag is counted, and as published. */
const EXACT: Readonly<Record<string, number>> = { lag: 880 };

interface Edge {
  readonly claim: string;
  readonly at: string;
  readonly truths: Readonly<Record<string, number>>;
  readonly wrong: readonly Verdict[];
}

const GAIN: readonly Verdict[] = ['partly', 'reproduced', 'exceeded'];

const EDGES: readonly Edge[] = [
  { claim: 'freelist-24x', at: 'no difference', truths: {}, wrong: GAIN },
  {
    ...{ claim: 'freelist-24x', at: 'the lower end of the band' },
    ...{ truths: { completion: 16 * OUT }, wrong: ['partly', 'not-reproduced', 'exceeded'] },
  },
  {
    ...{ claim: 'freelist-24x', at: 'the upper end of the band' },
    ...{ truths: { completion: 36 * IN }, wrong: ['exceeded', 'partly', 'not-reproduced'] },
  },
  {
    ...{ claim: 'capacity-50x', at: 'the upper bound' },
    ...{ truths: { '*': 1.25 * OUT }, wrong: ['reproduced'] },
  },
  {
    ...{ claim: 'capacity-50x', at: 'the lower bound' },
    ...{ truths: { '*': IN / 1.25 }, wrong: ['reproduced'] },
  },
  { claim: 'concurrent-reads', at: 'no difference', truths: {}, wrong: GAIN },
  {
    ...{ claim: 'concurrent-reads', at: 'a control beyond its band' },
    truths: { puts: 600, p99: 150, alone: IN / 1.1 },
    wrong: ['exceeded', 'reproduced'],
  },
  {
    ...{ claim: 'concurrent-reads', at: 'the published gain' },
    truths: { puts: 1.7 * IN, p99: 150 },
    wrong: ['exceeded', 'not-reproduced'],
  },
  { claim: 'index-lock', at: 'no gain', truths: { growth: 1, stall: 40 }, wrong: GAIN },
  {
    ...{ claim: 'index-lock', at: 'a gain below the one asked for' },
    truths: { gain: 10 * IN, growth: 1, stall: 40 },
    wrong: ['reproduced', 'not-reproduced'],
  },
  {
    ...{ claim: 'index-lock', at: 'a stall longer than is asked for' },
    truths: { gain: 30, growth: 1, stall: 100 * OUT },
    wrong: ['reproduced', 'not-reproduced'],
  },
  { claim: 'lease-scale', at: 'no gain', truths: { scan: 1, heap: 0 }, wrong: GAIN },
  {
    ...{ claim: 'lease-scale', at: 'a slope beyond its band' },
    truths: { gain: 1e6, scan: 1.2001, heap: 0 },
    wrong: ['reproduced', 'not-reproduced'],
  },
  { claim: 'batch-sweep', at: 'no difference', truths: {}, wrong: ['reproduced', 'partly'] },
  {
    ...{ claim: 'batch-sweep', at: 'throughput lower than is asked for' },
    truths: { p99: 3, throughput: IN / 1.05 },
    wrong: ['not-reproduced'],
  },
  { claim: 'wal-sync', at: 'no difference', truths: { '*': 1 }, wrong: GAIN },
  {
    ...{ claim: 'wal-sync', at: 'gains below those asked for' },
    truths: { 'gain-0ms': 5 * IN, 'gain-5ms': 20 * IN, '*': 1 },
    wrong: ['reproduced', 'not-reproduced'],
  },
  {
    ...{ claim: 'wal-sync', at: 'less than a sync a put allows' },
    truths: { 'gain-0ms': 15, 'gain-5ms': 50, 'bound-0ms': 0.75 * IN, '*': 1 },
    wrong: ['reproduced', 'not-reproduced'],
  },
  { claim: 'presets', at: 'no difference', truths: {}, wrong: ['reproduced', 'partly'] },
  {
    ...{ claim: 'presets', at: 'one better, one worse' },
    truths: { 'long-reads-rate': 3.9, 'key-churn-rate': 1 / 1.6 },
    wrong: ['not-reproduced'],
  },
];

export function simulatedClaims(mode: Mode): SimulatedQuestion[] {
  return EDGES.flatMap(({ claim, at, truths, wrong }) =>
    questionsFor([claim], mode, {})
      .filter(({ contrasts }) => contrasts.length > 0)
      .map((question) => ({
        ...{ name: `${claim}, ${mode}: ${at}`, question, wrong },
        truths: truthsOf(question, truths),
      })),
  );
}

/** ab with its default looks, in a closed loop: `effect` is b / a. */
export function simulatedComparison(effect: number, spread: number): SimulatedQuestion {
  const question = loadQuestion(COMPARISON);
  const margin = COMPARISON.margin;
  const isWithin = effect <= margin && effect >= 1 / margin;
  const wrong: Verdict[] = effect > 1 ? ['worse'] : effect < 1 ? ['better'] : ['better', 'worse'];
  return {
    name: `ab: b is ${effect.toPrecision(5)} times a, sessions scatter by ${String(spread)}`,
    question,
    truths: question.contrasts.map(() => ({ middle: Math.log(effect), spread })),
    wrong: isWithin ? wrong : [...wrong, 'alike'],
  };
}

const COMPARISON: LoadRequest = {
  ...{ command: 'ab', workload: 'read-heavy', margin: 1.05, levels: [] },
  factors: {
    ...{ workload: 'read-heavy', keys: 1000, loop: 'closed', clients: 8, threads: 1 },
    ...{ seconds: 0.25, operationsMax: 0, probeSync: false, verify: true },
  },
  arms: ['a', 'b'].map((name) => ({ name, config: 'baseline', settings: [] })),
  ...{ sessionsMin: 4, sessionsMax: 8, slicesPerSession: 16 },
};

/** '*': of all contrasts that are not named. */
function truthsOf({ contrasts }: Question, truths: Edge['truths']): Truth[] {
  return contrasts.map(({ id, scale, kind, exact = false }) => {
    const value = truths[id] ?? EXACT[id] ?? truths['*'] ?? (kind === 'ratio' ? 1 : 0);
    return { middle: scale === 'log' ? Math.log(value) : value, spread: exact ? 0 : SPREAD };
  });
}
