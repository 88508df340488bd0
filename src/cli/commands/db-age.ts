// kvtune db age: makes an old, fragmented database, by living a recipe's life or by laying it out.
// Asks for the room first; what makes the file lies in src/targets.

import {
  churn,
  churnedDiskBytes,
  synthesize,
  synthesizedDiskBytes,
} from '../../targets/aged-db.ts';
import { RECIPES } from '../../../workloads/index.ts';
import { command, type CliCommand } from '../command.ts';
import { assertRoom } from '../database-file.ts';
import { usageError } from '../errors.ts';
import { EXIT } from '../exit-codes.ts';
import { choiceFlag, readers, requiredText, textFlag } from '../flag.ts';
import { formatBytes as shown, formatCount } from '../../report/format.ts';
import { formatBytes } from '../units.ts';

const RECIPE_NAMES = RECIPES.map((recipe) => recipe.name);
const DB_BYTES_MIN = 16e6;
/** Pages are numbered with 32 bits. */
const DB_BYTES_MAX = 16e12;
/** Disk that is left alone. */
const RESERVE_BYTES = 256e6;

export const dbAge: CliCommand = command({
  name: 'age <file>',
  describe: 'make an aged database',
  examples: [
    {
      line: 'kvtune db age old.db --size 100GB',
      does: 'a valid 100 GB database in seconds, mostly holes',
    },
    {
      line: 'kvtune db age old.db --method churn --size 2GB',
      does: 'fill, overwrite and compact for real',
    },
  ],
  positionals: { file: requiredText({ describe: 'file to make' }) },
  flags: {
    method: choiceFlag({
      describe: 'churn lives the life; synthesize lays the result out',
      choices: ['synthesize', 'churn'],
      default: 'synthesize',
    }),
    recipe: choiceFlag({
      describe: RECIPES.map((recipe) => `${recipe.name}: ${recipe.title}`).join('; '),
      choices: RECIPE_NAMES,
      default: 'kubernetes-mix',
    }),
    size: textFlag({ describe: 'size of the file', default: '2GB', read: readers.bytes }),
  },
  run: async ({ file, method, recipe: name, size }, { output, progress, common, signal }) => {
    const recipe = RECIPES.find((one) => one.name === name);
    if (recipe === undefined) throw usageError(`no recipe '${name}'`, RECIPE_NAMES.join(', '));
    if (size < DB_BYTES_MIN || size > DB_BYTES_MAX) {
      throw usageError(`--size ${formatBytes(size)} is out of range`, 'choose 16MB to 16TB');
    }
    const diskBytes =
      method === 'churn' ? churnedDiskBytes(size) : synthesizedDiskBytes(recipe, size);
    const hint = 'free some space, choose another folder or a smaller --size';
    assertRoom(file, diskBytes + RESERVE_BYTES, hint);
    const make = method === 'churn' ? churn : synthesize;
    const aged = await make({
      path: file,
      recipe,
      dbBytes: size,
      seed: common.seed,
      signal,
      onProgress: (share) => {
        progress.update({ share, doing: `${method} ${name}` });
      },
    });
    output.result({ ...aged, method, recipe: name, seed: common.seed }, () =>
      [
        `${file}: ${shown(aged.dbBytes)}, ${formatCount(aged.pages)} pages, ` +
          `${shown(aged.allocatedBytes)} on disk`,
        `free: ${formatCount(aged.freePages)} pages in ${formatCount(aged.freeSpans)} spans`,
      ].join('\n'),
    );
    return EXIT.ok;
  },
});
