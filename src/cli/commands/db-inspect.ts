// kvtune db inspect: what is in a database file: pages, free spans, buckets. Counting is the engine's;
// this renders.

import { inspectSteps, nodeVfs, type InspectReport } from '../../../engine/index.ts';
import { command, type CliCommand } from '../command.ts';
import { EXIT } from '../exit-codes.ts';
import { formatBytes, formatCount, formatShare } from '../../report/format.ts';
import { requiredText } from '../flag.ts';
import { assertFile } from '../database-file.ts';
import { takeSteps } from '../steps.ts';
import { textTable } from '../text-table.ts';

const COUNTED = ['keys', 'depth', 'leaf pages', 'branch pages', 'overflow', 'keys and values'];

export const dbInspect: CliCommand = command({
  name: 'inspect <file>',
  describe: 'page, free-span and bucket statistics',
  examples: [
    { line: 'kvtune db inspect old.db', does: 'sizes, fragmentation, buckets' },
    { line: 'kvtune db inspect old.db --json', does: 'with the whole histogram of free spans' },
  ],
  positionals: { file: requiredText({ describe: 'bbolt or etcd database file' }) },
  run: async ({ file }, { output, progress, signal }) => {
    assertFile(file);
    const report = await takeSteps(inspectSteps(nodeVfs, file), {
      signal,
      onStep: (share) => {
        progress.update({ share, doing: `inspect ${file}` });
      },
    });
    output.result(report, () => render(file, report));
    return EXIT.ok;
  },
});

function render(file: string, report: InspectReport): string {
  const spans = Object.entries(report.freeSpans).map(
    ([pages, count]) => [Number(pages), count] as const,
  );
  const spanCount = spans.reduce((sum, [, count]) => sum + count, 0);
  const longest = spans.reduce((most, [pages]) => Math.max(most, pages), 0);
  const share = report.pages === 0 ? 0 : report.freePages / report.pages;
  const mean = report.freePages / Math.max(1, spanCount);
  return [
    `${file}: ${formatBytes(report.dbBytes)}, ${formatCount(report.pages)} pages of ` +
      `${formatCount(report.pageSize)} bytes, txid ${formatCount(report.txid)}, freelist ` +
      (report.freelistStored ? 'stored' : 'not stored'),
    `free: ${formatCount(report.freePages)} pages (${formatShare(share)}) in ` +
      `${formatCount(spanCount)} spans, mean ${mean.toFixed(1)}, longest ${formatCount(longest)} pages`,
    textTable(
      [['bucket', 'left'], ...COUNTED.map((head) => [head, 'right'] as const)],
      report.buckets.map((bucket) => [
        bucket.name === '' ? '(root)' : bucket.name,
        formatCount(bucket.keys),
        bucket.depth,
        formatCount(bucket.leafPages),
        formatCount(bucket.branchPages),
        formatCount(bucket.overflowPages),
        formatBytes(bucket.bytes),
      ]),
    ),
  ].join('\n');
}
