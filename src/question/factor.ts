// Factor: one thing that may vary in a measurement, with owner, unit, bounds, scale, default and meaning; how one is
// found by name, and how a level of it is read from text and checked. Pure; which factors there are stands in
// factors.ts.
//
// A factor is named by its own name (batchIntervalMs=10), or without the unit at its end where the value brings
// one (batchInterval=10ms).

import type { Scalar } from '../record/round.ts';
import { LevelError, parseBytes, parseCount, parseDurationNs, parseRate } from './units.ts';

/** Who takes the level. */
export type FactorOwner = 'store' | 'workload' | 'load' | 'file' | 'network';

interface CommonFactor {
  readonly name: string;
  readonly owner: FactorOwner;
  /** A phrase. */
  readonly meaning: string;
  /** For tests of kvtune itself: not shown in help. */
  readonly hidden: boolean;
}

export interface NumberFactor extends CommonFactor {
  readonly type: 'number';
  /** 'bytes', 's', 'ms', 'us', '/s', 'keys'; '' for a pure number or a share. */
  readonly unit: string;
  readonly min: number;
  readonly max: number;
  readonly whole: boolean;
  readonly scale: 'log' | 'linear';
  readonly default: number;
}

export interface ChoiceFactor extends CommonFactor {
  readonly type: 'choice';
  readonly choices: readonly string[];
  readonly default: string;
}

export interface SwitchFactor extends CommonFactor {
  readonly type: 'switch';
  readonly default: boolean;
}

export type Factor = NumberFactor | ChoiceFactor | SwitchFactor;
/** By name. */
export type Factors = ReadonlyMap<string, Factor>;

/** Units that a factor's name may end with. */
const SUFFIXES: readonly string[] = ['Ms', 'Us', 'Seconds', 'Bytes', 'PerSecond'];

/** The factor that is meant, by its own name or without its unit. */
export function findFactor(factors: Factors, name: string): Factor | undefined {
  const found = factors.get(name);
  if (found !== undefined) return found;
  return SUFFIXES.map((suffix) => factors.get(name + suffix)).find((one) => one !== undefined);
}

/** Its name without the unit at the end, as it may be written too. */
export function bareName({ name }: Factor): string {
  const suffix = SUFFIXES.find((one) => name.endsWith(one)) ?? '';
  return name.slice(0, name.length - suffix.length);
}

/**
 * The level that `text` means; `as`: the name under which it was given, since only a name that says the unit
 * allows a value without one. Throws LevelError, which names factor, value and what is allowed.
 */
export function readLevel(factor: Factor, text: string, as: string = factor.name): Scalar {
  if (text === '') {
    throw new LevelError(`${as} has no value`, `write ${as}=${String(factor.default)}`);
  }
  const level = levelOf(factor, text, as);
  const fault = levelFault(factor, level);
  if (fault !== undefined) throw new LevelError(fault, `it is: ${factor.meaning}`);
  return level;
}

/** What is wrong with a level, or undefined. */
export function levelFault(factor: Factor, level: Scalar): string | undefined {
  const { name } = factor;
  switch (factor.type) {
    case 'number': {
      const { min, max, whole } = factor;
      const fits = typeof level === 'number' && level >= min && level <= max;
      if (fits && (!whole || Number.isInteger(level))) return undefined;
      return `${name} ${String(level)} is no ${whole ? 'whole ' : ''}number from ${min} to ${max}`;
    }
    case 'choice':
      if (typeof level === 'string' && factor.choices.includes(level)) return undefined;
      return `${name} '${String(level)}' is not ${factor.choices.join(', ')}`;
    case 'switch':
      if (typeof level === 'boolean') return undefined;
      return `${name} '${String(level)}' is neither true nor false`;
  }
}

function levelOf(factor: Factor, text: string, as: string): Scalar {
  if (factor.type === 'choice') return text;
  if (factor.type === 'switch') return text === 'true' ? true : text === 'false' ? false : text;
  const { name, unit } = factor;
  const needsUnit = name !== as;
  if (!needsUnit && /^\d+(\.\d+)?$/.test(text)) return Number(text);
  try {
    return readNumber(unit, text);
  } catch (error) {
    if (!(error instanceof LevelError)) throw error;
    throw new LevelError(`${as}: ${error.message}`, error.hint);
  }
}

function readNumber(unit: string, text: string): number {
  switch (unit) {
    case 'bytes':
      return parseBytes(text);
    case 's':
      return parseDurationNs(text) / 1e9;
    case 'ms':
      return parseDurationNs(text) / 1e6;
    case 'us':
      return parseDurationNs(text) / 1e3;
    case '/s':
      return parseRate(text);
    default:
      return parseCount(text);
  }
}
