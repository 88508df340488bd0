// kvtune sweep: a workload over levels of factors: options of the store, parameters of the workload, clients or
// rate. Cells take turns; a sweep that was stopped goes on from its folder.

import type { Scalar } from '../../record/round.ts';
import type { LoadRequest } from '../../record/run.ts';
import { command, type CliCommand } from '../command.ts';
import { usageError } from '../errors.ts';
import { listFlag, textFlag } from '../flag.ts';
import { runLoad } from '../load-command.ts';
import { readConfig } from '../load-config.ts';
import {
  factorNamed,
  loadFlags,
  openLoop,
  positionals,
  readLevels,
  requestBase,
  sessionFlags,
  type LoadBase,
} from '../load-flags.ts';

type Levels = LoadRequest['levels'][number];

/** What nobody would wait for, and no picture holds. */
const CELLS_MAX = 400;

export const sweepCommand: CliCommand = command({
  name: 'sweep [workload]',
  describe: 'measure a workload over levels of settings',
  examples: [
    {
      line: 'kvtune sweep key-churn --factor batchLimit=100,1k,10k --factor batchInterval=1ms,10ms,100ms',
      does: 'two factors: heat maps',
    },
    { line: 'kvtune sweep read-heavy --factor clients=1,8,64,256', does: 'one factor: curves' },
    { line: 'kvtune sweep read-heavy --factor writeShare=0,0.1,0.5', does: 'of the workload' },
    {
      line: 'kvtune sweep --resume results/runs/20260102-030405-s1',
      does: 'go on with a sweep that was stopped',
    },
  ],
  positionals,
  flags: {
    factor: listFlag({
      describe:
        'name=level,level,...: an option of the store, a parameter of the workload, clients or rate; may be repeated',
      read: readFactor,
    }),
    config: textFlag({
      describe: 'settings of the store that do not vary (default: optimized)',
      read: (text) => readConfig('engine', text),
    }),
    ...loadFlags,
    ...sessionFlags('sweep', {
      repeat: 'sessions of each cell',
      budget: 'time to use; cells that do not fit are left out and named (default: none)',
    }),
  },
  run: (values, context) =>
    runLoad('sweep', {
      ...{ values, context, budgetSeconds: undefined },
      request: () => {
        const base = requestBase('sweep', values);
        if (values.factor.length === 0) {
          throw usageError('nothing varies', 'give a --factor, e.g. --factor clients=1,8,64');
        }
        const levels = values.factor.map((asked) => settle(asked, base.workload));
        assertDistinct(levels);
        const arms = [values.config ?? readConfig('engine', 'optimized')];
        return { ...withRate(base, levels), arms, levels };
      },
    }),
});

interface Asked {
  readonly name: string;
  readonly levels: readonly string[];
}

function readFactor(text: string): Asked {
  const split = text.indexOf('=');
  const name = text.slice(0, Math.max(0, split));
  const levels = text.slice(split + 1).split(',');
  if (name === '' || levels.includes('')) {
    throw usageError(`'${text}' is no factor`, 'write name=level,level, e.g. clients=1,8,64');
  }
  return { name, levels };
}

/** What the factor's name means, and its levels as values. */
function settle({ name, levels }: Asked, workload: string): Levels {
  const factor = factorNamed(workload, name);
  return { name: factor.name, levels: readLevels(factor, name, levels) };
}

function assertDistinct(factors: readonly Levels[]): void {
  const names = factors.map(({ name }) => name);
  const twice = names.find((name, i) => names.indexOf(name) !== i);
  if (twice !== undefined) throw usageError(`--factor ${twice} is given twice`, 'give it once');
  for (const { name, levels } of factors) {
    const again = levels.find((level: Scalar, i) => levels.indexOf(level) !== i);
    if (again !== undefined) {
      throw usageError(`${name} has the level ${String(again)} twice`, 'give each level once');
    }
  }
  const cells = factors.reduce((product, { levels }) => product * levels.length, 1);
  if (cells > CELLS_MAX) {
    throw usageError(
      `the factors make ${String(cells)} cells`,
      `give fewer levels: up to ${String(CELLS_MAX)}`,
    );
  }
}

/** A rate that varies is one of an open loop. */
function withRate(base: LoadBase, factors: readonly Levels[]): LoadBase {
  const rate = factors.find(({ name }) => name === 'ratePerSecond')?.levels[0];
  if (typeof rate !== 'number') return base;
  return { ...base, factors: { ...base.factors, ...openLoop(rate, base.factors['arrival']) } };
}
