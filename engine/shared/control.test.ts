import { threadId } from 'node:worker_threads';
import { describe, expect, it } from 'vitest';
import { Control, createControl, type SharedMeta } from './control.ts';

function metaOf(txid: number): SharedMeta {
  return { root: 10 * txid, sequence: 3, highWater: 100 + txid, txid };
}

function emptyMeta(): SharedMeta {
  return { root: 0, sequence: 0, highWater: 0, txid: 0 };
}

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
    const slotWords = words.length - 2;
    const claimedByOther = -1 - (threadId + 5);
    words[slotWords] = claimedByOther;
    owner.releaseThread(threadId);
    expect(words[slotWords]).toBe(claimedByOther);
    owner.releaseThread(threadId + 5);
    expect(owner.readerCount()).toBe(0);
  });

  it('tells everybody that the database is closed', () => {
    const { owner, other } = make();
    expect(other.closed).toBe(false);
    owner.close();
    expect(other.closed).toBe(true);
  });
});
