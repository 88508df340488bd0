// The procedures of bench-peers, which the process of an arm loads by this file's address: plain work, puts without a
// log, and two of kvtune's own beside whichever peer the arm names.

import { freelistJob } from '../../src/procedures/freelist-job.ts';
import type { Procedure } from '../../src/procedures/procedure.ts';
import { readCost } from '../../src/procedures/read-cost.ts';
import { checkedFiles } from './aged-check.ts';
import { KV } from './kv-procedure.ts';
import { MVCC_PUT } from './mvcc-procedure.ts';

const JOB = withProgram(freelistJob, 'KVTUNE_BBOLTPEER');

/** The freelist job with the time in the freelist a commit as a figure, and bbolt's check of the files. */
const AGED: Procedure = {
  ...JOB,
  name: 'aged',
  prepare: async (order, context) => ({
    ...(await JOB.prepare?.(order, context)),
    ...(order.target === 'engine' ? await checkedFiles(order, context) : {}),
  }),
  open: async (order, context) => {
    const arm = await JOB.open(order, context);
    return {
      slice: async (slice, during) => {
        const found = await arm.slice(slice, during);
        const { freelistSeconds = Number.NaN, releaseSeconds = Number.NaN } = found.figures;
        const inside = (freelistSeconds + releaseSeconds) / Number(order.asked['commits']);
        return { ...found, figures: { ...found.figures, freelistSecondsPerCommit: inside } };
      },
      close: (how, during) => arm.close(how, during),
    };
  },
};

export const PROCEDURES: readonly Procedure[] = [
  KV,
  MVCC_PUT,
  AGED,
  withProgram(readCost, 'KVTUNE_ETCDMVCCPEER'),
];

/** An arm's process is its own, so the peer that it finds may be the arm's own, too. */
function withProgram(procedure: Procedure, variable: string): Procedure {
  return {
    ...procedure,
    open: (order, context) => {
      const program = order.asked['program'];
      if (program !== undefined) process.env[variable] = String(program);
      return procedure.open(order, context);
    },
  };
}
