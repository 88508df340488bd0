// kvtune sweep: a workload over levels of factors: options of the store, parameters of the workload, clients or
// rate. Cells take turns; a sweep that was stopped goes on from its folder.

import { workload } from '../../../workloads/index.ts';
import type { LoadRun } from '../../record/load-schema.ts';
import { readRun } from '../../record/run-folder.ts';
import type { Scalar } from '../../record/schema.ts';
import { LOAD_FACTORS } from '../../runner/load-cells.ts';
import { KVTUNE_VERSION } from '../../version.ts';
import { command, type CliCommand } from '../command.ts';
import { naming, usageError } from '../errors.ts';
import type { ExitCode } from '../exit-codes.ts';
import { listFlag, textFlag, type FlagValues } from '../flag.ts';
import { runLoadCommand, type LoadCommandOptions } from '../load-command.ts';
import { isOption, optionName, readConfig, readOptionValue } from '../load-config.ts';
import { findWorkload, loadFlags, planLoad, readParameter, roundFlags } from '../load-flags.ts';
import { parseCount, parseRate } from '../units.ts';

type Factor = NonNullable<LoadRun['factors']>[number];

/** What nobody would wait for, and no picture holds. */
const CELLS_MAX = 400;

const positionals = {
  workload: textFlag({ describe: 'its name, see kvtune workloads' }),
} as const;

const flags = {
  factor: listFlag({
    describe: `name=level,level,...: an option of the store, a parameter of the workload, ${LOAD_FACTORS.join(' or ')}; may be repeated`,
    read: readFactor,
  }),
  resume: textFlag({ describe: 'folder of a sweep to go on with, as it was planned' }),
  config: textFlag({
    describe: 'settings of the store that do not vary',
    default: 'optimized',
    read: (text) => readConfig('engine', text),
  }),
  ...loadFlags,
  ...roundFlags({
    ...{ duration: '2s', warmUp: '500ms', repeat: '2' },
    what: 'rounds of each cell',
  }),
} as const;

type Values = FlagValues<typeof flags & typeof positionals>;

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
  flags,
  run: (values, context) => {
    const { workDir, showConfig, resume } = values;
    if (resume !== undefined) {
      assertPlanned(values, context.common.out);
      return resumed(resume, { workDir, showConfig, context });
    }
    if (values.workload === undefined) {
      throw usageError('no workload given', 'kvtune workloads lists them');
    }
    if (values.factor.length === 0) {
      throw usageError('nothing varies', 'give a --factor, e.g. --factor clients=1,8,64');
    }
    const base = planLoad('sweep', values.workload, values);
    const factors = values.factor.map((factor) => settle(factor, base.workload));
    assertDistinct(factors);
    const plan = { ...withRate(base, factors), arms: [values.config], factors };
    return runLoadCommand({ plan, context, workDir, showConfig });
  },
});

/** What a sweep was planned as stands in its folder; nothing that would change it is taken silently. */
function assertPlanned(values: Values, out: string | undefined): void {
  if (values.workload !== undefined || values.factor.length > 0) {
    throw usageError('--resume takes no workload and no --factor', 'both stand in its folder');
  }
  const { rate, arrival, clients, threads, ops } = values;
  const given = Object.entries({ rate, arrival, clients, threads, ops, out });
  const changed = given.find(([, value]) => value !== undefined)?.[0];
  const flag = values.param.length > 0 ? 'param' : changed;
  if (flag === undefined) return;
  throw usageError(`--resume and --${flag} exclude each other`, 'a sweep goes on as planned');
}

async function resumed(
  folder: string,
  options: Pick<LoadCommandOptions, 'workDir' | 'showConfig' | 'context'>,
): Promise<ExitCode> {
  const { load, kvtune } = readRun(folder).run;
  if (load?.command !== 'sweep') throw usageError(`${folder} holds no sweep`, 'name its folder');
  if (kvtune !== KVTUNE_VERSION) {
    throw usageError(
      `the sweep was measured by kvtune ${kvtune}, this is ${KVTUNE_VERSION}`,
      'start a new one without --resume',
    );
  }
  return runLoadCommand({ ...options, plan: load, resume: folder });
}

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
function settle({ name, levels }: Asked, id: string): Factor {
  const { parameters } = findWorkload(id);
  const spec = Object.hasOwn(parameters, name) ? parameters[name] : undefined;
  if (spec !== undefined) {
    const values = levels.map((level) => readParameter(id, name, spec, level));
    return { name, what: 'parameter', levels: values };
  }
  if (name === 'clients' || name === 'rate') {
    const read = name === 'clients' ? parseCount : parseRate;
    return { name, what: 'load', levels: naming(name, () => levels.map(read)) };
  }
  if (!isOption(name)) {
    const known = [...LOAD_FACTORS, ...Object.keys(parameters)].join(', ');
    throw usageError(`nothing is called '${name}'`, `an option of the store, or one of ${known}`);
  }
  const values = levels.map((level) => readOptionValue(name, level));
  return { name: optionName(name), what: 'config', levels: values };
}

function assertDistinct(factors: readonly Factor[]): void {
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
    throw usageError(`the factors make ${cells} cells`, `give fewer levels: up to ${CELLS_MAX}`);
  }
}

/** A rate that varies is one of an open loop. */
function withRate(plan: Omit<LoadRun, 'arms'>, factors: readonly Factor[]): Omit<LoadRun, 'arms'> {
  const rate = factors.find(({ name, what }) => name === 'rate' && what === 'load')?.levels[0];
  if (typeof rate !== 'number') return plan;
  const { shape } = plan;
  const arrival = shape.kind === 'open' ? shape.arrival : 'poisson';
  // Its own check of the parameters comes with every cell's.
  workload(plan.workload, plan.parameters);
  return { ...plan, shape: { kind: 'open', arrival, ratePerSecond: rate } };
}
