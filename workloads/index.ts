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
export { WORKLOADS, workload } from './catalog/catalog.ts';
export { FreelistJob, type FreelistJobOptions } from './catalog/freelist-job.ts';
export {
  ARRIVAL_NAMES,
  createArrivals,
  type ArrivalName,
  type Arrivals,
} from './distributions/arrivals.ts';
export {
  createKeyChoice,
  KEY_CHOICE_NAMES,
  type KeyChoice,
  type KeyChoiceName,
} from './distributions/key-choice.ts';
export { SizeList, type SizeClass } from './distributions/size-list.ts';
export { REVISION_KEY_BYTES, readRevision, writeRevision } from './distributions/revision-key.ts';
export {
  FixedSize,
  LognormalSize,
  type LognormalShape,
  type ValueSizes,
} from './distributions/value-sizes.ts';
export { keyIdOf } from './key-format.ts';
export type {
  ChoiceSpec,
  NumberSpec,
  ParameterSpec,
  ParameterSpecs,
  ParameterValues,
} from './parameters.ts';
export {
  ABSENT,
  replayTruth,
  TruthCheck,
  type ClientProgress,
  type HeldLease,
  type Truth,
} from './truth.ts';
export {
  PRELOAD_CLIENT,
  readValueHeader,
  VALUE_HEADER_BYTES,
  verifyValue,
  type ValueHeader,
} from './value.ts';
export {
  Operation,
  OPERATION_KINDS,
  type OperationKind,
  type OperationStream,
  type ParameterizedWorkload,
  type Preload,
  type StreamOptions,
  type Workload,
} from './workload.ts';
