// kvtune workloads: what can be put on a store, and what can be set about each. Measures nothing; the
// catalogue and its words are the workloads' own.

import Table from 'cli-table3';
import { WORKLOADS, type ParameterSpec, type Workload } from '../../../workloads/index.ts';
import { formatPlain } from '../../report/format.ts';
import { command, type CliCommand } from '../command.ts';
import { EXIT } from '../exit-codes.ts';
import { textFlag } from '../flag.ts';
import { findWorkload } from '../load-flags.ts';

const SAID_UNITS: readonly string[] = ['bytes', 'seconds', 'share', 'operations/s'];

const positionals = { name: textFlag({ describe: 'one of them' }) } as const;

export const workloadsCommand: CliCommand = command({
  name: 'workloads [name]',
  describe: 'list workloads, or the parameters of one',
  examples: [
    { line: 'kvtune workloads', does: 'all of them, a line each' },
    { line: 'kvtune workloads kubernetes', does: 'its parameters, lanes and sources' },
  ],
  positionals,
  run: ({ name }, { output }) => {
    if (name === undefined) {
      output.result({ workloads: WORKLOADS.map(summaryOf) }, listText);
    } else {
      const found = findWorkload(name);
      const { parameters } = found;
      output.result({ ...summaryOf(found), parameters }, () => detailText(found));
    }
    return Promise.resolve(EXIT.ok);
  },
});

function summaryOf(workload: Workload): object {
  const { id, title, what, source, lanes } = workload;
  const rate = workload.nominalRate({});
  return { id, title, what, source, lanes, ...(rate === undefined ? {} : { nominalRate: rate }) };
}

function listText(): string {
  const width = Math.max(...WORKLOADS.map(({ id }) => id.length));
  const lines = WORKLOADS.map(({ id, what }) => `${id.padEnd(width)}  ${what}`);
  return `${lines.join('\n')}\n\nkvtune workloads NAME lists what can be set with --param.\n`;
}

function detailText(workload: Workload): string {
  const { id, title, what, source, lanes, parameters } = workload;
  const rate = workload.nominalRate({});
  const table = new Table({
    head: ['--param', 'default', 'what'],
    colAligns: ['left', 'right', 'left'],
    colWidths: [22, 20, 56],
    wordWrap: true,
    style: { head: [], border: [], compact: true },
  });
  for (const [name, spec] of Object.entries(parameters)) {
    table.push([name, defaultText(spec), meaning(spec)]);
  }
  return [
    `${id}: ${title}`,
    what,
    `lanes: ${lanes.join(', ')}`,
    ...(rate === undefined ? [] : [`rate of its own: ${formatPlain(rate)} operations/s`]),
    table.toString(),
    `sources: ${source}`,
    '',
  ].join('\n');
}

function defaultText(spec: ParameterSpec): string {
  return 'choices' in spec ? spec.default : formatPlain(spec.default);
}

function meaning(spec: ParameterSpec): string {
  if ('choices' in spec) return `${spec.what} ${spec.choices.join(', ')}`;
  // A count of what the sentence names already needs no unit.
  return SAID_UNITS.includes(spec.unit) ? `${spec.what} (${spec.unit})` : spec.what;
}
