// kvtune workloads: what can be put on a store, and what can be set about each. Measures nothing; the
// catalogue and its words are the workloads' own.

import { WORKLOADS, type Workload } from '../../../workloads/index.ts';
import { factorsFor } from '../../question/factors.ts';
import { formatPlain } from '../../report/format.ts';
import { command, type CliCommand } from '../command.ts';
import { EXIT } from '../exit-codes.ts';
import { textFlag } from '../flag.ts';
import { findWorkload } from '../load-flags.ts';
import { allowedBy } from '../show-config.ts';
import { textTable } from '../text-table.ts';

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
  const { id, title, what, source, lanes } = workload;
  const rate = workload.nominalRate({});
  const own = [...factorsFor(id).values()].filter(({ owner }) => owner === 'workload');
  return [
    `${id}: ${title}`,
    what,
    `lanes: ${lanes.join(', ')}`,
    ...(rate === undefined ? [] : [`rate of its own: ${formatPlain(rate)} operations/s`]),
    textTable(
      [
        ['--param', 'left', 21],
        ['default', 'right', 19],
        ['allowed', 'left', 24],
        ['what', 'left', 54],
      ],
      own.map((one) => [one.name, String(one.default), allowedBy(one), one.meaning]),
    ),
    `sources: ${source}`,
    '',
  ].join('\n');
}
