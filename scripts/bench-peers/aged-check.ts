// bbolt's own check of the files that the engine makes: the synthesized one that the rows of the aged file run on,
// and a churned one, which it imitates.

import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { AgedFile } from '../../src/procedures/aged-file.ts';
import type { CellOrder, SliceContext } from '../../src/procedures/procedure.ts';
import type { Scalars } from '../../src/record/round.ts';
import { churn } from '../../src/targets/aged-db.ts';
import { recipeByName } from '../../workloads/index.ts';
import { runBboltCheck } from './bbolt-load.ts';

const CHURNED_BYTES = 128e6;
/** What a check that found nothing says. */
export const NO_FAULT = 'no fault';

/** By file what bbolt's check says of it; nothing where the cell names no program for it. */
export async function checkedFiles(order: CellOrder, context: SliceContext): Promise<Scalars> {
  const { asked, prepared, seed } = order;
  const { checker } = asked;
  if (checker === undefined) return {};
  const dbBytes = Number(asked['dbBytes']);
  const recipe = recipeByName(String(asked['recipe']));
  if (recipe === undefined) throw new Error(`no recipe is called ${String(asked['recipe'])}`);
  const churned = join(prepared, 'churned.db');
  const { signal } = context;
  const size = { dbBytes: Math.min(CHURNED_BYTES, dbBytes) };
  await churn({ path: churned, recipe, ...size, seed, signal, onProgress: () => undefined });
  const found: Record<string, string> = {};
  for (const [file, path] of [
    ['synthesized', AgedFile.find(prepared, dbBytes).path],
    ['churned', churned],
  ] as const) {
    context.onProgress(`bbolt's own check of the ${file} file`, 0);
    const { ok, faults } = await runBboltCheck(String(checker), path, signal);
    found[`check of the ${file} file`] = ok ? NO_FAULT : faults.join('; ');
  }
  rmSync(churned);
  return found;
}
