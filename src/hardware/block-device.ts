// Block device: what sysfs tells about the disk below a mount. Reads only; what cannot be found is
// 'unknown'. Serial numbers are never read.

import { readdirSync, readlinkSync, realpathSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import type { Mount } from './mount.ts';
import { orElse, readText, UNKNOWN } from './probe.ts';

export interface BlockDevice {
  /** As in /dev, without its folder; 'unknown' for file systems without one. */
  readonly name: string;
  /** The vendor's model; where a virtual disk has none, the name of its driver. */
  readonly model: string;
  /** 'write back' (a sync must flush it), 'write through' or 'unknown'. */
  readonly writeCache: string;
  readonly scheduler: string;
}

export const UNKNOWN_DEVICE: BlockDevice = {
  ...{ name: UNKNOWN, model: UNKNOWN, writeCache: UNKNOWN, scheduler: UNKNOWN },
};

/** `sysRoot` is /sys, or a copy of its shape. */
export function blockDeviceOf(mount: Mount, sysRoot = '/sys'): BlockDevice {
  const folder =
    realPath(join(sysRoot, 'dev/block', mount.deviceNumber)) ?? folderOfSource(mount, sysRoot);
  if (folder === undefined) return UNKNOWN_DEVICE;
  const disk = diskOf(folder);
  return {
    name: basename(folder),
    model: modelOf(disk),
    writeCache: readText(join(disk, 'queue/write_cache')) ?? UNKNOWN,
    scheduler: parseScheduler(readText(join(disk, 'queue/scheduler')) ?? ''),
  };
}

/** The one in brackets of "none [mq-deadline] kyber"; a lone name stands for itself. */
export function parseScheduler(text: string): string {
  const chosen = /\[(.+?)\]/.exec(text)?.[1] ?? text.trim();
  return chosen === '' ? UNKNOWN : chosen;
}

/** btrfs and its like have an anonymous device number, but name a member of theirs as source. */
function folderOfSource(mount: Mount, sysRoot: string): string | undefined {
  if (!mount.source.startsWith('/dev/')) return undefined;
  const node = realPath(mount.source) ?? mount.source;
  return realPath(join(sysRoot, 'class/block', basename(node)));
}

/** A partition has no queue of its own: its disk is the folder above. */
function diskOf(folder: string): string {
  return readText(join(folder, 'partition')) === undefined ? folder : dirname(folder);
}

/** LVM, LUKS and RAID devices stand on others: theirs is the model of the first below. */
function modelOf(disk: string, depth = 0): string {
  const model = readText(join(disk, 'device/model'));
  if (model !== undefined && model !== '') return model;
  const below = firstEntry(join(disk, 'slaves'));
  if (below !== undefined && depth < 8) {
    const folder = realPath(join(disk, 'slaves', below));
    if (folder !== undefined) return modelOf(diskOf(folder), depth + 1);
  }
  return driverOf(disk) ?? UNKNOWN;
}

function driverOf(disk: string): string | undefined {
  return orElse(() => basename(readlinkSync(join(disk, 'device/driver'))), undefined);
}

function realPath(path: string): string | undefined {
  return orElse(() => realpathSync(path), undefined);
}

function firstEntry(folder: string): string | undefined {
  return orElse(() => readdirSync(folder).sort()[0], undefined);
}
