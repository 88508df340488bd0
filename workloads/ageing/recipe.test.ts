// Recipes: named once, and where a life leads to them their histograms say which run they are from.

import { expect, it } from 'vitest';
import { RECIPES, recipeByName } from './recipe.ts';
import { pagesIn, wholeFile } from './span-histogram.ts';

it('has unique names, by which they are found', () => {
  expect(new Set(RECIPES.map((recipe) => recipe.name)).size).toBe(RECIPES.length);
  for (const recipe of RECIPES) expect(recipeByName(recipe.name)).toBe(recipe);
  expect(recipeByName('no-such-recipe')).toBeUndefined();
});

it.each(RECIPES)('$name: histograms add up', ({ spans }) => {
  expect(pagesIn(wholeFile(spans).free)).toBe(spans.freePages);
  for (const runs of spans.zones.flatMap((zone) => [zone.free, zone.used])) {
    const lengths = runs.map(([length]) => length);
    expect(lengths).toEqual([...new Set(lengths)].sort((a, b) => a - b));
    expect(runs.every(([length, count]) => length > 0 && count > 0)).toBe(true);
  }
});

it.each(RECIPES.filter((recipe) => recipe.churn !== undefined))(
  '$name: the histogram names its churn run',
  ({ name, spans }) => {
    expect(spans.source).toBe(
      `kvtune db age --method churn --recipe ${name} --size 3GB --seed ${String(spans.seed)}`,
    );
    const used = pagesIn(wholeFile(spans).used);
    // All pages of that file but its two metas, and what finishing it freed.
    const pages = spans.dbBytes / 4096;
    expect(Math.abs(spans.freePages + used + 2 - pages) / pages).toBeLessThan(0.001);
  },
);
