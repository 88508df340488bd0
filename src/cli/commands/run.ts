// kvtune run: one workload on one store: what it does by lane, whether the load generator kept up, and whether
// the store holds afterwards what it acknowledged.

import { command, type CliCommand } from '../command.ts';
import { requiredText, textFlag } from '../flag.ts';
import { runLoadCommand } from '../load-command.ts';
import { readConfig } from '../load-config.ts';
import { loadFlags, planLoad, roundFlags } from '../load-flags.ts';

export const runCommand: CliCommand = command({
  name: 'run <workload>',
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
  positionals: { workload: requiredText({ describe: 'its name, see kvtune workloads' }) },
  flags: {
    config: textFlag({
      describe: 'settings of the store: baseline or optimized, name=value, or both',
      default: 'optimized',
      read: (text) => readConfig('engine', text),
    }),
    ...loadFlags,
    ...roundFlags({
      ...{ duration: '8s', warmUp: '1s', repeat: '1' },
      what: 'rounds, each from an empty store',
    }),
  },
  run: (values, context) => {
    const plan = { ...planLoad('run', values.workload, values), arms: [values.config] };
    const { workDir, showConfig } = values;
    return runLoadCommand({ plan, context, workDir, showConfig });
  },
});
