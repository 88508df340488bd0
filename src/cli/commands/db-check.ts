// kvtune db check: proves that a database file is whole, or names what is damaged and ends with 6.
// The proof is the engine's.

import { checkSteps, nodeVfs } from '../../../engine/index.ts';
import { command, type CliCommand } from '../command.ts';
import { EXIT } from '../exit-codes.ts';
import { requiredText } from '../flag.ts';
import { assertFile } from '../database-file.ts';
import { takeSteps } from '../steps.ts';

export const dbCheck: CliCommand = command({
  name: 'check <file>',
  describe: 'verify every page, key order and the freelist; exit 6 on damage',
  examples: [
    { line: 'kvtune db check member/snap/db', does: 'check an etcd backend file (etcd stopped)' },
    { line: 'kvtune db check old.db --json', does: 'faults with their pages, for scripts' },
  ],
  positionals: { file: requiredText({ describe: 'bbolt or etcd database file' }) },
  run: async ({ file }, { output, progress, signal }) => {
    assertFile(file);
    const { ok, pages, nodes, faults } = await takeSteps(checkSteps(nodeVfs, file), {
      signal,
      onStep: (share) => {
        progress.update({ share, doing: `check ${file}` });
      },
    });
    output.result({ ok, pages, nodes, faults }, () =>
      ok
        ? `${file}: ok, ${String(pages)} pages, ${String(nodes)} nodes`
        : [
            `${file}: ${String(faults.length)} faults`,
            ...faults.map(({ pgid, fault }) => `  page ${String(pgid)}: ${fault}`),
          ].join('\n'),
    );
    return ok ? EXIT.ok : EXIT.target;
  },
});
