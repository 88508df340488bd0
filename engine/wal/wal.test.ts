// Runs the log's contract on every Vfs.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FaultVfs } from '../vfs/fault-vfs.ts';
import { MemoryVfs } from '../vfs/memory-vfs.ts';
import { nodeVfs } from '../vfs/node-vfs.ts';
import { walContract } from './wal.contract.ts';

walContract('real files', () => {
  const folder = mkdtempSync(join(tmpdir(), 'kvtune-wal-'));
  return {
    vfs: nodeVfs,
    folder: join(folder, 'wal'),
    dispose: () => rmSync(folder, { recursive: true, force: true }),
  };
});
walContract('memory', () => ({
  vfs: new MemoryVfs(),
  folder: '/wal',
  dispose: () => undefined,
}));
walContract('the fault vfs', () => ({
  vfs: new FaultVfs(new MemoryVfs()),
  folder: 'wal',
  dispose: () => undefined,
}));
