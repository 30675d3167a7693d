import { isNoticeboardError } from 'noticeboard'

/**
 * An error for who watches: the library's own say what happened and where, others are a fault of
 * the demo and show their stack.
 *
 * @param {unknown} error
 * @returns {string}
 */
export function sayError(error) {
  if (isNoticeboardError(error)) return error.message
  return error instanceof Error ? (error.stack ?? error.message) : String(error)
}
