// The program within this process, for command lines that end before anything is started: as quick as a
// function, where a process of its own takes half a second. Processes are kvtune-process.ts's.

import { systemClock } from '../../../measure/clock.ts';
import type { Ended } from '../../../testing/kvtune-process.ts';
import { runProgram } from '../../program.ts';
import { commands } from '../index.ts';

/** Runs `kvtune ...args` to its end, without colours, as into pipes. */
export async function kvtuneInside(args: readonly string[]): Promise<Ended> {
  const said = { stdout: '', stderr: '' };
  const sink = (name: keyof typeof said): { write(text: string): boolean } => ({
    write: (text) => {
      said[name] += text;
      return true;
    },
  });
  const code = await runProgram({
    argv: args,
    commands,
    stdout: sink('stdout'),
    stderr: sink('stderr'),
    env: process.env,
    clock: systemClock,
    signal: new AbortController().signal,
  });
  return { code, ...said };
}
