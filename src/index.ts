/**
 * noticeboard: live configuration for fleets of programs, by push, pull and hybrid. What a program
 * touches is here; what authors of transports, stores, strategies and rollout policies need is in
 * `noticeboard/core`.
 *
 * @packageDocumentation
 */
export {
  createClient,
  envOverrides,
  type Client,
  type ClientEvents,
  type ClientOptions,
  type ClientStatus,
  type Overlaid,
  type Overrides,
  type Participant,
  type Prepared,
  type Running,
  type Selected,
} from './client/index.js'
export {
  isNoticeboardError,
  NoticeboardError,
  type DeepReadonly,
  type ErrorCode,
  type InputOf,
  type Issue,
  type Logger,
  type OutputOf,
  type Schema,
  type Strategy,
  type Validator,
} from './contracts/index.js'
export { createController, type Controller } from './controller/index.js'
export {
  createPublisher,
  type Fleet,
  type HistoryEntry,
  type Publisher,
  type PublisherOptions,
  type PublishOptions,
  type Rollout,
} from './publisher/index.js'
export { canary, everyone, linear, staged, timed, type RolloutPolicy } from './rollouts/index.js'
export {
  hybrid,
  onDemand,
  pull,
  push,
  type HybridOptions,
  type OnDemandOptions,
  type PullOptions,
  type PushOptions,
} from './strategies/index.js'
export { http, httpStore, type HttpStore, type HttpTransport } from './transports/http/index.js'
export { memory } from './transports/memory.js'
export { mergePatch } from './core/json/merge-patch.js'
