import { asNoticeboardError, type NoticeboardError } from '../../contracts/errors.js'
import type { Logger } from '../../contracts/system.js'

/** How looking for the newest release goes. */
export interface Looks {
  /** How many looks came to an end. */
  readonly count: number
  /** Why the last one failed; undefined when it did not. */
  readonly error: NoticeboardError | undefined
  /** Whether a transport answered that nothing was published yet. */
  readonly nothingPublished: boolean
  /** `nothing`: the transport has no release. */
  succeeded(brought: 'something' | 'nothing'): void
  /** `told`: somebody was told of this very trouble lately. */
  failed(error: NoticeboardError, options?: { readonly told?: boolean | undefined }): void
}

export interface LooksOptions {
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
export function createLooks({ strategy, namespace, logger, complain, changed }: LooksOptions): Looks {
  let count = 0
  let error: NoticeboardError | undefined
  let nothingPublished = false
  const looked = (failure: NoticeboardError | undefined): void => {
    count += 1
    error = failure
    changed()
  }

  return {
    get count() {
      return count
    },
    get error() {
      return error
    },
    get nothingPublished() {
      return nothingPublished
    },
    succeeded(brought) {
      if (brought === 'nothing') nothingPublished = true
      looked(undefined)
    },
    failed(thrown, { told = false } = {}) {
      const failure = asNoticeboardError(thrown, 'unavailable', `strategy ${strategy} could not look`)
      const { code, message } = failure
      // An outage is told once in full; its repetitions are details.
      if (!told && (error === undefined || code === 'fork' || code === 'invalid-data')) complain(failure)
      else logger.debug(message, { namespace, code })
      looked(failure)
    },
  }
}
