// Recipes: how an old, fragmented database comes to be. A recipe is fixed before any ratio is
// measured on it, and named in every result. `churn` lives it (ChurnStream); `synthesize` lays out a
// file whose free spans and the gaps between them follow the histograms of the recipe's own churn run,
// which is kept with its seed and command.

import { SizeList } from '../distributions/size-list.ts';
import { KUBERNETES_MIX_SPANS } from './kubernetes-mix.spans.ts';
import { SMALL_VALUES_SPANS } from './small-values.spans.ts';
import type { SpanHistogram } from './span-histogram.ts';

export interface Churn {
  readonly values: SizeList;
  readonly putsPerCommit: number;
  /** Besides the last one, a compaction when the file has reached this share of its size. */
  readonly compactAtShare: number;
  readonly deletesPerCommit: number;
}

export interface Recipe {
  readonly name: string;
  readonly title: string;
  /** undefined: the recipe is a layout only, there is no life that leads to it. */
  readonly churn: Churn | undefined;
  readonly spans: SpanHistogram;
}

/** The store is compacted twice, so that the second part of its life fills holes of the first. */
const COMPACT_AT_SHARE = 0.6;

/** Puts a commit and deletes a commit: etcd's compaction deletes 1,000 revisions a batch since 3.4. */
const DELETES_PER_COMMIT = 1000;

const kubernetesMix: Recipe = {
  name: 'kubernetes-mix',
  title:
    '90% values of 0.3-1.2 kB, 10% of 10-30 kB, each overwritten, then compacted by deleting ' +
    'superseded revisions',
  churn: {
    values: new SizeList([
      { weight: 90, bytesMin: 300, bytesMax: 1200 },
      { weight: 10, bytesMin: 10_000, bytesMax: 30_000 },
    ]),
    putsPerCommit: 100,
    compactAtShare: COMPACT_AT_SHARE,
    deletesPerCommit: DELETES_PER_COMMIT,
  },
  spans: KUBERNETES_MIX_SPANS,
};

const smallValues: Recipe = {
  name: 'small-values',
  title: '97% values of 0.3-1.2 kB, 3% of 5-15 kB, overwritten and compacted in the same way',
  churn: {
    values: new SizeList([
      { weight: 97, bytesMin: 300, bytesMax: 1200 },
      { weight: 3, bytesMin: 5000, bytesMax: 15_000 },
    ]),
    putsPerCommit: 100,
    compactAtShare: COMPACT_AT_SHARE,
    deletesPerCommit: DELETES_PER_COMMIT,
  },
  spans: SMALL_VALUES_SPANS,
};

/** No run fits a value of 10 kB: every such allocation looks at all spans and grows the file. */
const worstCase: Recipe = {
  name: 'worst-case',
  title: 'spans of 1 to 3 pages only: no run fits a 10 kB value',
  churn: undefined,
  spans: {
    source: 'written down: 1 to 3 pages in equal numbers, used runs of 22 pages between them',
    seed: 0,
    dbBytes: 0,
    freePages: 6,
    zones: [
      {
        free: [
          [1, 1],
          [2, 1],
          [3, 1],
        ],
        used: [[22, 3]],
      },
    ],
  },
};

export const RECIPES: readonly Recipe[] = [kubernetesMix, smallValues, worstCase];

export function recipeByName(name: string): Recipe | undefined {
  return RECIPES.find((recipe) => recipe.name === name);
}
