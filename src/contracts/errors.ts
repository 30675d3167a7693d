/**
 * Everything that can go wrong, as a closed set. A code is a promise: it stays the same between
 * releases, so programs decide on it and never on the message.
 */
export type ErrorCode =
  /** No value yet: `current` was read before the first one, or `ready()` gave up waiting. */
  | 'not-ready'
  /** The thing is not here, or not here yet, or not for you: the three look the same on purpose. */
  | 'not-found'
  /**
   * A server or store could not be reached, or was lost in the middle. Trying again later is right.
   */
  | 'unavailable'
  /**
   * The server asks for fewer requests (429); `retryAfterMs` says how long to wait, where it is
   * told. Trying again later is right.
   */
  | 'rate-limited'
  /** A document failed its schema or a validator; `issues` says where. Trying it again is wrong. */
  | 'invalid-document'
  /** Credentials are missing or not accepted. */
  | 'unauthorized'
  /**
   * The server or store understood and refuses: a token without the right, a foreign origin, a
   * replica. Trying the same again is wrong.
   */
  | 'forbidden'
  /** Somebody else was first: the log moved on since the position that was named. */
  | 'conflict'
  /** A rollout is under way: wait for its end, end it, or supersede it. */
  | 'rollout-in-progress'
  /** The fleet was not heard for long enough to say who would be exposed; nothing was published. */
  | 'fleet-unknown'
  /** Nobody is there to move the rollout on; nothing was published. */
  | 'no-controller'
  /**
   * The document was withdrawn by a rollback, an abort or a kill, and nobody said why it may come
   * back.
   */
  | 'withdrawn'
  /** This transport has no notifications here; strategies fall back to polling. */
  | 'no-watch'
  /** Bytes that are not what the format says: a snapshot, a release, a report or a state file. */
  | 'invalid-data'
  /** The bytes are not the ones that the digest names. */
  | 'digest-mismatch'
  /** A size limit was passed. */
  | 'too-large'
  /** A release that needs a feature this version does not have. */
  | 'unsupported'
  /**
   * Two histories of one namespace: two different releases at one position, two epochs with one
   * number, or positions that no store comes from and to.
   */
  | 'fork'
  /** The store's own files contradict each other; it serves, and refuses to append. */
  | 'store-damaged'
  /** A participant refused the change, so nobody changed. */
  | 'vetoed'
  /** An option or argument makes no sense; thrown at once, at the call. */
  | 'invalid-option'
  /** A deadline passed. */
  | 'timeout'
  /** The client, server or store was closed. */
  | 'closed'
  /** None of the above: a bug of ours or of a plug-in. */
  | 'internal'

/** One place in a document that did not pass, and why; without the value that stood there. */
export interface Issue {
  /**
   * Where: `pool.size`, `servers[2].host`; empty for the whole. Keys that the schema does not name
   * print as `*`, but to who wrote the document: keys are as they are in the errors of a publisher,
   * and of a client's own defaults and files.
   */
  readonly path: string
  /** What, in words that never contain a value of the document. */
  readonly message: string
  /** Who said so: `schema`, or a validator's name. */
  readonly validator: string
  /**
   * The labels of the clients that the document is for, where it is a variant that was to be
   * published.
   */
  readonly when?: Readonly<Record<string, readonly string[]>>
}

/** What an error carries beside its code and message. */
export interface NoticeboardErrorOptions {
  /** What was thrown underneath, as `Error.cause`. Default: none. */
  readonly cause?: unknown
  /**
   * How long the server asked to be left alone, in milliseconds: a floor for the next attempt.
   * Default: undefined.
   */
  readonly retryAfterMs?: number
  /** What did not pass, when a document was refused. Default: empty. */
  readonly issues?: readonly Issue[]
}

const brand = Symbol.for('noticeboard.error')

/**
 * The one error class of the library. Messages say what happened, where, and what to do; never a
 * configuration value.
 */
export class NoticeboardError extends Error {
  override readonly name = 'NoticeboardError'
  /** What went wrong, for programs to decide on. */
  readonly code: ErrorCode
  /**
   * How long the server asked to be left alone, in milliseconds; undefined where it did not say.
   */
  readonly retryAfterMs: number | undefined
  /** What did not pass, when a document was refused; else empty. */
  readonly issues: readonly Issue[]

  constructor(code: ErrorCode, message: string, options: NoticeboardErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.code = code
    this.retryAfterMs = options.retryAfterMs
    this.issues = options.issues ?? []
    // Defined here and not as a field: a computed field name has no place in isolated declarations.
    Object.defineProperty(this, brand, { value: true })
  }
}

/**
 * Whether something thrown is one of ours, also when it comes from a second copy of the library
 * (ESM beside CommonJS), and of one of the given codes if any are given.
 *
 * ```ts
 * if (isNoticeboardError(error, 'unavailable', 'timeout')) retryLater()
 * ```
 */
export function isNoticeboardError(
  error: unknown,
  ...codes: readonly ErrorCode[]
): error is NoticeboardError {
  if (typeof error !== 'object' || error === null || !(brand in error)) return false
  return codes.length === 0 || ('code' in error && codes.includes(error.code as ErrorCode))
}

/**
 * What was thrown as one of ours: ours as it is, anything else wrapped under the given code, its
 * text left behind as the cause.
 *
 * ```ts
 * throw asNoticeboardError(error, 'unavailable', 'the bucket could not be reached')
 * ```
 */
export function asNoticeboardError(error: unknown, code: ErrorCode, message: string): NoticeboardError {
  return isNoticeboardError(error) ? error : new NoticeboardError(code, message, { cause: error })
}
