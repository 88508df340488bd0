// etcd-compaction: how long puts to etcd's own store stand still while it compacts. etcd 3.5 has the change: its
// walk locks the index for one key at a time. The file's batches are larger than by default, so that a slice
// ends soon; the index does not see them. It is shown beside ours.

import { runEtcdCompact } from '../targets/etcd-mvcc-peer.ts';
import { numberOf } from './asked.ts';
import { bareArm } from './bare-arm.ts';
import { etcdCall, etcdSettings } from './etcd-peer.ts';
import { KEY_BYTES, VALUE_BYTES } from './index-keys.ts';
import { NO_WARM_UP, type Procedure } from './procedure.ts';

const PUTS_PER_SECOND = 5000;
const BEFORE_MS = 300;
const COMPACTION = { versions: 2, compactionBatchLimit: 10_000, compactionSleepMs: 1 };

export const etcdCompaction: Procedure = {
  name: 'etcd-compaction',
  warmUp: NO_WARM_UP,
  open: ({ asked, folder }) => {
    const keys = numberOf(asked, 'keys');
    const arm = bareArm(async (slice, context) => {
      const found = await runEtcdCompact(etcdCall(folder, slice, context), {
        ...{ ...COMPACTION, keys, keyBytes: KEY_BYTES, valueBytes: VALUE_BYTES },
        ...{ beforeMs: BEFORE_MS, putRate: PUTS_PER_SECOND, seed: slice.seed },
      });
      const { before, during, indexMs, totalNs } = found;
      return {
        seconds: totalNs / 1e9,
        settings: etcdSettings(found),
        figures: {
          walkMs: indexMs,
          puts: during.count,
          putP50Us: during.p50Ns / 1e3,
          putP99Us: during.p99Ns / 1e3,
          putMaxMs: during.maxNs / 1e6,
          beforePutP99Us: before.p99Ns / 1e3,
          beforePutMaxMs: before.maxNs / 1e6,
        },
        warnings: [],
      };
    });
    return Promise.resolve(arm);
  },
};
