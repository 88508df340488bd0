// kvtune run: one workload on one store: what it does by lane, whether the load generator kept up, and whether
// the store holds afterwards what it acknowledged.

import { command, type CliCommand } from '../command.ts';
import { textFlag } from '../flag.ts';
import { runLoad } from '../load-command.ts';
import { readConfig } from '../load-config.ts';
import { loadFlags, positionals, requestBase, sessionFlags } from '../load-flags.ts';

export const runCommand: CliCommand = command({
  name: 'run [workload]',
  describe: 'put a workload on a store and measure it',
  examples: [
    { line: 'kvtune run read-heavy', does: 'as fast as 64 clients can: capacity' },
    { line: 'kvtune run kubernetes --rate 2k/s', does: 'latency at a rate, from intended starts' },
    {
      line: 'kvtune run key-churn --config baseline,batchInterval=10ms',
      does: 'with settings of the store',
    },
    { line: 'kvtune run read-heavy --show-config', does: 'every setting and its origin' },
  ],
  positionals,
  flags: {
    config: textFlag({
      describe:
        'settings of the store: baseline or optimized, name=value, or both (default: optimized)',
      read: (text) => readConfig('engine', text),
    }),
    ...loadFlags,
    ...sessionFlags('run', {
      repeat: 'sessions, each from a store that holds the preload alone',
      budget: 'time to use; sessions that do not fit are left out and named (default: none)',
    }),
  },
  run: (values, context) =>
    runLoad('run', {
      ...{ values, context, budgetSeconds: undefined },
      request: () => ({
        ...requestBase('run', values),
        arms: [values.config ?? readConfig('engine', 'optimized')],
        levels: [],
      }),
    }),
});
