import type { ErrorCode } from '../../contracts/errors.js'

/** A method of a transport, store or mirror that a fault may meet. */
export type FaultyCall =
  | 'latest'
  | 'snapshot'
  | 'delta'
  | 'next'
  | 'watch'
  | 'report'
  | 'put'
  | 'announce'
  | 'append'
  | 'history'
  | 'reports'
  | 'namespaces'
  | 'schema'
  | 'putSchema'
  | 'remove'

/** Where a fault applies: to which calls, how often, and from the how-manieth one on. */
export interface FaultScope {
  readonly on: FaultyCall | readonly FaultyCall[]
  /** How likely a call (of a watch: a delivery) is to meet it, from 0 to 1. Default 1. */
  readonly chance?: number
  /** Calls of that kind before this one are spared, counted from 1. Default 1. */
  readonly from?: number
  /** Calls of that kind after this one are spared, counted from 1. Default `Infinity`: none are. */
  readonly to?: number
}

/** One thing that goes wrong. */
export type Fault = FaultScope &
  (
    | {
        readonly type: 'fail'
        /** Default `unavailable`. A watch throws it after a delivery. */
        readonly code?: ErrorCode
        /** What its error asks to wait for, in milliseconds. Default: nothing. */
        readonly retryAfterMs?: number
        /**
         * The call is made, and its answer is lost: the caller cannot know. Default: it is not
         * made.
         */
        readonly afterwards?: boolean
      }
    | { readonly type: 'delay'; readonly minMs?: number; readonly maxMs: number }
    /**
     * No answer, until the caller aborts. A watch is half-open from then on: it is there, and
     * brings nothing.
     */
    | { readonly type: 'stall' }
    /** `latest` and `next` give an answer that was right some calls ago. */
    | { readonly type: 'stale' }
    /** Bytes end too early, after the share `keep` of them, from 0 to 1. Default: a random one. */
    | { readonly type: 'truncate'; readonly keep?: number }
    /** One byte is another. */
    | { readonly type: 'corrupt' }
    /** A watch loses this delivery. */
    | { readonly type: 'drop' }
    /**
     * A watch brings this delivery twice; a `put`, `append`, `announce` or `report` is made twice.
     */
    | { readonly type: 'duplicate' }
    /** A watch brings this delivery after the next one. */
    | { readonly type: 'reorder' }
    /** A watch ends in order although nobody aborted it, as transports must not. */
    | { readonly type: 'end' }
  )

/**
 * What goes wrong, as data: of the faults that apply to a call each is drawn by itself, in this
 * order.
 */
export interface FaultPlan {
  readonly faults: readonly Fault[]
}
