// Our side of the rows of etcd's storage: one request, one fresh process (bench-peers-child.ts), one
// answer of plain data. Puts warm up on a store of their own on the same disk, since code that was
// compiled for a disk in memory is compiled again for a real one; reads warm up by themselves.

import { rmSync } from 'node:fs';
import type { ReadLock } from '../../engine/index.ts';
import { putThroughMvcc, type MvccPutsRequest } from '../../src/drivers/mvcc-driver.ts';
import type { RoundFigures } from '../../src/experiments/experiment.ts';
import { ourReadCost, type ReadCost } from '../../src/experiments/read-calibration.ts';
import { systemClock } from '../../src/measure/clock.ts';

export type MvccRequest =
  | (MvccPutsRequest & { readonly work: 'mvcc-put' })
  | (ReadCost & { readonly work: 'read-cost'; readonly readLock: ReadLock });

export interface MvccAnswer {
  readonly operations: number;
  readonly seconds: number;
  /** What both sides must have done alike, in words. */
  readonly done: string;
  /** What both sides must have run with, as read back, in words. */
  readonly settings: string;
}

const WARM_UP_PUTS = 30_000;
/** What decides the figure of a put, and of a read. */
const PUT_SETTINGS = ['batchLimit', 'batchIntervalMs', 'freelist', 'syncFreelist'];
const READ_SETTINGS = ['keys', 'keyBytes', 'valueBytes'];

/** Runs one request in this process. */
export function runMvcc(request: MvccRequest): MvccAnswer {
  return request.work === 'mvcc-put' ? runPuts(request) : runReads(request);
}

function runPuts(request: MvccPutsRequest): MvccAnswer {
  const warmUp = `${request.folder}-warm-up`;
  const puts = Math.min(WARM_UP_PUTS, request.puts);
  try {
    putThroughMvcc({ ...request, puts, folder: warmUp }, systemClock);
    const { seconds, end, settings } = putThroughMvcc(request, systemClock);
    return {
      ...{ operations: request.puts, seconds, done: endText(end) },
      settings: settingsText(settings, PUT_SETTINGS),
    };
  } finally {
    // Not before: blocks given back would be the disk's work in the measured commits.
    rmSync(warmUp, { recursive: true, force: true });
  }
}

function runReads({ readLock, ...cost }: ReadCost & { readonly readLock: ReadLock }): MvccAnswer {
  return readsAnswer(ourReadCost(cost, readLock));
}

/** The answer of either side to a request of reads. */
export function readsAnswer({ figures, settings }: RoundFigures): MvccAnswer {
  const { transactionUs = NaN, bytesPerKey = NaN } = figures;
  return {
    ...{ operations: 1, seconds: transactionUs / 1e6 },
    // Numbers in a message take a byte more or less: where it lies is drawn, so the mean differs a little.
    done: `${bytesPerKey.toFixed(0)} B a key`,
    settings: settingsText(settings, READ_SETTINGS),
  };
}

export function endText(end: {
  readonly revision: number;
  readonly keys: number;
  readonly hash: number;
}): string {
  return `hash ${end.hash} at revision ${end.revision} with ${end.keys} keys`;
}

export function putSettingsText(settings: Readonly<Record<string, unknown>>): string {
  return settingsText(settings, PUT_SETTINGS);
}

function settingsText(
  settings: Readonly<Record<string, unknown>>,
  names: readonly string[],
): string {
  return names.map((name) => `${name} ${String(settings[name])}`).join(', ');
}
