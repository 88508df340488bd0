// The process of one round or one surface cell: takes its task as the first message, answers with a
// result or an error, and ends. Started by round-process.ts with fork(), in a process group of its
// own, so that only the parent ends it.

import { runRound } from './round.ts';
import type { RoundTask } from './round-process.ts';
import { runSurfaceCell } from './surface-cell.ts';

process.once('message', (message) => {
  try {
    // The parent is this program: the message has the type it was sent with.
    reply({ result: run(message as RoundTask) });
  } catch (error) {
    const { name, message } = error instanceof Error ? error : new Error(String(error));
    const code = error instanceof Error && 'code' in error ? String(error.code) : undefined;
    reply({ error: { name, message, code } });
  }
});

function run(task: RoundTask): unknown {
  return task.kind === 'round' ? runRound(task.request) : runSurfaceCell(task.request);
}

function reply(message: object): void {
  process.send?.(message, undefined, undefined, () => {
    process.disconnect();
  });
}
