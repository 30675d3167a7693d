import { asNoticeboardError, type NoticeboardError } from '../../contracts/errors.js'
import type { Clock, Logger } from '../../contracts/system.js'

/** How looking for the newest release goes. */
export interface Looks {
  /** How many looks came to an end. */
  readonly count: number
  /** Why the last one failed; undefined when it did not. */
  readonly error: NoticeboardError | undefined
  /**
   * When something can arrive again after a look that failed or found nothing, by the clock's
   * monotonic time in milliseconds; undefined where that is not known.
   */
  readonly nextAtMs: number | undefined
  /** When the last one came to its end, by the clock's monotonic time in milliseconds. */
  readonly endedAtMs: number | undefined
  /** Whether another way was being asked when that look failed. */
  readonly stillAsking: boolean
  /**
   * Set where a transport answered last that nothing was published yet, with its reason if it has
   * one.
   */
  readonly nothing: { readonly why: NoticeboardError | undefined } | undefined
  /** Why a look that is under way is late; undefined where that is not known. */
  readonly late: NoticeboardError | undefined
  succeeded(): void
  /** The transport has no release. */
  foundNothing(why: NoticeboardError | undefined, nextMs?: number): void
  failed(error: NoticeboardError, options?: FailedLook): void
  /** No failure yet. */
  isLate(error: NoticeboardError): void
}

/** What is known of a failed look beside its error. */
export interface FailedLook {
  /** Somebody was told of this very trouble lately. */
  readonly told?: boolean | undefined
  /** How long nothing can arrive after it, in milliseconds. */
  readonly nextMs?: number | undefined
}

export interface LooksOptions {
  readonly clock: Clock
  /** The strategy's name. */
  readonly strategy: string
  readonly namespace: string
  readonly logger: Logger
  /** Told of the first failure of an outage, and of those that do not pass by themselves. */
  readonly complain: (error: NoticeboardError) => void
  /** Called after each look. */
  readonly changed: () => void
}

/** Makes {@link Looks}. */
export function createLooks(options: LooksOptions): Looks {
  return new Lookout(options)
}

/** A class, since every client has one. */
class Lookout implements Looks {
  count = 0
  error: NoticeboardError | undefined
  nextAtMs: number | undefined
  endedAtMs: number | undefined
  stillAsking = false
  nothing: Looks['nothing']
  late: NoticeboardError | undefined
  readonly #options: LooksOptions

  constructor(options: LooksOptions) {
    this.#options = options
  }

  isLate(why: NoticeboardError): void {
    const { namespace, logger } = this.#options
    this.late = why
    logger.debug(why.message, { namespace, code: why.code })
  }

  succeeded(): void {
    this.nothing = undefined
    this.#looked(undefined)
  }

  foundNothing(why: NoticeboardError | undefined, nextMs?: number): void {
    this.nothing = { why }
    this.#looked(undefined, nextMs)
  }

  failed(thrown: NoticeboardError, { told = false, nextMs }: FailedLook = {}): void {
    const { namespace, logger, strategy, complain } = this.#options
    const failure = asNoticeboardError(
      thrown,
      'unavailable',
      `strategy ${strategy} could not look for a release`,
    )
    const { code, message } = failure
    // An outage is told once in full; its repetitions are details, and so is a document that is
    // still broken in the same place.
    const isNews =
      this.error === undefined || code === 'fork' || (isLasting(code) && message !== this.error.message)
    if (!told && isNews) complain(failure)
    else logger.debug(message, { namespace, code })
    this.#looked(failure, nextMs)
  }

  #looked(failure: NoticeboardError | undefined, nextMs?: number): void {
    const { clock, changed } = this.#options
    const nowMs = clock.monotonic()
    this.count += 1
    this.error = failure
    this.endedAtMs = nowMs
    this.nextAtMs = nextMs === undefined ? undefined : nowMs + nextMs
    this.stillAsking = failure !== undefined && nextMs === 0
    this.late = undefined
    changed()
  }
}

/**
 * Whether trouble of this kind does not pass by itself, so that another one is news although an
 * outage is told.
 */
function isLasting(code: NoticeboardError['code']): boolean {
  return code === 'invalid-data' || code === 'too-large'
}
