// Parameters of workloads: each declared with meaning, unit, default and bounds. resolveParameters() fills
// in defaults and checks; what it returns has every declared parameter, of its type and within its bounds.

import { EngineError } from '../engine/base/errors.ts';

export interface NumberSpec {
  /** A sentence. */
  readonly what: string;
  /** 'keys', 'bytes', 'share' and so on. */
  readonly unit: string;
  readonly default: number;
  readonly minimum: number;
  readonly maximum: number;
  /** Whether fractions are allowed; default false. */
  readonly fractions?: boolean;
}

export interface ChoiceSpec<Choice extends string = string> {
  readonly what: string;
  readonly default: Choice;
  readonly choices: readonly Choice[];
}

export type ParameterSpec = NumberSpec | ChoiceSpec;
export type ParameterSpecs = Readonly<Record<string, ParameterSpec>>;
export type ParameterValues = Readonly<Record<string, number | string>>;

/** Values of declared parameters, typed. */
export type ValuesOf<Specs extends ParameterSpecs> = {
  readonly [Name in keyof Specs]: Specs[Name] extends ChoiceSpec<infer Choice> ? Choice : number;
};

/** A share of all operations, 0 to 1. */
export function share(what: string, byDefault: number): NumberSpec {
  return { what, unit: 'share', default: byDefault, minimum: 0, maximum: 1, fractions: true };
}

/** Fills in defaults and checks; throws one INVALID_ARGUMENT that names every fault. */
export function resolveParameters<Specs extends ParameterSpecs>(
  specs: Specs,
  given: ParameterValues,
  check: (values: ValuesOf<Specs>) => readonly string[],
): ValuesOf<Specs> {
  const faults: string[] = [];
  for (const name of Object.keys(given)) {
    if (!Object.hasOwn(specs, name)) {
      faults.push(`there is no parameter '${name}'; there are ${Object.keys(specs).join(', ')}`);
    }
  }
  const values: Record<string, number | string> = {};
  for (const [name, spec] of Object.entries(specs)) {
    const value = given[name] ?? spec.default;
    const fault = faultOf(name, spec, value);
    if (fault !== undefined) faults.push(fault);
    values[name] = value;
  }
  // Proven by the checks above, which the compiler cannot follow.
  const resolved = values as ValuesOf<Specs>;
  if (faults.length === 0) faults.push(...check(resolved));
  if (faults.length > 0) throw new EngineError('INVALID_ARGUMENT', faults.join('; '));
  return resolved;
}

function faultOf(name: string, spec: ParameterSpec, value: number | string): string | undefined {
  if ('choices' in spec) {
    if (typeof value === 'string' && spec.choices.includes(value)) return undefined;
    return `${name} '${value}' is not ${spec.choices.join(', ')}`;
  }
  const { minimum, maximum, fractions = false } = spec;
  const fits = typeof value === 'number' && value >= minimum && value <= maximum;
  if (fits && (fractions || Number.isInteger(value))) return undefined;
  const kind = fractions ? 'number' : 'whole number';
  return `${name} ${value} is no ${kind} from ${minimum} to ${maximum}`;
}
