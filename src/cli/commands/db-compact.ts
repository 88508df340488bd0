// kvtune db compact: copies a database into a new file without free pages, and proves the copy. Says how
// much disk it may take before it begins, and does not begin without that. The work is the engine's.

import { resolve } from 'node:path';
import { compactSteps, type CompactPlan, type CompactStep } from '../../../engine/index.ts';
import { formatBytes, formatCount, formatDuration } from '../../report/format.ts';
import { command, type CliCommand } from '../command.ts';
import { assertFile, assertRoom } from '../database-file.ts';
import { usageError } from '../errors.ts';
import { EXIT } from '../exit-codes.ts';
import { requiredText, textFlag } from '../flag.ts';
import { takeSteps } from '../steps.ts';

const FILL_PERCENT_MIN = 0.1;

export const dbCompact: CliCommand = command({
  name: 'compact <file>',
  describe: 'copy into a new, smaller file, verified; the old one is left as it is',
  examples: [
    {
      line: 'kvtune db compact member/snap/db --to compact.db',
      does: 'compact an etcd backend file (etcd stopped)',
    },
    {
      line: 'kvtune db compact old.db --to new.db --fill-percent 0.5 --json',
      does: 'leave room in the pages for keys in between',
    },
  ],
  positionals: { file: requiredText({ describe: 'bbolt or etcd database file' }) },
  flags: {
    to: requiredText({ describe: 'new file' }),
    fillPercent: textFlag({
      describe: 'share of each page that is filled, 0.1 to 1',
      default: '1',
      read: readFillPercent,
    }),
  },
  run: async ({ file, to, fillPercent }, { output, progress, clock, signal }) => {
    assertFile(file);
    if (resolve(file) === resolve(to)) {
      throw usageError(`--to names the very file to compact, ${file}`, 'name a new file');
    }
    const startNs = clock.nowNs();
    const begin = ({ neededBytes }: CompactPlan): void => {
      const hint = 'free some space or name a file on another disk';
      const freeBytes = assertRoom(to, neededBytes, hint);
      const [needed, free] = [formatBytes(neededBytes), formatBytes(freeBytes)];
      progress.milestone(`${file} is whole; ${to} takes up to ${needed} of ${free} free`);
    };
    const report = await takeSteps(compactSteps({ source: file, target: to, fillPercent, begin }), {
      signal,
      onStep: ({ doing, share }) => {
        progress.update({ share, doing: DOING[doing](file, to) });
      },
    });
    const seconds = (clock.nowNs() - startNs) / 1e9;
    output.result({ ok: true, source: file, target: to, ...report, seconds }, () =>
      [
        `${to}: ${formatBytes(report.targetBytes)}, from ${formatBytes(report.sourceBytes)} of ${file}`,
        `verified: keys ${formatCount(report.keys)}, buckets ${formatCount(report.buckets)}; ` +
          formatDuration(seconds),
      ].join('\n'),
    );
    return EXIT.ok;
  },
});

const DOING: Readonly<Record<CompactStep['doing'], (file: string, to: string) => string>> = {
  check: (file) => `check ${file}`,
  copy: (_, to) => `copy into ${to}`,
  verify: (_, to) => `verify ${to}`,
};

function readFillPercent(text: string): number {
  const share = /^\d*\.?\d+$/.test(text) ? Number(text) : Number.NaN;
  if (share >= FILL_PERCENT_MIN && share <= 1) return share;
  throw usageError(`'${text}' is no share from ${FILL_PERCENT_MIN} to 1`, 'write it as 0.9');
}
