// Real slices on small synthesized files: every one starts from the same bytes (the whole file is hashed) and from
// equal allocated blocks, whichever arm ran before, and reads nothing for undo inside the measured job; a job
// that was interrupted leaves nothing. bbolt runs the same job where its harness is built.

import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { checkDb, Db, FREELIST_KINDS, nodeVfs, Random } from '../../engine/index.ts';
import { describeWithPeers } from '../../engine/testing/peers.ts';
import { RECIPES } from '../../workloads/index.ts';
import type { Scalars } from '../record/round.ts';
import { fileDigest } from '../testing/file-digest.ts';
import { testFolder } from '../testing/test-folder.ts';
import { UndoVfs } from '../targets/undo-vfs.ts';
import { freelistJob } from './freelist-job.ts';
import type { OpenArm, Slice } from './procedure.ts';
import { armOrder, sliceContext } from './testing/run-arm.ts';
import { withPeer } from './testing/with-peer.ts';

const SEED = 20261122;
const SLICES = 3;
const JOB = { valueBytes: 10_000, putsPerCommit: 100, commits: 3, warmUpCommits: 1 };

const base = testFolder('freelist-job');
const context = sliceContext();

interface Start {
  readonly sha256: string;
  readonly size: number;
  readonly blocks: number;
}

function startOf(path: string): Start {
  const { size, blocks } = statSync(path);
  return { sha256: fileDigest(path), size, blocks };
}

function dbPath(prepared: string, dbBytes: number): string {
  return join(prepared, `aged-${dbBytes}`, 'db');
}

describe.each(RECIPES)('freelist-job on $name', (recipe) => {
  const dbBytes = 64e6;
  const preparedFolder = join(base, recipe.name);
  const path = dbPath(preparedFolder, dbBytes);
  const asked = { ...JOB, recipe: recipe.name, dbBytes, syncFreelist: false };
  const measured: { readonly arm: string; readonly start: Start; readonly slice: Slice }[] = [];
  const prepared: Scalars[] = [];
  const closings: Scalars[] = [];
  let laidOut: Start;
  let closed: Awaited<ReturnType<OpenArm['close']>>[];

  beforeAll(async () => {
    const orders = FREELIST_KINDS.map((freelist) =>
      armOrder({ base, asked: { ...asked, freelist }, arm: freelist, preparedFolder }),
    );
    for (const order of orders) prepared.push(await freelistJob.prepare!(order, context));
    laidOut = startOf(path);
    const arms = await Promise.all(orders.map((order) => freelistJob.open(order, context)));
    const turns = Array.from({ length: SLICES }, () => [...arms.keys()]).flat();
    new Random(SEED).shuffle(turns);
    for (const [index, turn] of turns.entries()) {
      const start = startOf(path);
      const slice = await arms[turn]!.slice({ index, seed: SEED + index, warm: false }, context);
      measured.push({ arm: orders[turn]!.arm, start, slice });
    }
    closed = await Promise.all(arms.map((arm) => arm.close('verify', context)));
    closings.push(...closed.map(({ settings }) => settings));
  });

  it('says what was prepared, the same of each arm', () => {
    expect(prepared[0]).toMatchObject({ dbBytes: laidOut.size });
    expect(Number(prepared[0]?.['freePages'])).toBeGreaterThan(1000);
    expect(Number(prepared[0]?.['freeSpans'])).toBeGreaterThan(100);
    for (const one of prepared) expect(one).toEqual(prepared[0]);
  });

  it('starts each slice from the same bytes and equal blocks', () => {
    expect(measured).toHaveLength(SLICES * FREELIST_KINDS.length);
    for (const { start } of measured) {
      expect(start.sha256).toBe(laidOut.sha256);
      expect(start.size).toBe(laidOut.size);
      expect(Math.abs(start.blocks / laidOut.blocks - 1)).toBeLessThanOrEqual(0.01);
    }
    expect(fileDigest(path)).toBe(laidOut.sha256);
    expect(checkDb(nodeVfs, path)).toMatchObject({ ok: true });
  });

  it('reads no page for undo inside the job, though another freelist rehearsed for the array', () => {
    for (const { slice } of measured) expect(slice.warnings).toEqual([]);
    for (const { warnings } of closed) expect(warnings).toEqual([]);
  });

  it('reports the state that it found', () => {
    const [first] = measured;
    for (const { start, slice } of measured) {
      expect(slice.state).toMatchObject({
        dbBytes: start.size,
        allocatedBytes: start.blocks * 512,
      });
      expect(slice.state?.['digest']).toBe(first?.slice.state?.['digest']);
      expect(slice.state?.['freePages']).toBe(first?.slice.state?.['freePages']);
    }
  });

  it('repeats its counts within an arm, and reads the settings back', () => {
    for (const [i, freelist] of FREELIST_KINDS.entries()) {
      const own = measured.filter(({ arm }) => arm === freelist).map(({ slice }) => slice);
      expect(own).toHaveLength(SLICES);
      for (const { settings, counts, figures } of own) {
        expect(settings).toMatchObject({ freelist, syncFreelist: false, pageSize: 4096 });
        expect(counts).toEqual(own[0]?.counts);
        // Two syncs a commit, whatever the disk does with them.
        expect(counts?.['syncs']).toBe(6);
        expect(figures['probesPerAllocation']).toBe(own[0]?.figures['probesPerAllocation']);
      }
      expect(closings[i]).toMatchObject({ freelist });
    }
  });

  it('has phases that add up to the completion time', () => {
    for (const { slice } of measured) {
      const of = (name: string): number => slice.figures[`${name}Seconds`] ?? Number.NaN;
      const names = ['put', 'spill', 'release', 'write', 'sync'];
      const sum = names.reduce((all, name) => all + of(name), 0);
      expect(Math.abs(sum / of('completion') - 1)).toBeLessThan(0.01);
      expect(of('freelist')).toBeLessThanOrEqual(of('spill') + of('put'));
      expect(Math.min(...names.map(of))).toBeGreaterThanOrEqual(0);
      expect(slice.seconds).toBe(of('completion'));
      expect(slice.figures['putsPerSecond']).toBeCloseTo(300 / of('completion'), 6);
      expect(slice.figures['commitMsP90']).toBeGreaterThanOrEqual(
        slice.figures['commitMsMedian'] ?? Infinity,
      );
    }
  });
});

describe('freelist-job', () => {
  const asked = {
    ...{ ...JOB, recipe: 'kubernetes-mix', dbBytes: 32e6 },
    ...{ syncFreelist: false, freelist: 'hashmap' },
  };

  it('lays out a file for each size, and stores the freelist where that is asked', async () => {
    const preparedFolder = join(base, 'sizes');
    const about = { base, preparedFolder };
    const small = armOrder({ ...about, asked, arm: 'small' });
    const large = armOrder({ ...about, asked: { ...asked, dbBytes: 48e6 }, arm: 'large' });
    const synced = armOrder({ ...about, asked: { ...asked, syncFreelist: true }, arm: 'synced' });
    for (const order of [small, large, synced]) await freelistJob.prepare!(order, context);
    expect(readdirSync(preparedFolder).sort()).toEqual(['aged-32000000', 'aged-48000000']);
    const states: unknown[] = [];
    for (const order of [small, large, synced]) {
      const arm = await freelistJob.open(order, context);
      const slice = await arm.slice({ index: 0, seed: 1, warm: false }, context);
      expect(slice.settings['syncFreelist']).toBe(order === synced);
      expect(slice.warnings).toEqual([]);
      states.push(slice.state?.['digest']);
      await arm.close('verify', context);
    }
    // The digest covers the pages of all arms of a file.
    expect(states[0]).toBe(states[2]);
    expect(states[0]).not.toBe(states[1]);
  });

  it('brings back a file that a job was writing when its process died', async () => {
    const preparedFolder = join(base, 'died');
    const order = armOrder({ base, asked, arm: 'hashmap', preparedFolder });
    await freelistJob.prepare!(order, context);
    const path = dbPath(preparedFolder, 32e6);
    const folder = join(preparedFolder, 'aged-32000000');
    const laidOut = fileDigest(path);
    // As a slice that ends before its undo: the mark stands, the file is another.
    nodeVfs.open(join(folder, 'busy'), { mode: 'create' }).close();
    const vfs = new UndoVfs(nodeVfs, join(folder, 'hashmap.undo'));
    const db = Db.open(path, { freelist: 'hashmap' }, vfs);
    db.write((tx) => {
      tx.ensureBucket(new TextEncoder().encode('other')).put(
        new Uint8Array(8),
        new Uint8Array(9e6),
      );
    });
    db.close();
    vfs.close();
    expect(fileDigest(path)).not.toBe(laidOut);
    const arm = await freelistJob.open(order, context);
    const slice = await arm.slice({ index: 0, seed: 1, warm: false }, context);
    expect(slice.state?.['dbBytes']).toBe(statSync(path).size);
    expect((await arm.close('verify', context)).warnings).toEqual([]);
    expect(fileDigest(path)).toBe(laidOut);
    expect(readdirSync(folder).sort()).toEqual(['db', 'hashmap.undo', 'prepared.json']);
  });

  it('prepares nothing twice, and goes on where preparing was interrupted', async () => {
    const preparedFolder = join(base, 'again');
    const order = armOrder({ base, asked, arm: 'hashmap', preparedFolder });
    const first = await freelistJob.prepare!(order, context);
    const path = dbPath(preparedFolder, 32e6);
    const { mtimeMs, ino } = statSync(path);
    expect(await freelistJob.prepare!(order, context)).toEqual(first);
    expect(statSync(path)).toMatchObject({ mtimeMs, ino });
    const folder = join(preparedFolder, 'aged-32000000');
    nodeVfs.rename(join(folder, 'hashmap.undo'), join(folder, 'hashmap-rehearsal.undo'));
    nodeVfs.open(join(folder, 'busy'), { mode: 'create' }).close();
    expect(await freelistJob.prepare!(order, context)).toEqual(first);
    expect(readdirSync(folder).sort()).toEqual(['db', 'hashmap.undo', 'prepared.json']);
  });

  it('opens nothing where nothing was prepared', async () => {
    const order = armOrder({ base, asked });
    await expect(Promise.resolve().then(() => freelistJob.open(order, context))).rejects.toThrow(
      /no file of 32000000 bytes is prepared/,
    );
  });
});

describeWithPeers('freelist-job, bbolt', ['bboltpeer'], ([peer = '']) => {
  withPeer('KVTUNE_BBOLTPEER', peer);

  it('runs the same job on the same file, and leaves it as it was', async () => {
    const preparedFolder = join(base, 'bbolt');
    const asked = {
      ...{ ...JOB, recipe: 'kubernetes-mix', dbBytes: 64e6 },
      ...{ syncFreelist: false, freelist: 'array' },
    };
    const ours = armOrder({ base, asked, arm: 'array-short', preparedFolder });
    const target = 'bbolt';
    const theirs = armOrder({ base, asked, arm: 'bbolt-array', target, preparedFolder });
    for (const order of [ours, theirs]) await freelistJob.prepare!(order, context);
    const path = dbPath(preparedFolder, 64e6);
    const laidOut = fileDigest(path);
    const slices: Slice[] = [];
    for (const order of [ours, theirs, ours, theirs]) {
      const arm = await freelistJob.open(order, context);
      slices.push(await arm.slice({ index: 0, seed: 1, warm: false }, context));
      expect((await arm.close('verify', context)).warnings).toEqual([]);
      expect(fileDigest(path)).toBe(laidOut);
    }
    const [own, peers] = slices;
    expect(peers?.settings).toMatchObject({ freelist: 'array', syncFreelist: false });
    expect(peers?.settings['bbolt']).toMatch(/^1\.3\.6/);
    expect(peers?.figures['freelistSeconds']).toBeGreaterThan(0);
    expect(peers?.figures['releaseSeconds']).toBeGreaterThanOrEqual(0);
    expect(peers?.figures['probesPerAllocation']).toBe(own?.figures['probesPerAllocation']);
    expect(new Set(slices.map(({ state }) => state?.['digest'])).size).toBe(1);
  });
});
