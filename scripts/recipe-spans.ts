// Makes a recipe's histogram: churns a file of 3 GB (or the size given) and prints the module that
// workloads/ageing keeps. Usage: node dist/scripts/recipe-spans.js RECIPE FOLDER [BYTES]
// Run it again only together with a change of the recipe: ratios measured before become another cell's.

import { join } from 'node:path';
import { Db, nodeVfs } from '../engine/index.ts';
import { churn, runZones } from '../src/targets/aged-db.ts';
import { recipeByName, type Runs } from '../workloads/index.ts';

const SEED = 1;
const DB_BYTES = 3e9;

const [name = '', folder = '', bytes] = process.argv.slice(2);
const recipe = recipeByName(name);
if (recipe === undefined || folder === '') {
  process.stderr.write('usage: recipe-spans RECIPE FOLDER [BYTES]\n');
  process.exitCode = 2;
} else {
  const path = join(folder, `${name}.db`);
  const dbBytes = bytes === undefined ? DB_BYTES : Number(bytes);
  const aged = await churn({
    path,
    recipe,
    dbBytes,
    seed: SEED,
    signal: new AbortController().signal,
    onProgress: () => undefined,
  });
  const db = Db.open(path, { freelist: 'array', readOnly: false });
  const zones = runZones(db.allFreeSpans(), db.meta.highWater);
  db.close();
  nodeVfs.remove(path);
  const list = (kind: string, runs: Runs): string => {
    const pairs = runs.map(([pages, count]) => `[${String(pages)}, ${String(count)}],`);
    const lines: string[] = [];
    for (let i = 0; i < pairs.length; i += 8)
      lines.push(`        ${pairs.slice(i, i + 8).join(' ')}`);
    return `      ${kind}: [\n${lines.join('\n')}${lines.length > 0 ? '\n' : ''}      ],`;
  };
  const zoneTexts = zones.map(
    (zone) => `    {\n${list('free', zone.free)}\n${list('used', zone.used)}\n    },`,
  );
  const constant = name.toUpperCase().replaceAll('-', '_');
  process.stdout
    .write(`// Free spans and used runs that the recipe ${name} leaves, from its own churn run. Made by
// scripts/recipe-spans.ts; the command and seed stand in the object. Do not edit by hand.

import type { SpanHistogram } from './span-histogram.ts';

export const ${constant}_SPANS: SpanHistogram = {
  source: 'kvtune db age --method churn --recipe ${name} --size ${String(dbBytes / 1e9)}GB --seed ${String(SEED)}',
  seed: ${String(SEED)},
  dbBytes: ${String(aged.dbBytes)},
  freePages: ${String(aged.freePages)},
  // prettier-ignore
  zones: [
${zoneTexts.join('\n')}
  ],
};
`);
}
