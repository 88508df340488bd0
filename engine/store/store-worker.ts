// The thread of a StoreThread: opens the store, serves its channels until it is told to stop, closes. What it
// tells is plain data; who may attach, and when the thread is over, is left to store-thread.ts.

import { parentPort, workerData } from 'node:worker_threads';
import { EngineError } from '../base/errors.ts';
import { nodeVfs } from '../vfs/node-vfs.ts';
import { slowSyncs, syncDelayOf } from '../vfs/sync-vfs.ts';
import { ChannelServer, serveChannels, type ChannelShare } from './channel.ts';
import type { StoreOptions } from './options.ts';
import { PutDelay } from './put-delay.ts';
import { Store } from './store.ts';
import type { StoreMessage } from './store-thread.ts';

interface WorkerInput {
  readonly folder: string;
  readonly options: Partial<StoreOptions>;
  readonly syncDelayMs: number;
  readonly putDelayUs: number;
  readonly channels: readonly ChannelShare[];
  readonly bell: SharedArrayBuffer;
}

function tell(message: StoreMessage): void {
  parentPort!.postMessage(message);
}

function run(input: WorkerInput): void {
  const vfs = input.syncDelayMs > 0 ? slowSyncs(nodeVfs, input.syncDelayMs) : nodeVfs;
  const store = Store.open(input.folder, input.options, vfs);
  const delay = new PutDelay(input.putDelayUs);
  if (delay.microseconds > 0) store.mvcc.observe(delay);
  try {
    const { warnings } = store;
    const delays = { syncDelayMs: syncDelayOf(vfs), putDelayUs: delay.microseconds };
    const settings = { ...store.settings(), ...delays };
    tell({ kind: 'open', share: store.share(), settings, warnings });
    const servers = input.channels.map((channel) => new ChannelServer(channel));
    serveChannels(store, servers, input.bell, () => {
      tell({ kind: 'stats', stats: store.stats() });
    });
    store.commit();
    tell({ kind: 'closed', report: { stats: store.stats() } });
  } finally {
    store.close();
  }
}

try {
  run(workerData as WorkerInput);
} catch (error) {
  if (!(error instanceof EngineError)) throw error;
  tell({ kind: 'failed', code: error.code, message: error.message });
}
