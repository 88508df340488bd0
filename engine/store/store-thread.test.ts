// A store in a thread of its own, used through its channel: what the channel adds to logged requests, and
// how the thread answers and ends.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeEach, afterEach, describe, expect, it } from 'vitest';
import { leaseId } from '../base/ids.ts';
import { bytesOf } from '../testing/model.ts';
import { Answer, ChannelClient } from './channel.ts';
import { StoreThread } from './store-thread.ts';

const ROOT = mkdtempSync(join(tmpdir(), 'kvtune-store-thread-'));
const SIZES = { cacheBytes: 1024 ** 2, indexBytes: 16 * 1024 ** 2, segmentBytes: 1024 ** 2 };
let folders = 0;
let thread: StoreThread;
let client: ChannelClient;

beforeEach(async () => {
  const folder = join(ROOT, `${folders++}`);
  thread = await StoreThread.start({ folder, options: SIZES, channels: 1 });
  client = new ChannelClient(thread.channels[0]!);
});

afterEach(async () => {
  await thread.kill();
});

afterAll(() => {
  rmSync(ROOT, { recursive: true, force: true });
});

/** Waits for the next answer. */
function answerTo(queued: boolean): Answer {
  expect(queued).toBe(true);
  client.ring();
  const answer = new Answer();
  for (let i = 0; i < 1000 && !client.take(answer); i++) client.wait(10);
  return answer;
}

function parts(key: string, value: string) {
  return {
    ...{ key: bytesOf(key), keyLength: key.length, value: bytesOf(value) },
    ...{ valueLength: value.length, lease: leaseId(0n) },
  };
}

describe('StoreThread', () => {
  it('renews leases without a word in the log', async () => {
    const id = leaseId(-5n);
    expect(answerTo(client.keepAlive(1, id))).toMatchObject({
      ...{ ticket: 1, error: 'LEASE_NOT_FOUND' },
    });
    answerTo(client.submit(2, { kind: 'leaseGrant', id, ttlSeconds: 60 }));
    const { wal, requests } = await thread.stats();
    for (let ticket = 3; ticket < 50; ticket++) {
      const renewed = answerTo(client.keepAlive(ticket, id));
      expect(renewed).toMatchObject({
        ticket,
        error: undefined,
        figure: 60,
        lease: id,
        revision: 1,
      });
    }
    const after = await thread.stats();
    expect(after.wal.appends).toBe(wal.appends);
    expect(after.requests).toBe(requests);
  });

  it('puts what nobody changed meanwhile', () => {
    expect(answerTo(client.putIf(1, parts('k', 'a'), 0))).toMatchObject({ figure: 1, revision: 2 });
    expect(answerTo(client.putIf(2, parts('k', 'b'), 0))).toMatchObject({ figure: 0, revision: 2 });
    expect(answerTo(client.putIf(3, parts('k', 'c'), 2))).toMatchObject({ figure: 1, revision: 3 });
  });

  it('tells its counters while it runs, each time it is asked, and also as it ends', async () => {
    answerTo(client.put(1, parts('k', 'v')));
    const asked = await Promise.all([thread.stats(), thread.stats(), thread.stats()]);
    expect(asked.map(({ revision }) => revision)).toEqual([2, 2, 2]);
    answerTo(client.put(2, parts('k', 'w')));
    expect(await thread.stats()).toMatchObject({ revision: 3, keys: 1 });
    const [last, report] = await Promise.all([thread.stats(), thread.stop()]);
    expect(last.revision).toBe(3);
    expect(report.stats.revision).toBe(3);
    expect(await thread.ended).toBe(report);
  });

  it('does not leave anybody waiting for its counters when it is killed', async () => {
    await thread.kill();
    await expect(thread.stats()).rejects.toThrow(/ended without a report/);
    await expect(thread.ended).rejects.toMatchObject({ code: 'IO' });
  });
});
