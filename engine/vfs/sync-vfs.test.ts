// Disks with other syncs do everything else as the disk below them does.

import { expect, it } from 'vitest';
import { MemoryVfs } from './memory-vfs.ts';
import { noSyncs, slowSyncs } from './sync-vfs.ts';

it('hands on everything but syncs', () => {
  const disk = new MemoryVfs();
  const vfs = noSyncs(disk);
  vfs.makeFolder('/data');
  const file = vfs.open('/data/a', { mode: 'create' });
  expect(vfs.lock(file, '/data/a', 'exclusive')).toBeUndefined();
  const bytes = Uint8Array.of(1, 2, 3, 4);
  file.write(bytes, 1, 3, 0);
  file.writev([bytes.subarray(0, 1)], 3);
  file.sync();
  vfs.syncFolder('/data');
  expect(disk.calls).toMatchObject({ sync: 0, write: 1, writev: 1 });
  const read = new Uint8Array(4);
  expect(file.read(read, 0, 4, 0)).toBe(4);
  expect([...read]).toEqual([2, 3, 4, 1]);
  file.truncate(2);
  expect(file.size()).toBe(2);
  file.close();
  vfs.rename('/data/a', '/data/b');
  expect([vfs.exists('/data/a'), vfs.exists('/data/b'), vfs.list('/data')]).toEqual([
    ...[false, true, ['b']],
  ]);
  vfs.remove('/data/b');
  expect(vfs.list('/data')).toEqual([]);
});

it('makes each sync of a file take longer', () => {
  const disk = new MemoryVfs();
  const vfs = slowSyncs(disk, 20);
  const file = vfs.open('/db', { mode: 'create' });
  const start = performance.now();
  file.sync();
  file.sync();
  expect(performance.now() - start).toBeGreaterThanOrEqual(39);
  expect(disk.calls.sync).toBe(2);
});
