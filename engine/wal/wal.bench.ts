// Microbenchmarks of the log without a disk: framing entries of 256 bytes into memory, what their
// checksum costs of that, one call a block as the log does it and one call an entry as it does not,
// and checking them again when the log is opened. As a trial: group commit for 64 writers on the disk,
// against what the disk does alone with blocks of the same size.

import { join } from 'node:path';
import { crc32c } from '@node-rs/crc32';
import { assert } from '../base/assert.ts';
import type { BenchCase, BenchRun, BenchSetting, BenchTrial } from '../base/bench-case.ts';
import { nowNs } from '../base/clock.ts';
import { MemoryVfs } from '../vfs/memory-vfs.ts';
import { nodeVfs } from '../vfs/node-vfs.ts';
import { syncRate } from './disk.bench-probe.ts';
import { Wal } from './wal.ts';

const GROUP = 'log';
const PAYLOAD_BYTES = 256;
const FOLDER = '/wal';
const BATCH = 64;

export function cases({ size }: BenchSetting): readonly BenchCase[] {
  const batches = size === 'tiny' ? 2 : 50;
  const operations = batches * BATCH;
  const runs: readonly (readonly [name: string, prepare: () => BenchRun])[] = [
    ['frame 256 B, no write', () => frameRun(operations)],
    ['frame and write, 64 a block, no sync', () => writeRun(batches)],
    ['checksum alone, a call for 64', () => checksumRun(batches, BATCH)],
    ['checksum alone, a call each', () => checksumRun(operations, 1)],
    ['open and replay', () => replayRun(operations)],
  ];
  return runs.map(([name, prepare]) => ({
    group: GROUP,
    name,
    operation: 'entry',
    operations,
    prepare,
  }));
}

export function trials({ size }: BenchSetting): readonly BenchTrial[] {
  const milliseconds = size === 'tiny' ? 5 : 400;
  return [
    {
      group: `log: ${BATCH} writers of ${PAYLOAD_BYTES} B on the disk, group commit`,
      conditions:
        `every writer waits for the sync that has its entry, so ${BATCH} entries a sync; before and ` +
        `after it the disk alone: write and sync of as many bytes; ${milliseconds} ms each`,
      figures: [
        { name: 'the log', unit: 'entries/s', of: ({ entries }) => entries! },
        {
          ...{ name: 'entries a sync', unit: 'entries', bar: { least: 20 } },
          of: ({ entriesPerSync }) => entriesPerSync!,
        },
        { name: 'the disk alone', unit: 'syncs/s', of: ({ disk }) => disk! },
        {
          ...{ name: 'the log over the disk alone', unit: 'share', bar: { least: 0.6 } },
          of: ({ entries, entriesPerSync, disk }) => entries! / (disk! * entriesPerSync!),
        },
      ],
      prepare: (folder) => {
        const log = Wal.open(join(folder, 'wal'), {}, nodeVfs);
        const payload = samplePayload(PAYLOAD_BYTES);
        const blockBytes = Math.ceil((BATCH * (PAYLOAD_BYTES + 4) + 64) / 512) * 512;
        const disk = (): number =>
          syncRate(nodeVfs, join(folder, 'disk'), { blockBytes, milliseconds });
        return {
          round: () => {
            const before = disk();
            const { syncs, appends } = log.stats();
            const started = nowNs();
            let now = started;
            for (; now - started < milliseconds * 1e6; now = nowNs()) {
              for (let i = 0; i < BATCH; i++) log.append(payload);
              log.sync();
            }
            const ended = log.stats();
            log.release(log.syncedIndex);
            const entries = ended.appends - appends;
            return {
              entries: entries / ((now - started) / 1e9),
              entriesPerSync: entries / (ended.syncs - syncs),
              disk: Math.sqrt(before * disk()),
            };
          },
          close: () => {
            assert(log.syncedIndex === log.lastIndex, 'every entry is on the disk');
            log.close();
          },
        };
      },
    },
  ];
}

function frameRun(operations: number): BenchRun {
  const log = Wal.open(FOLDER, {}, new MemoryVfs());
  const payload = samplePayload(PAYLOAD_BYTES);
  let runs = 0;
  return {
    // Nothing is written as long as what is framed fits a block.
    before: () => {
      log.discard();
    },
    run: () => {
      for (let i = 0; i < operations; i++) log.append(payload);
      runs++;
      return log.lastIndex;
    },
    verify: () => {
      const { appends, writes } = log.stats();
      assert(appends === runs * operations && writes === 0, 'each entry was framed, none written');
    },
  };
}

function writeRun(batches: number): BenchRun {
  const log = Wal.open(FOLDER, {}, new MemoryVfs());
  const payload = samplePayload(PAYLOAD_BYTES);
  let runs = 0;
  return {
    // Taken back, so that a long measurement does not fill the memory.
    before: () => {
      log.discard();
    },
    run: () => {
      for (let batch = 0; batch < batches; batch++) {
        for (let i = 0; i < BATCH; i++) log.append(payload);
        log.flush();
      }
      runs++;
      return log.lastIndex;
    },
    verify: () => {
      const { writes } = log.stats();
      assert(writes === runs * batches, `${writes} blocks in ${runs} runs`);
    },
  };
}

function checksumRun(calls: number, entriesPerCall: number): BenchRun {
  const bytes = samplePayload((PAYLOAD_BYTES + 4) * entriesPerCall);
  let sum = 0;
  return {
    run: () => {
      sum = 0;
      for (let i = 0; i < calls; i++) sum = crc32c(bytes, sum);
      return sum;
    },
    verify: () => {
      let expected = 0;
      for (let i = 0; i < calls; i++) expected = crc32c(bytes.slice(), expected);
      assert(sum === expected, 'the chain ends where it should');
    },
  };
}

function replayRun(operations: number): BenchRun {
  const vfs = new MemoryVfs();
  const log = Wal.open(FOLDER, {}, vfs);
  const payload = samplePayload(PAYLOAD_BYTES);
  for (let i = 0; i < operations; i++) log.append(payload);
  log.close();
  let bytes = 0;
  return {
    run: () => {
      bytes = 0;
      const again = Wal.open(FOLDER, {}, vfs);
      again.replay(0, (_index, entry) => {
        bytes += entry.length;
      });
      again.close();
      return bytes;
    },
    verify: () => {
      assert(bytes === operations * PAYLOAD_BYTES, `${bytes} bytes came back`);
    },
  };
}

function samplePayload(bytes: number): Uint8Array {
  return Uint8Array.from({ length: bytes }, (_, i) => (i * 7 + 1) & 255);
}
