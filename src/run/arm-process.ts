// The process of one arm in one session, and the one that prepares a cell: carries out orders one at a time and
// answers each. Started by arm-client.ts with fork(), in a process group of its own that its peers join, so that
// only the parent ends them. Where the parent is gone, it ends itself and its group as soon as its thread is
// free. Invariants: what it answers is plain data with finite numbers; it prints nothing.

import { resourceUsage } from 'node:process';
import { systemClock } from '../measure/clock.ts';
import type { OpenArm, Procedure, SliceContext } from '../procedures/procedure.ts';
import type { Message, Order, Reply } from './arm-messages.ts';
import { finiteParts } from './finite.ts';

/** Progress is for people: no more often than this. */
const PROGRESS_NS = 100e6;

const interruption = new AbortController();
/** Tests hand in procedures of their own. */
const given = process.argv[2];
const loaded = (
  given === undefined ? import('../procedures/procedures.ts') : import(given)
) as Promise<{ readonly PROCEDURES: readonly Procedure[] }>;
// Reported by the first order that waits for it.
loaded.catch(() => undefined);
let open: OpenArm | undefined;

process.once('disconnect', endNow);
process.once('exit', () => {
  // An error that nobody caught: the parent, where there is one, sees to the group.
  if (!process.connected) endNow();
});
process.on('message', (received) => {
  // The parent is this program: the message has the type it was sent with.
  const message = received as Message;
  if ('abort' in message) interruption.abort();
  else void answer(message.id, message.order);
});

async function answer(id: number, order: Order): Promise<void> {
  try {
    reply({ id, answer: await carryOut(order, contextOf(id)) });
  } catch (thrown) {
    const error = thrown instanceof Error ? thrown : new Error(String(thrown));
    const { name, message } = error;
    const code = 'code' in error ? { code: String(error.code) } : {};
    const syscall = 'syscall' in error ? { syscall: String(error.syscall) } : {};
    reply({ id, error: { name, message, ...code, ...syscall } });
  }
}

async function carryOut(order: Order, context: SliceContext): Promise<object> {
  switch (order.kind) {
    case 'prepare': {
      const procedure = await procedureOf(order.procedure);
      const made: object[] = [];
      for (const cell of order.cells) {
        const settings = (await procedure.prepare?.(cell, context)) ?? {};
        made.push(finiteParts({ settings, warnings: [] }).settings);
      }
      return { prepares: procedure.prepare !== undefined, made };
    }
    case 'open': {
      const procedure = await procedureOf(order.procedure);
      open = await procedure.open(order.arm, context);
      return { warmUp: procedure.warmUp };
    }
    case 'slice': {
      const used = process.cpuUsage();
      const slice = await opened().slice(order.slice, context);
      const { seconds, histograms = {}, health } = slice;
      const parts = { seconds, ...finiteParts(slice), histograms, resources: resourcesSince(used) };
      return health === undefined ? parts : { ...parts, health };
    }
    case 'close': {
      const used = process.cpuUsage();
      const closing = await opened().close('verify', context);
      const { settings, counts, warnings } = finiteParts(closing);
      return { settings, counts, warnings, resources: resourcesSince(used) };
    }
  }
}

async function procedureOf(name: string): Promise<Procedure> {
  const { PROCEDURES } = await loaded;
  const procedure = PROCEDURES.find((one) => one.name === name);
  if (procedure === undefined) throw new Error(`there is no procedure ${name}`);
  return procedure;
}

function opened(): OpenArm {
  if (open === undefined) throw new Error('no arm is open');
  return open;
}

function resourcesSince(before: NodeJS.CpuUsage): object {
  const used = process.cpuUsage(before);
  return {
    rssBytesMax: resourceUsage().maxRSS * 1024,
    userSeconds: used.user / 1e6,
    systemSeconds: used.system / 1e6,
  };
}

function contextOf(id: number): SliceContext {
  let toldNs = Number.NEGATIVE_INFINITY;
  return {
    signal: interruption.signal,
    onProgress: (doing, share) => {
      const nowNs = systemClock.nowNs();
      if (nowNs - toldNs < PROGRESS_NS) return;
      toldNs = nowNs;
      reply({ id, progress: { doing, share } });
    },
  };
}

function reply(message: Reply): void {
  // That nobody listens any more is heard of by the disconnection.
  process.send?.(message, undefined, undefined, () => undefined);
}

/** Nobody waits for the answer any more, and the next run may have this folder. */
function endNow(): void {
  process.kill(-process.pid, 'SIGKILL');
}
