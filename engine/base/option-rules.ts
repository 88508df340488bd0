// OptionRule: what an option may be, as data. One table of rules serves the check at open, the factor table of
// the suite and its help, so that a bound or a meaning stands in one place. Pure; relations between two
// options stay with the resolve function that knows both.

export interface NumberRule {
  readonly kind: 'number';
  /** 'bytes', 'ms', 'changes'; '' for a pure number. */
  readonly unit: string;
  readonly min: number;
  readonly max: number;
  /** Whether only whole numbers are allowed. */
  readonly whole: boolean;
  /** How steps between bounds are spaced. */
  readonly scale: 'log' | 'linear';
  readonly meaning: string;
}

export interface ChoiceRule {
  readonly kind: 'choice';
  readonly choices: readonly string[];
  readonly meaning: string;
}

export interface SwitchRule {
  readonly kind: 'switch';
  readonly meaning: string;
}

export type OptionRule = NumberRule | ChoiceRule | SwitchRule;

/** A whole number on a log scale, as most options are. */
export function wholeNumber(unit: string, min: number, max: number, meaning: string): NumberRule {
  return { kind: 'number', unit, min, max, whole: true, scale: 'log', meaning };
}

export function choice(choices: readonly string[], meaning: string): ChoiceRule {
  return { kind: 'choice', choices, meaning };
}

export function onOff(meaning: string): SwitchRule {
  return { kind: 'switch', meaning };
}

/** Every value that breaks its rule, one phrase each. */
export function optionFaults<Options extends object>(
  rules: Readonly<Record<keyof Options, OptionRule>>,
  values: Options,
): string[] {
  const names = Object.keys(rules) as (keyof Options & string)[];
  return names.flatMap((name) => faultOf(name, rules[name], values[name]) ?? []);
}

function faultOf(name: string, rule: OptionRule, value: unknown): string | undefined {
  switch (rule.kind) {
    case 'number': {
      const { min, max, whole } = rule;
      const fits = typeof value === 'number' && value >= min && value <= max;
      if (fits && (!whole || Number.isInteger(value))) return undefined;
      return `${name} ${String(value)} is no ${whole ? 'whole ' : ''}number from ${min} to ${max}`;
    }
    case 'choice':
      if (typeof value === 'string' && rule.choices.includes(value)) return undefined;
      return `${name} '${String(value)}' is not ${rule.choices.join(', ')}`;
    case 'switch':
      if (typeof value === 'boolean') return undefined;
      return `${name} '${String(value)}' is neither true nor false`;
  }
}
