import { createDeadline, type Deadline, type DeadlineOptions } from '../../async/deadline.js'
import { NoticeboardError } from '../../contracts/errors.js'

/**
 * The deadline of one request and its response. A server that takes too long counts as one that
 * cannot be reached: the signal aborts with `unavailable`. `finish` once the body was read to its
 * end, so that the connection is used again; `abort` in every case, since cancelling a body alone
 * leaves its connection open for seconds.
 *
 * ```ts
 * const deadline = createRequestDeadline({ clock, signal, timeoutMs: 10_000, what: 'the release' })
 * try {
 *   return await readBody(await send(settings, ask, deadline.signal), deadline, limit)
 * } finally {
 *   deadline.abort()
 * }
 * ```
 */
export function createRequestDeadline({
  hint = () => '',
  ...options
}: Omit<DeadlineOptions, 'late'> & {
  /** What is said beside it. Default: nothing. */
  readonly hint?: () => string
}): Deadline {
  return createDeadline({
    ...options,
    late: timeoutMs =>
      new NoticeboardError('unavailable', `${options.what} did not arrive within ${timeoutMs} ms${hint()}`),
  })
}
