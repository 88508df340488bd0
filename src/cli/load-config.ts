// Configurations of an arm as people write them: a preset, settings, or a preset with settings over it. A setting is
// an option of the store, or what is added to its syncs; names, units and bounds are those of the factor
// table. Each setting ends with where its value comes from.

import { EngineError, PRESETS, resolveStoreOptions } from '../../engine/index.ts';
import { WORKLOADS } from '../../workloads/index.ts';
import { bareName, findFactor, readLevel, type Factor, type Factors } from '../question/factor.ts';
import { factorsFor } from '../question/factors.ts';
import type { Scalar } from '../record/round.ts';
import type { LoadRequest } from '../record/run.ts';
import { usageError } from './errors.ts';
import { meant } from './suggestion.ts';
import { reading } from './units.ts';

type Arm = LoadRequest['arms'][number];
type Setting = Arm['settings'][number];
type Preset = keyof typeof PRESETS;

/** Factors of the load that an arm may set for itself. */
const OF_THE_LOAD: readonly string[] = ['syncDelayMs', 'putDelayUs'];

/** All that an arm may set; the load's own factors are the same for every workload. */
const ARM_FACTORS: Factors = new Map(
  [...factorsFor(WORKLOADS[0]?.id)].filter(
    ([name, { owner }]) => owner === 'store' || OF_THE_LOAD.includes(name),
  ),
);

/** 'optimized', 'baseline,batchLimit=1000', 'batchInterval=10ms,readLock=global'. */
export function readConfig(name: string, text: string): Arm {
  const given = new Map<string, Scalar>();
  let preset: Preset | undefined;
  for (const [i, word] of text.split(',').entries()) {
    const trimmed = word.trim();
    if (!trimmed.includes('=')) {
      if (i > 0 || !isPreset(trimmed)) throw unknownConfig(trimmed, text);
      preset = trimmed;
      continue;
    }
    const { factor, level } = readSetting(trimmed);
    if (given.has(factor.name)) {
      throw usageError(`${factor.name} is given twice in '${text}'`, 'give it once');
    }
    given.set(factor.name, level);
  }
  checkTogether(given, text);
  const fromPreset: Readonly<Record<string, Scalar>> = preset === undefined ? {} : PRESETS[preset];
  const settings = [...ARM_FACTORS.values()].flatMap((factor): Setting[] => {
    const flag = given.get(factor.name);
    if (flag !== undefined) return [{ name: factor.name, value: flag, origin: 'flag' }];
    if (factor.hidden) return [];
    const set = fromPreset[factor.name];
    if (set !== undefined) return [{ name: factor.name, value: set, origin: 'preset' }];
    return [{ name: factor.name, value: factor.default, origin: 'default' }];
  });
  return { name, config: text, settings };
}

/** One `name=value`. */
function readSetting(text: string): { readonly factor: Factor; readonly level: Scalar } {
  const split = text.indexOf('=');
  const name = text.slice(0, split);
  const factor = findFactor(ARM_FACTORS, name);
  if (factor === undefined) throw unknownSetting(name);
  return { factor, level: reading(() => readLevel(factor, text.slice(split + 1), name)) };
}

function unknownSetting(name: string): Error {
  const shown = [...ARM_FACTORS.values()].filter(({ hidden }) => !hidden);
  const first = meant(name, [...shown.map((one) => one.name), ...shown.map(bareName)]);
  return usageError(
    `there is no option '${name}' of the store`,
    `${first}kvtune run WORKLOAD --show-config lists them all`,
  );
}

/** Bounds that relate two options are the engine's to know. */
function checkTogether(given: ReadonlyMap<string, Scalar>, text: string): void {
  const store = [...given].filter(([name]) => ARM_FACTORS.get(name)?.owner === 'store');
  try {
    resolveStoreOptions(Object.fromEntries(store));
  } catch (error) {
    if (!(error instanceof EngineError)) throw error;
    const hint = 'kvtune run WORKLOAD --show-config lists what there is';
    throw usageError(`'${text}': ${error.message}`, hint);
  }
}

function isPreset(word: string): word is Preset {
  return Object.hasOwn(PRESETS, word);
}

function unknownConfig(word: string, text: string): Error {
  const presets = Object.keys(PRESETS);
  return usageError(
    `'${word}' in '${text}' is no configuration`,
    `${meant(word, presets)}write ${presets.join(' or ')}, then name=value, separated by commas`,
  );
}
