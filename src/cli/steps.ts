// takeSteps(): runs long work that pauses of its own accord. In each pause progress is drawn and
// Ctrl-C heard; an interrupted work gets the abort thrown into it, so that its own clean-up runs.

import { setImmediate } from 'node:timers/promises';

/** Runs `steps` to the end; throws the signal's reason where that came first. */
export async function takeSteps<Step, Result>(
  steps: Generator<Step, Result>,
  options: { readonly signal: AbortSignal; readonly onStep: (step: Step) => void },
): Promise<Result> {
  for (;;) {
    const step = steps.next();
    if (step.done === true) return step.value;
    options.onStep(step.value);
    await setImmediate();
    if (options.signal.aborted) steps.throw(options.signal.reason);
  }
}
