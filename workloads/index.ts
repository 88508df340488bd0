// The workloads' public door: pure, seeded generators. No clock, no I/O. Everything the suite may use
// of them stands here.

export { ChurnStream, type ChurnStep } from './ageing/churn-stream.ts';
export { RECIPES, recipeByName, type Recipe } from './ageing/recipe.ts';
export {
  countIn,
  pagesIn,
  wholeFile,
  type Runs,
  type SpanHistogram,
  type SpanZone,
} from './ageing/span-histogram.ts';
export { layOut } from './ageing/layout.ts';
export { FreelistJob, type FreelistJobOptions } from './catalog/freelist-job.ts';
export { SizeList, type SizeClass } from './distributions/size-list.ts';
export { REVISION_KEY_BYTES, readRevision, writeRevision } from './distributions/revision-key.ts';
