// Rounds of version 1 as rounds of version 2. Each had a process of its own and was paired within its
// block, so a block becomes a session. Pure.

import { SCHEMA_VERSION, type Round } from '../round.ts';
import type { ExperimentRoundV1, SampleV1 } from './schema.ts';

/** The claim under which rounds of run, ab and sweep were filed. */
const LOAD_CLAIM = 'load';
const SLICE = { schemaVersion: SCHEMA_VERSION, kind: 'slice', block: 0 } as const;

/** Of the freelist claims. A round beside a larger size is an arm of that size's cell. */
export function sampleRound(sample: SampleV1): Round {
  const { cell, beside, arm, completionSeconds, puts, commitNs } = sample;
  return {
    ...SLICE,
    question: 'freelist-24x',
    cell: beside ?? cell,
    arm: beside === undefined ? arm : `${arm} on ${cell}`,
    ...{ session: sample.block, position: sample.position, replicate: sample.replicate },
    ...{ startedAt: sample.startedAt, seconds: completionSeconds },
    ...{ asked: {}, settings: sample.settings },
    figures: {
      completionSeconds,
      putsPerSecond: puts / completionSeconds,
      commitMsMedian: commitNs.median / 1e6,
      commitMsP90: commitNs.p90 / 1e6,
    },
    ...{ counts: sample.counts, histograms: {}, series: {}, state: sample.state },
    ...{ resources: sample.resources, warnings: sample.warnings },
  };
}

export function experimentRound(round: ExperimentRoundV1, command: string | undefined): Round {
  const { load } = round;
  return {
    ...SLICE,
    question: questionOf(round.claim, command),
    cell: cellId(round, command),
    arm: round.arm,
    ...{ session: round.block, position: round.position, replicate: round.replicate },
    ...{ startedAt: round.startedAt, seconds: load?.seconds ?? round.seconds },
    ...{ asked: round.factors, settings: round.settings, figures: round.figures },
    ...{
      counts: load?.during ?? {},
      histograms: round.histograms,
      series: round.series,
      state: {},
    },
    resources: round.resources,
    ...(load === undefined ? {} : { health: load.health }),
    warnings: round.warnings,
  };
}

/** Rounds of run, ab and sweep belong to the question that is named like the command. */
export function questionOf(claim: string, command: string | undefined): string {
  return claim === LOAD_CLAIM ? (command ?? claim) : claim;
}

export function cellId(
  { claim, cell }: { readonly claim: string; readonly cell: string },
  command: string | undefined,
): string {
  return `${questionOf(claim, command)}/${cell}`;
}
