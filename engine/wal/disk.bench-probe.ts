// What the disk itself can do, for benches that compare with it: blocks of a size written one behind the
// other into a file whose blocks are allocated, each followed by its own sync, and nothing else.

import { nowNs } from '../base/clock.ts';
import type { Vfs } from '../vfs/vfs.ts';

const FILE_BYTES = 16 * 1024 ** 2;
const ZEROS = new Uint8Array(1024 ** 2);

/** Syncs a second over `milliseconds`, one at least. The file at `path` is made, and removed. */
export function syncRate(
  vfs: Vfs,
  path: string,
  options: { readonly blockBytes: number; readonly milliseconds: number },
): number {
  const { blockBytes, milliseconds } = options;
  const file = vfs.open(path, { mode: 'create' });
  try {
    for (let at = 0; at < FILE_BYTES; at += ZEROS.length) file.write(ZEROS, 0, ZEROS.length, at);
    file.sync();
    const block = new Uint8Array(blockBytes).fill(1);
    const started = nowNs();
    let syncs = 0;
    let position = 0;
    let now = started;
    do {
      file.write(block, 0, blockBytes, position);
      file.sync();
      position += blockBytes;
      if (position + blockBytes > FILE_BYTES) position = 0;
      syncs++;
      now = nowNs();
    } while (now - started < milliseconds * 1e6);
    return syncs / ((now - started) / 1e9);
  } finally {
    file.close();
    vfs.remove(path);
  }
}
