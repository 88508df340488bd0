// kvtune ab: two configurations of the store under the same load, in turn within each session: is b better or worse
// than a, by how much, or alike within a margin? Ends as soon as it is decided.

import { command, type CliCommand } from '../command.ts';
import { textFlag } from '../flag.ts';
import { usageError } from '../errors.ts';
import { runLoad } from '../load-command.ts';
import { readConfig } from '../load-config.ts';
import { loadFlags, positionals, readMargin, requestBase, sessionFlags } from '../load-flags.ts';

const BUDGET_SECONDS = 120;

export const abCommand: CliCommand = command({
  name: 'ab [workload]',
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
  positionals,
  flags: {
    a: textFlag({
      describe: 'settings to compare with: baseline or optimized, name=value, or both',
      read: (text) => readConfig('a', text),
    }),
    b: textFlag({
      describe: 'settings in question; exit code 3 means that they are shown to be worse',
      read: (text) => readConfig('b', text),
    }),
    margin: textFlag({
      describe: 'difference up to which a and b count as alike (default: 5%)',
      read: readMargin,
    }),
    ...loadFlags,
    ...sessionFlags('ab', {
      repeat: 'sessions at most; each has both arms, in processes of their own',
      budget: 'time to use; it ends earlier once b is decided on (default: 2m)',
    }),
  },
  run: (values, context) =>
    runLoad('ab', {
      ...{ values, context, budgetSeconds: BUDGET_SECONDS },
      request: () => {
        const { a, b } = values;
        if (a === undefined || b === undefined) {
          throw usageError(`--${a === undefined ? 'a' : 'b'} is missing`, 'give both --a and --b');
        }
        const { margin } = values;
        const arms = [a, b];
        return {
          ...requestBase('ab', values, { arms, ...(margin !== undefined && { margin }) }),
          ...{ arms, levels: [] },
        };
      },
    }),
});
