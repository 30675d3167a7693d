/**
 * noticeboard: live configuration for fleets of programs, by push, pull and hybrid.
 *
 * @packageDocumentation
 */
export {
  createClient,
  envOverrides,
  type Client,
  type ClientEventName,
  type ClientEvents,
  type ClientOptions,
  type ClientStatus,
  type EnvOverridesOptions,
  type Origin,
  type Overrides,
  type Participant,
  type Prepared,
  type ReadyOptions,
  type RefreshOptions,
  type ReportTimes,
  type Selected,
  type SelectOptions,
  type SubscribeOptions,
  type Running,
} from './client/index.js'
export * from './contracts/index.js'
export type {
  Arm,
  Readmission,
  Release,
  RolloutState,
  SignedRelease,
  Variant,
} from './core/release/release.js'
export type { LabelMatch } from './core/release/labels.js'
export type { Audience, Clause } from './core/release/audience.js'
export * from './publisher/index.js'
export * from './strategies/index.js'
export { http, type HttpOptions, type HttpTransport } from './transports/http/index.js'
export { memory, type MemoryOptions, type MemoryStore } from './transports/memory.js'
