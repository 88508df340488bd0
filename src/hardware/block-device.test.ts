import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { blockDeviceOf, parseScheduler } from './block-device.ts';
import type { Mount } from './mount.ts';

describe('block device', () => {
  let sys: string;

  const write = (path: string, text: string): void => {
    mkdirSync(dirname(join(sys, path)), { recursive: true });
    writeFileSync(join(sys, path), text);
  };
  const link = (path: string, target: string): void => {
    mkdirSync(dirname(join(sys, path)), { recursive: true });
    symlinkSync(join(sys, target), join(sys, path));
  };
  const mount = (deviceNumber: string, source = 'none'): Mount => {
    return { deviceNumber, source, mountPoint: '/', fileSystem: 'ext4', options: 'rw' };
  };

  beforeAll(() => {
    sys = mkdtempSync(join(tmpdir(), 'kvtune-sys-'));
    write('devices/nvme0n1/queue/write_cache', 'write back\n');
    write('devices/nvme0n1/queue/scheduler', '[none] mq-deadline\n');
    write('devices/nvme0n1/device/model', 'Fast Disk 9000   \n');
    write('devices/nvme0n1/nvme0n1p2/partition', '2\n');
    link('dev/block/259:2', 'devices/nvme0n1/nvme0n1p2');
    link('class/block/nvme0n1p2', 'devices/nvme0n1/nvme0n1p2');
    write('devices/dm-0/queue/write_cache', 'write through\n');
    link('devices/dm-0/slaves/nvme0n1p2', 'devices/nvme0n1/nvme0n1p2');
    link('dev/block/254:0', 'devices/dm-0');
    write('drivers/virtio_blk/bind', '');
    write('devices/vda/queue/scheduler', 'none [mq-deadline] kyber\n');
    link('devices/vda/device/driver', 'drivers/virtio_blk');
    link('dev/block/253:0', 'devices/vda');
  });
  afterAll(() => rmSync(sys, { recursive: true, force: true }));

  it("takes a partition's queue and model from its disk", () => {
    const expected = {
      name: 'nvme0n1p2',
      model: 'Fast Disk 9000',
      writeCache: 'write back',
      scheduler: 'none',
    };
    expect(blockDeviceOf(mount('259:2'), sys)).toEqual(expected);
    expect(blockDeviceOf(mount('0:40', '/dev/nvme0n1p2'), sys)).toEqual(expected);
  });

  it('looks for the model below a mapped device, but keeps its own write cache', () => {
    expect(blockDeviceOf(mount('254:0'), sys)).toEqual({
      name: 'dm-0',
      model: 'Fast Disk 9000',
      writeCache: 'write through',
      scheduler: 'unknown',
    });
  });

  it('names the driver of a disk without a model', () => {
    expect(blockDeviceOf(mount('253:0'), sys)).toEqual({
      name: 'vda',
      model: 'virtio_blk',
      writeCache: 'unknown',
      scheduler: 'mq-deadline',
    });
  });

  it('is unknown for file systems without a device', () => {
    const unknown = {
      name: 'unknown',
      model: 'unknown',
      writeCache: 'unknown',
      scheduler: 'unknown',
    };
    expect(blockDeviceOf(mount('0:51', 'tmpfs'), sys)).toEqual(unknown);
    expect(blockDeviceOf(mount('0:50', 'host:/export'), join(sys, 'missing'))).toEqual(unknown);
  });

  it.each([
    ['none [mq-deadline] kyber', 'mq-deadline'],
    ['none', 'none'],
    ['', 'unknown'],
  ])('reads the scheduler from "%s"', (text, scheduler) => {
    expect(parseScheduler(text)).toBe(scheduler);
  });
});
