import { isNoticeboardError } from '../contracts/errors.js'

/**
 * The file or folder that the system names in a failure: for the operator's log, and not for
 * whoever asks.
 *
 * ```ts
 * logger.error(error.message, { path: placeOf(error) })
 * ```
 */
export function placeOf(error: unknown): string | undefined {
  const root = isNoticeboardError(error) ? error.cause : error
  if (typeof root !== 'object' || root === null || !('path' in root)) return undefined
  return typeof root.path === 'string' ? root.path : undefined
}
