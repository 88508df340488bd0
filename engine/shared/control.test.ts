import { threadId, Worker } from 'node:worker_threads';
import { describe, expect, it, vi } from 'vitest';
import { Control, createControl, type ControlShare, type SharedMeta } from './control.ts';

function metaOf(txid: number): SharedMeta {
  return { root: 10 * txid, sequence: 3, highWater: 100 + txid, txid, note: 3 * txid };
}

function makeShared(): { owner: Control; share: ControlShare } {
  const share = createControl(4);
  const owner = new Control(share);
  owner.initialize(metaOf(7));
  return { owner, share };
}

/** Workers load no TypeScript: `npm test` compiles the engine first. */
const CONTROL = new URL('../../dist/engine/shared/control.js', import.meta.url).href;
const ENTERS_ONCE = `
  const { parentPort, workerData } = require('node:worker_threads');
  import(workerData.CONTROL).then(({ Control }) => {
    const control = new Control(workerData.share);
    const { begun } = workerData;
    Atomics.store(begun, 0, 1);
    Atomics.notify(begun, 0);
    Atomics.wait(begun, 1, 0);
    const meta = { root: 0, sequence: 0, highWater: 0, txid: 0, note: 0 };
    control.enter(meta);
    parentPort.postMessage({ txid: meta.txid });
  });
`;

function emptyMeta(): SharedMeta {
  return { root: 0, sequence: 0, highWater: 0, txid: 0, note: 0 };
}

/** A line of the cache for each. */
const SLOT_WORDS = 16;

function make(readersMax = 4): { owner: Control; other: Control; words: Int32Array } {
  const share = createControl(readersMax);
  const owner = new Control(share);
  owner.initialize(metaOf(7));
  return { owner, other: new Control(share), words: new Int32Array(share.memory) };
}

describe('Control', () => {
  it('shows each reader the state current when it entered', () => {
    const { owner, other } = make();
    const meta = emptyMeta();
    other.enter(meta);
    expect(meta).toEqual(metaOf(7));
    owner.publish(metaOf(8));
    other.enter(meta);
    expect(meta).toEqual(metaOf(8));
    expect(other.epoch).toBe(1);
  });

  // Pages of a state that nobody was registered for may be in use again already.
  it('gives a reader that was overtaken while it registered the newest state, not the one it saw', () => {
    const { owner, other } = make();
    type Store = (array: unknown, index: number, value: unknown) => never;
    const store = Atomics.store.bind(Atomics) as Store;
    const spy = vi.spyOn(Atomics, 'store').mockImplementationOnce((array, index, value) => {
      owner.publish(metaOf(8));
      owner.publish(metaOf(9));
      return store(array, index, value);
    });
    const meta = emptyMeta();
    other.enter(meta);
    expect(spy).toHaveBeenCalledTimes(2);
    vi.restoreAllMocks();
    expect(meta).toEqual(metaOf(9));
    expect(owner.oldestEpoch()).toBe(2);
  });

  it('knows the oldest state that somebody reads', () => {
    const { owner, other } = make();
    expect(owner.oldestEpoch()).toBe(0);
    const first = other.enter(emptyMeta());
    owner.publish(metaOf(8));
    const second = other.enter(emptyMeta());
    owner.publish(metaOf(9));
    expect(owner.oldestEpoch()).toBe(0);
    expect(owner.readerCount()).toBe(2);
    other.leave(first);
    expect(owner.oldestEpoch()).toBe(1);
    other.leave(second);
    expect(owner.oldestEpoch()).toBe(2);
    expect(owner.readerCount()).toBe(0);
  });

  it('refuses a reader when all slots are taken, and takes it when one is free again', () => {
    const { other } = make(2);
    other.enter(emptyMeta());
    const slot = other.enter(emptyMeta());
    expect(() => other.enter(emptyMeta())).toThrow(
      expect.objectContaining({ code: 'READERS_FULL' }),
    );
    other.leave(slot);
    expect(other.enter(emptyMeta())).toBe(slot);
  });

  it('frees what a thread held, and nothing of others', () => {
    const { owner, other } = make();
    const slot = other.enter(emptyMeta());
    owner.publish(metaOf(8));
    owner.releaseThread(threadId + 1);
    expect(owner.readerCount()).toBe(1);
    owner.releaseThread(threadId);
    expect(owner.readerCount()).toBe(0);
    expect(owner.oldestEpoch()).toBe(1);
    expect(other.enter(emptyMeta())).toBe(slot);
  });

  // Between claiming a slot and naming itself there, a thread must not lose the slot because the
  // last user of that slot is declared gone.
  it('leaves a free slot alone although it names the thread that used it last', () => {
    const { owner, other, words } = make(1);
    other.leave(other.enter(emptyMeta()));
    const slotWords = words.length - SLOT_WORDS;
    const claimedByOther = -1 - (threadId + 5);
    words[slotWords] = claimedByOther;
    owner.releaseThread(threadId);
    expect(words[slotWords]).toBe(claimedByOther);
    owner.releaseThread(threadId + 5);
    expect(owner.readerCount()).toBe(0);
  });

  it('lets the owner be alone when nobody reads, and only then', () => {
    const { owner, other } = make(2);
    const slot = other.enter(emptyMeta());
    expect(owner.alone(() => expect.fail('somebody reads'))).toBe(false);
    expect(owner.readerCount()).toBe(1);
    other.leave(slot);
    const counts: number[] = [];
    expect(owner.alone(() => counts.push(owner.readerCount()))).toBe(true);
    expect(counts).toEqual([2]);
    expect(owner.readerCount()).toBe(0);
    // Afterwards every slot is free again, also after work that failed.
    const broken = (): never => {
      throw new Error('broken');
    };
    expect(() => owner.alone(broken)).toThrow('broken');
    expect([other.enter(emptyMeta()), other.enter(emptyMeta())]).toEqual([0, 1]);
  });

  it('gives a thread the slot again that it had last, and never one that is taken', () => {
    const { owner, other } = make(3);
    const slots = [other, other, owner].map((control) => control.enter(emptyMeta()));
    expect(slots.toSorted()).toEqual([0, 1, 2]);
    expect(() => other.enter(emptyMeta())).toThrow('all 3 reader slots are taken');
    other.leave(slots[1]!);
    owner.leave(slots[2]!);
    expect([owner.enter(emptyMeta()), other.enter(emptyMeta())]).toEqual([slots[2], slots[1]]);
  });

  it('keeps the oldest state known while the owner finds that somebody reads', () => {
    const { owner, other } = make();
    other.enter(emptyMeta());
    other.leave(other.enter(emptyMeta()));
    owner.publish(metaOf(8));
    owner.alone(() => undefined);
    expect(owner.oldestEpoch()).toBe(0);
  });

  it('lets a reader wait for the end of a sweep, where it would otherwise find no slot', async () => {
    const { owner, share } = makeShared();
    const begun = new Int32Array(new SharedArrayBuffer(8));
    const worker = new Worker(ENTERS_ONCE, { eval: true, workerData: { share, begun, CONTROL } });
    const answer = new Promise((resolve, reject) => {
      worker.once('message', resolve);
      worker.once('error', reject);
    });
    Atomics.wait(begun, 0, 0, 10_000);
    owner.alone(() => {
      // The thread goes for a slot now and finds none for as long as this takes.
      Atomics.store(begun, 1, 1);
      Atomics.notify(begun, 1);
      Atomics.wait(begun, 0, 1, 200);
      expect(owner.readerCount()).toBe(4);
    });
    await expect(answer).resolves.toMatchObject({ txid: 7 });
    expect(owner.readerCount()).toBe(1);
    await worker.terminate();
  });

  it('tells everybody that the database is closed', () => {
    const { owner, other } = make();
    expect(other.closed).toBe(false);
    owner.close();
    expect(other.closed).toBe(true);
  });
});
