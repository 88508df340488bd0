// kvtune ab: two configurations of the store under the same load, in interleaved blocks: is b better or worse
// than a, by how much, and is that more than equal arms differ by?

import { command, type CliCommand } from '../command.ts';
import { requiredText, textFlag } from '../flag.ts';
import { usageError } from '../errors.ts';
import { runLoadCommand } from '../load-command.ts';
import { readConfig } from '../load-config.ts';
import { loadFlags, planLoad, roundFlags } from '../load-flags.ts';

export const abCommand: CliCommand = command({
  name: 'ab <workload>',
  describe: 'compare two configurations under one workload',
  examples: [
    {
      line: 'kvtune ab read-heavy --a baseline --b optimized',
      does: 'do the published optimisations pay here?',
    },
    {
      line: 'kvtune ab key-churn --a batchInterval=100ms --b batchInterval=10ms --rate 2k/s',
      does: 'latency at a rate',
    },
    {
      line: 'kvtune ab large-values --a durability=group --b durability=none --json',
      does: 'for scripts: 0 not worse, 3 worse, 4 cannot tell',
    },
  ],
  positionals: { workload: requiredText({ describe: 'its name, see kvtune workloads' }) },
  flags: {
    a: textFlag({
      describe: 'settings to compare with: baseline or optimized, name=value, or both',
      read: (text) => readConfig('a', text),
    }),
    b: textFlag({
      describe: 'settings in question; exit code 3 means that they are shown to be worse',
      read: (text) => readConfig('b', text),
    }),
    ...loadFlags,
    ...roundFlags({
      ...{ duration: '2s', warmUp: '500ms', repeat: '5' },
      what: 'blocks, each with two rounds of a and two of b',
    }),
  },
  run: (values, context) => {
    const { a, b, workDir, showConfig } = values;
    if (a === undefined || b === undefined) {
      throw usageError(`--${a === undefined ? 'a' : 'b'} is missing`, 'give both --a and --b');
    }
    const plan = { ...planLoad('ab', values.workload, values), arms: [a, b] };
    return runLoadCommand({ plan, context, workDir, showConfig });
  },
});
