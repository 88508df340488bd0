// kvtune report: renders a stored run again, a finished one or what an interrupted one left. Judges it
// by the rules of today's kvtune; measures nothing.

import { join } from 'node:path';
import { readRun, writeReport, writeText, type StoredRun } from '../../record/run-folder.ts';
import type { ClaimsFile } from '../../record/schema.ts';
import type { VerdictFile } from '../../record/verdict-schema.ts';
import { renderLoadReport, renderLoadTerminal } from '../../report/load-report.ts';
import type { Report } from '../../report/report.ts';
import { renderTerminal } from '../../report/terminal.ts';
import { command, type CliCommand } from '../command.ts';
import { concludeLoads } from '../conclude-load.ts';
import { judge, renderRun } from '../conclude.ts';
import { EXIT } from '../exit-codes.ts';
import { choiceFlag, requiredText } from '../flag.ts';

export const reportCommand: CliCommand = command({
  name: 'report <result>',
  describe: 'render a stored run: verdicts, HTML, Markdown, SVG',
  examples: [
    {
      line: 'kvtune report results/runs/20260102-030405-s1',
      does: 'verdicts, and the report anew',
    },
    { line: 'kvtune report RUN --format md --out report.md', does: 'one rendering to a file' },
  ],
  positionals: { result: requiredText({ describe: 'folder of a run' }) },
  flags: {
    format: choiceFlag({
      describe: 'what to write: all files into the run folder, or one rendering to --out',
      choices: ['all', 'html', 'md', 'svg'],
      default: 'all',
    }),
  },
  run: async ({ result, format }, { output, common }) => {
    const stored = readRun(result);
    const { value, files, report, terminal } = await concluded(stored);
    const written: string[] = [];
    if (format === 'all') {
      written.push(writeReport(common.out ?? result, { ...files, ...report }));
    } else if (format === 'svg') {
      for (const [name, svg] of Object.entries(report.svgs)) {
        const path = join(common.out ?? join(result, 'charts'), `${name}.svg`);
        writeText(path, svg);
        written.push(path);
      }
    } else {
      const path = common.out ?? join(result, `report.${format}`);
      writeText(path, format === 'html' ? report.html : report.markdown);
      written.push(path);
    }
    output.result(value, () => {
      const table = terminal(output.color);
      return `${table}\n${written.map((path) => `written: ${path}`).join('\n')}\n`;
    });
    return EXIT.ok;
  },
});

interface Concluded {
  readonly value: ClaimsFile | VerdictFile;
  readonly files: { readonly claims: ClaimsFile } | { readonly verdict: VerdictFile };
  readonly report: Report;
  readonly terminal: (color: boolean) => string;
}

/** What the run amounts to: claims, or what run, ab and sweep conclude. */
async function concluded(stored: StoredRun): Promise<Concluded> {
  const loads = concludeLoads(stored);
  if (loads !== undefined) {
    const { verdict } = loads;
    const report = await renderLoadReport(loads);
    const terminal = (color: boolean): string => renderLoadTerminal(loads, { color });
    return { value: verdict, files: { verdict }, report, terminal };
  }
  const claims = judge(stored);
  const report = await renderRun(stored, claims);
  const terminal = (color: boolean): string => renderTerminal({ ...stored, claims }, { color });
  return { value: claims, files: { claims }, report, terminal };
}
