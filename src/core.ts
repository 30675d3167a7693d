/**
 * What authors of transports, stores, strategies and rollout policies need: the contracts, the formats, and the parts that every
 * implementation shares. Programs need `noticeboard` alone.
 *
 * @packageDocumentation
 */
export type {
  ClientEventName,
  EnvOverridesOptions,
  Origin,
  ReadyOptions,
  RefreshOptions,
  ReportTimes,
  SelectOptions,
  SubscribeOptions,
} from './client/index.js'
export {
  asNoticeboardError,
  comparePositions,
  epochNumber,
  formatPosition,
  isDigest,
  isEpoch,
  isNoticeboardError,
  isSequence,
  namespaceProblem,
  nextPosition,
  NoticeboardError,
  parseDigest,
  parseNamespace,
  parsePosition,
  type AppendQuery,
  type ClientReport,
  type Clock,
  type CompleteStore,
  type DeepReadonly,
  type Delivery,
  type Digest,
  type Epoch,
  type ErrorCode,
  type Fetch,
  type FetchInit,
  type Fs,
  type Hasher,
  type Identity,
  type InlineSnapshot,
  type InputOf,
  type Issue,
  type Json,
  type JsonObject,
  type Latest,
  type LogDetails,
  type LogEntry,
  type Logger,
  type Mirror,
  type Namespace,
  type NoticeboardErrorOptions,
  type OutputOf,
  type Platform,
  type Position,
  type PositionOrder,
  type Random,
  type Refusal,
  type ReportPhase,
  type ReportTransport,
  type SavedSnapshot,
  type SavedState,
  type Schema,
  type Session,
  type Source,
  type StandardIssue,
  type StandardResult,
  type StateStorage,
  type Store,
  type Strategy,
  type StrategyEvent,
  type System,
  type Tag,
  type Transport,
  type Validator,
  type ValidatorContext,
  type WatchQuery,
  type WatchTransport,
} from './contracts/index.js'
export { canAppend, canRead, canReport, canWatch, mintsMarks } from './contracts/capabilities.js'
export { canonicalize } from './core/json/canonical.js'
export { formatPath, joinPath, type Step } from './core/json/path.js'
export { decodeText, parseCanonical } from './core/json/strict-parse.js'
export * from './core/limits.js'
export { checkOptions, type OptionNames } from './core/options.js'
export { isExposed, type Audience, type Clause } from './core/release/audience.js'
export { assertDigest, digestOf } from './core/release/digest.js'
export { labelsMatch, type LabelMatch } from './core/release/labels.js'
export { checkAppend, follows } from './core/release/log-order.js'
export { decodeMark, encodeMark, type Mark } from './core/release/mark.js'
export {
  decodeRelease,
  digestsOf,
  encodeRelease,
  positionOf,
  releaseDigest,
  unknownCritical,
  type Arm,
  type Readmission,
  type Release,
  type RolloutState,
  type SignedRelease,
  type Variant,
} from './core/release/release.js'
export { target, type Target, type TargetContext } from './core/release/target.js'
export { readReport } from './core/report/report-codec.js'
export {
  diffDocuments,
  FLEET_STATES,
  summarizeFleet,
  type AuditRecord,
  type DocumentChange,
  type FleetMember,
  type FleetState,
  type FollowOptions,
  type FollowStep,
  type MirrorResult,
  type OpenEpochOptions,
  type ReleaseRef,
  type RolloutEnd,
  type RolloutStep,
  type RunningVersion,
  type VariantDocument,
} from './publisher/index.js'
export {
  createBackoff,
  defaultPeriods,
  jitter,
  phaseOf,
  type Backoff,
  type BackoffOptions,
  type BackoffTimes,
  type HybridTransports,
  type WatchOptions,
} from './strategies/index.js'
export {
  type Batch,
  type Condition,
  type EngineNews,
  type Entry,
  type Key,
  type KeyPage,
  type Put,
  type StoreEngine,
  type Version,
} from './transports/store/engine.js'
export { changedBy, headNamespace, namespaceOf, prefixEnd } from './transports/store/keys.js'
export { engineNews, type NewsSink } from './transports/store/news.js'
export { storeFrom, type StoreOptions } from './transports/store/store-from.js'
export { systemClock, systemHasher, systemPlatform, systemRandom } from './system/system.js'
