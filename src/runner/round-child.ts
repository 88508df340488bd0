// The process of one round: takes a RoundRequest as its first message, answers with a RoundResult or
// an error, and ends. Started by round-process.ts with fork(), in a process group of its own, so that
// only the parent ends it.

import { runRound, type RoundRequest } from './round.ts';

process.once('message', (request) => {
  try {
    // The parent is this program: the message has the type it was sent with.
    reply({ result: runRound(request as RoundRequest) });
  } catch (error) {
    const { name, message } = error instanceof Error ? error : new Error(String(error));
    const code = error instanceof Error && 'code' in error ? String(error.code) : undefined;
    reply({ error: { name, message, code } });
  }
});

function reply(message: object): void {
  process.send?.(message, undefined, undefined, () => {
    process.disconnect();
  });
}
