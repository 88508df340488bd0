// kvtune report: renders a stored run again, a finished one or what an interrupted one left. Judges it by the rules
// of today's kvtune; a run of version 1 is shown as it was judged then. Measures nothing.

import { join } from 'node:path';
import {
  readRun,
  RecordError,
  writeReport,
  writeText,
  type StoredRun,
} from '../../record/folder.ts';
import { upgradeRun } from '../../record/upgrade.ts';
import { renderReport } from '../../report/report.ts';
import type { ReportInput } from '../../report/report-model.ts';
import { renderTerminal } from '../../report/terminal.ts';
import { command, type CliCommand } from '../command.ts';
import { answersOf, claimsOf, jsonOf } from '../conclude.ts';
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
    const { isOld, ...stored } = readAnswered(result);
    const { run, answers } = stored;
    const { html, markdown, svgs } = await renderReport(stored);
    const written: string[] = [];
    if (format === 'all') {
      // An old run's claims.json is where its answers stand.
      const claims = isOld ? {} : claimsOf(answers, run);
      const files = { answers, ...claims, html, markdown, svgs };
      written.push(writeReport(common.out ?? result, files));
    } else if (format === 'svg') {
      for (const [name, svg] of Object.entries(svgs)) {
        const path = join(common.out ?? join(result, 'charts'), `${name}.svg`);
        writeText(path, svg);
        written.push(path);
      }
    } else {
      const path = common.out ?? join(result, `report.${format}`);
      writeText(path, format === 'html' ? html : markdown);
      written.push(path);
    }
    output.result(jsonOf(answers, run), () => {
      const lines = written.map((path) => `written: ${path}`);
      return `${renderTerminal(stored, output)}\n${lines.join('\n')}\n`;
    });
    return EXIT.ok;
  },
});

/** A stored run with its answers. */
function readAnswered(folder: string): ReportInput & { readonly isOld: boolean } {
  let stored: StoredRun;
  try {
    stored = readRun(folder);
  } catch (error) {
    if (!(error instanceof RecordError) || error.kind !== 'old') throw error;
    return { ...upgradeRun(folder), isOld: true };
  }
  return { ...stored, answers: answersOf(stored), isOld: false };
}
