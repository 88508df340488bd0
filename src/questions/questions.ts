// The questions that kvtune brings along, headline first, in the order of a report: published claims, and the
// surface, which is a map. Adding one means a module beside this file and a line here. Questions that a user
// makes up (run, ab, sweep) are built in load.ts.

import type { Peers, Question, QuestionSource } from '../question/question.ts';
import type { Mode } from '../record/run.ts';
import { batchSweep } from './batch-sweep.ts';
import { capacity50x } from './capacity-50x.ts';
import { concurrentReads } from './concurrent-reads.ts';
import { freelist24x } from './freelist-24x.ts';
import { indexLock } from './index-lock.ts';
import { leaseScale } from './lease-scale.ts';
import { presets } from './presets.ts';
import { surface } from './surface.ts';
import { walSync } from './wal-sync.ts';

export const CLAIM_SOURCES: readonly QuestionSource[] = [
  freelist24x,
  capacity50x,
  concurrentReads,
  indexLock,
  leaseScale,
  walSync,
  presets,
  batchSweep,
];

export const QUESTION_SOURCES: readonly QuestionSource[] = [...CLAIM_SOURCES, surface];

export const QUESTION_IDS: readonly string[] = QUESTION_SOURCES.map(({ id }) => id);

/**
 * Questions with these ids in the order of QUESTION_SOURCES; those that a mode leaves without a cell are left
 * out. Throws on an id that is none: callers check against QUESTION_IDS first.
 */
export function questionsFor(ids: readonly string[], mode: Mode, peers: Peers): Question[] {
  const unknown = ids.find((id) => !QUESTION_IDS.includes(id));
  if (unknown !== undefined) throw new Error(`no question is called ${unknown}`);
  return QUESTION_SOURCES.filter(({ id }) => ids.includes(id))
    .map(({ build }) => build({ mode, peers }))
    .filter(({ cells }) => cells.length > 0);
}
