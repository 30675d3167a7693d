/**
 * Which way of bringing a document to a fleet suits a workload: push, pull, hybrid or your own,
 * compared by arithmetic.
 *
 * @packageDocumentation
 */
export { adaptivePull, type AdaptivePullOptions } from './adaptive-pull.js'
export { assumptionsOf } from './assumptions.js'
export { predictBlast, type Blast, type BlastOptions, type BlastRadius } from './blast-radius.js'
export { compare, type CompareOptions, type Progress } from './compare.js'
export {
  KINDS,
  type Cost,
  type Costs,
  type Counts,
  type DeltaKind,
  type Kind,
  type Making,
  type MakingCosts,
  type SharingCosts,
} from './costs/costs.js'
export { recordedCosts } from './costs/recorded.js'
export { ageOf, freshnessOf } from './formula/freshness.js'
export type { CurvePoint } from './formula/times.js'
export {
  adaptivePullModel,
  hybridModel,
  pullModel,
  pushModel,
  type AdaptivePullModelOptions,
  type KnownModel,
  type Model,
  type PathOptions,
  type PullModelOptions,
  type PushModelOptions,
  type StreamModelOptions,
} from './models.js'
export { comparisonPage } from './picture/page.js'
export { presets, type Preset } from './presets.js'
export type { ComparedRow, Comparison, Recommendation } from './result.js'
export type { Miss, Peak, Recovery, Row } from './row.js'
export {
  loadWorkload,
  withDocuments,
  type DocumentFiles,
  type LoadWorkloadOptions,
  type WorkloadFile,
} from './load-workload.js'
export { measureCosts, type MeasureOptions } from './run/measure-costs.js'
export type { PollShape, Shape, StreamShape } from './shape.js'
export { headlineOf, methodOf, outcomeOf, tableOf, type ComparisonTable, type OutcomePart } from './tables.js'
export type { CrossoverMap } from './verdict/crossover-map.js'
export type { Crossing } from './verdict/crossings.js'
export type { Weights } from './verdict/recommend.js'
export type { InputName, PresetPart, Workload, WorkloadInput } from './workload.js'
export { workloadSchema } from './workload-schema.js'
