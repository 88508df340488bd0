// The process of one round, one surface cell or one round of an experiment: takes its task as the first message,
// answers with a result or an error, and ends. Started by round-process.ts with fork(), in a process group of its
// own, so that only the parent ends it. Where the parent was killed, it ends when its thread is free next.

import { runExperimentTask } from '../experiments/experiment-task.ts';
import { runRound } from './round.ts';
import type { RoundTask } from './round-process.ts';
import { runSurfaceCell } from './surface-cell.ts';

process.once('disconnect', endNow);
process.once('message', (message) => {
  // The parent is this program: the message has the type it was sent with.
  void answer(message as RoundTask);
});

async function answer(task: RoundTask): Promise<void> {
  try {
    reply({ result: await run(task) });
  } catch (error) {
    const { name, message } = error instanceof Error ? error : new Error(String(error));
    const code = error instanceof Error && 'code' in error ? String(error.code) : undefined;
    reply({ error: { name, message, code } });
  }
}

function run(task: RoundTask): unknown {
  switch (task.kind) {
    case 'round':
      return runRound(task.request);
    case 'surface':
      return runSurfaceCell(task.request);
    case 'experiment':
      return runExperimentTask(task.request);
  }
}

function reply(message: object): void {
  process.send?.(message, undefined, undefined, () => {
    process.off('disconnect', endNow);
    if (process.connected) process.disconnect();
  });
}

/** Nobody waits for the answer any more, and the next run may have this folder. */
function endNow(): void {
  process.kill(process.pid, 'SIGKILL');
}
