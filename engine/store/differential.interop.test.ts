// The same random history to a real etcd and to a store of ours: the same answers, errors included, and
// in the end the same keys at every revision that is kept, the same leases and the same hash.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { nowNs } from '../base/clock.ts';
import { EngineError } from '../base/errors.ts';
import { leaseId } from '../base/ids.ts';
import { Random } from '../base/random.ts';
import { END_OF_KEYS } from '../mvcc/mvcc-reader.ts';
import {
  codeOfAnswer,
  plainAnswer,
  plainResponse,
  toEtcd,
  type Operation,
  type Plain,
} from '../testing/etcd-language.ts';
import { EtcdMember } from '../testing/etcd-member.ts';
import { describeWithPeers } from '../testing/peers.ts';
import { stateOfMember, stateOfStore } from '../testing/plain-state.ts';
import { RandomHistory } from '../testing/random-history.ts';
import { keyspaceHashSteps, runSteps } from './maintenance.ts';
import { Store } from './store.ts';

const SEED = Number(process.env['KVTUNE_SEED'] ?? 1);
const OPERATIONS_MIN = 500;
const OPERATIONS_MAX = 20_000;
const BUDGET_NS = 8e9;
const ALL = { key: new Uint8Array(1), end: END_OF_KEYS };
const SMALL = { indexBytes: 16 * 1024 ** 2, segmentBytes: 1024 ** 2 };

describeWithPeers('beside a real etcd', ['etcd', 'etcdctl'], ([etcd = '', etcdctl = '']) => {
  const folder = mkdtempSync(join(tmpdir(), 'kvtune-differential-'));
  let member: EtcdMember;
  let store: Store;

  beforeAll(async () => {
    member = await EtcdMember.start({ etcd, etcdctl }, join(folder, 'etcd'));
    store = Store.open(join(folder, 'store'), SMALL);
  });
  afterAll(async () => {
    await member.stop();
    store.close();
    rmSync(folder, { recursive: true, force: true });
  });

  it(`answers a random history the same (seed ${SEED})`, { timeout: 60_000 }, async () => {
    const history = new RandomHistory(new Random(SEED));
    const until = nowNs() + BUDGET_NS;
    let done = 0;
    for (; done < OPERATIONS_MAX; done++) {
      if (done >= OPERATIONS_MIN && nowNs() > until) break;
      const operation = history.next();
      const { path, body } = toEtcd(operation);
      const answer = await member.post(path, body);
      const theirs = codeOfAnswer(answer) ?? plainAnswer(operation, answer);
      const ours = await askStore(store, operation);
      expect(ours, `operation ${done}: ${path} ${JSON.stringify(body)}`).toEqual(theirs);
      if (operation.kind === 'compact' && typeof ours !== 'string') {
        history.compacted = operation.revision;
        store.mvcc.finishCompaction();
      }
      history.revision = store.revision;
    }
    expect(done).toBeGreaterThanOrEqual(OPERATIONS_MIN);
    expect(stateOfStore(store)).toEqual(await stateOfMember(member, store.stats().compacted));
  });

  it('gives the same hash where no key lives, but compacted ones did', async () => {
    const both = async (operation: Operation): Promise<void> => {
      const { path, body } = toEtcd(operation);
      const theirs = plainAnswer(operation, await member.ask(path, body));
      expect(await askStore(store, operation)).toEqual(theirs);
    };
    const key = Uint8Array.of(65);
    const more = { lease: leaseId(0n), prevKv: false, ignoreValue: false, ignoreLease: false };
    await both({ kind: 'put', key, value: key, ...more });
    await both({ kind: 'put', key: Uint8Array.of(66), value: key, ...more });
    await both({ kind: 'compact', revision: store.revision });
    await both({ kind: 'deleteRange', ...ALL, prevKv: false });
    const { hash } = runSteps(keyspaceHashSteps(store));
    expect(hash).toBe(member.hashKv(store.revision));
    // Before a step of the compaction was done, and after all.
    store.mvcc.finishCompaction();
    expect(runSteps(keyspaceHashSteps(store)).hash).toBe(hash);
  });
});

async function askStore(store: Store, operation: Operation): Promise<Plain> {
  try {
    if (operation.kind !== 'range') return plainResponse(await store.request(operation));
    return plainResponse({ kind: 'range', ...store.range(operation.range) });
  } catch (error) {
    if (!(error instanceof EngineError)) throw error;
    return error.code;
  }
}
