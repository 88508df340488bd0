// etcd-beside: one client that puts in a closed loop beside a range of all keys, in etcd's own store, with reads
// through the lock that 3.3 had (shared) or through 3.4's copy (concurrent). It is shown beside ours.

import { runEtcdBeside } from '../targets/etcd-mvcc-peer.ts';
import { choiceOf, numberOf } from './asked.ts';
import { bareArm } from './bare-arm.ts';
import { etcdCall, etcdSettings, KEY_BYTES, VALUE_BYTES } from './etcd-peer.ts';
import { NO_WARM_UP, type Procedure } from './procedure.ts';

export const etcdBeside: Procedure = {
  name: 'etcd-beside',
  warmUp: NO_WARM_UP,
  open: ({ asked, folder }) => {
    const mode = choiceOf(asked, 'transaction', ['shared', 'concurrent']);
    const keys = numberOf(asked, 'standingKeys');
    const seconds = numberOf(asked, 'seconds');
    const arm = bareArm(async (slice, context) => {
      const found = await runEtcdBeside(etcdCall(folder, slice, context), {
        ...{ mode, keys, keyBytes: KEY_BYTES, valueBytes: VALUE_BYTES, rangeKeys: keys },
        ...{ seconds, seed: slice.seed },
      });
      const { latency, range } = found;
      return {
        seconds: found.cost.seconds,
        settings: { ...etcdSettings(found), transaction: mode },
        figures: {
          puts: latency.count,
          putsPerSecond: found.putsPerSecond,
          putP50Us: latency.p50Ns / 1e3,
          putP99Us: latency.p99Ns / 1e3,
          putMaxUs: latency.maxNs / 1e3,
          longReads: range.count,
          longReadMs: range.p50Ns / 1e6,
        },
        warnings: [],
      };
    });
    return Promise.resolve(arm);
  },
};
