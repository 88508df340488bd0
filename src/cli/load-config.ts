// Configurations of the store as people write them: a preset, options, or a preset with options over it. Each
// option ends with where its value comes from. An option is written as it is called (batchIntervalMs=10), or
// without the unit in its name and with one behind its value (batchInterval=10ms).

import { EngineError, PRESETS, resolveStoreOptions, STORE_DEFAULTS } from '../../engine/index.ts';
import type { LoadRun, LoadSetting } from '../record/load-schema.ts';
import type { Scalar } from '../record/schema.ts';
import { SYNC_DELAY } from '../runner/load-cells.ts';
import { naming, usageError } from './errors.ts';
import { suggest } from './suggestion.ts';
import { parseBytes, parseCount, parseDurationNs } from './units.ts';

type Preset = keyof typeof PRESETS;
type LoadArm = LoadRun['arms'][number];

/** Defaults of all that can be set; a store is never opened for reading only. */
const DEFAULTS: Readonly<Record<string, Scalar>> = Object.fromEntries([
  ...Object.entries(STORE_DEFAULTS).filter(([name]) => name !== 'readOnly'),
  [SYNC_DELAY, 0],
]);

const UNITS: readonly { readonly suffix: string; readonly read: (text: string) => number }[] = [
  { suffix: 'Ms', read: (text) => parseDurationNs(text) / 1e6 },
  { suffix: 'Seconds', read: (text) => parseDurationNs(text) / 1e9 },
  { suffix: 'Bytes', read: parseBytes },
];

/** 'optimized', 'baseline,batchLimit=1000', 'batchInterval=10ms,readLock=global'. */
export function readConfig(name: string, text: string): LoadArm {
  const words = text.split(',').map((word) => word.trim());
  const given = new Map<string, Scalar>();
  let preset: Preset | undefined;
  for (const [i, word] of words.entries()) {
    if (!word.includes('=')) {
      if (i > 0 || !isPreset(word)) throw unknownConfig(word, text);
      preset = word;
      continue;
    }
    const { option, value } = readOption(word);
    if (given.has(option))
      throw usageError(`${option} is given twice in '${text}'`, 'give it once');
    given.set(option, value);
  }
  const fromPreset: Readonly<Record<string, Scalar>> = preset === undefined ? {} : PRESETS[preset];
  const settings = Object.entries(DEFAULTS).map(([option, byDefault]): LoadSetting => {
    const flag = given.get(option);
    if (flag !== undefined) return { name: option, value: flag, origin: 'flag' };
    const set = fromPreset[option];
    if (set !== undefined) return { name: option, value: set, origin: 'preset' };
    return { name: option, value: byDefault, origin: 'default' };
  });
  checkSettings(Object.fromEntries(given), `'${text}'`);
  return { name, config: text, settings };
}

/** One `name=value` of an option of the store. */
function readOption(text: string): { readonly option: string; readonly value: Scalar } {
  const split = text.indexOf('=');
  const name = text.slice(0, split);
  const value = text.slice(split + 1);
  return { option: optionName(name), value: readOptionValue(name, value) };
}

/** The option that is meant, by its own name or without its unit. */
export function optionName(name: string): string {
  const found = findOption(name);
  if (found !== undefined) return found;
  const known = Object.keys(DEFAULTS);
  const near = suggest(name, [...known, ...known.map(withoutUnit)]);
  const meant = near === undefined ? '' : `did you mean ${near}? `;
  throw usageError(
    `there is no option '${name}' of the store`,
    `${meant}kvtune run WORKLOAD --show-config lists them all`,
  );
}

export function isOption(name: string): boolean {
  return findOption(name) !== undefined;
}

function findOption(name: string): string | undefined {
  if (Object.hasOwn(DEFAULTS, name)) return name;
  return UNITS.map(({ suffix }) => name + suffix).find((option) => Object.hasOwn(DEFAULTS, option));
}

/** A value of the option, with or without its unit. */
export function readOptionValue(name: string, text: string): Scalar {
  const option = optionName(name);
  const byDefault = DEFAULTS[option];
  if (text === '') throw usageError(`${name} has no value`, `write ${name}=${String(byDefault)}`);
  if (typeof byDefault === 'boolean') {
    if (text === 'true' || text === 'false') return text === 'true';
    throw usageError(`${name} '${text}' is neither true nor false`, 'write one of them');
  }
  if (typeof byDefault === 'string') return text;
  const plain = /^\d+(\.\d+)?$/.test(text);
  const unit = UNITS.find(({ suffix }) => option.endsWith(suffix));
  if (unit === undefined) return plain ? Number(text) : naming(name, () => parseCount(text));
  // The name of the option says the unit; where it does not, the value has to.
  if (plain && name === option) return Number(text);
  return naming(name, () => unit.read(text));
}

/** Throws a usage error that names every fault; `where` says of what. */
function checkSettings(settings: Readonly<Record<string, Scalar>>, where: string): void {
  const { [SYNC_DELAY]: delay, ...store } = settings;
  if (delay !== undefined && !(typeof delay === 'number' && delay >= 0 && delay <= 10_000)) {
    throw usageError(`${SYNC_DELAY} ${String(delay)} is not from 0 to 10000`, 'give another value');
  }
  try {
    resolveStoreOptions(store);
  } catch (error) {
    if (!(error instanceof EngineError)) throw error;
    throw usageError(
      `${where}: ${error.message}`,
      'kvtune run WORKLOAD --show-config lists what there is',
    );
  }
}

function isPreset(word: string): word is Preset {
  return Object.hasOwn(PRESETS, word);
}

function unknownConfig(word: string, text: string): Error {
  const presets = Object.keys(PRESETS);
  const near = suggest(word, presets);
  const meant = near === undefined ? '' : `did you mean ${near}? `;
  return usageError(
    `'${word}' in '${text}' is no configuration`,
    `${meant}write ${presets.join(' or ')}, then name=value, separated by commas`,
  );
}

function withoutUnit(option: string): string {
  const suffix = UNITS.find((unit) => option.endsWith(unit.suffix))?.suffix ?? '';
  return option.slice(0, option.length - suffix.length);
}
