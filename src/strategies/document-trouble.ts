import { isNoticeboardError } from '../contracts/errors.js'
import type { Transport } from '../contracts/transport.js'

/**
 * Whether a look failed by what a bare document holds, or since there is none: the transport was
 * reached, so nothing is gained by staying away for longer than between two looks.
 *
 * ```ts
 * const waitMs = isDocumentTrouble(transport, error) ? jitter(pollIntervalMs, 0.1, random) : backoff.failed()
 * ```
 */
export function isDocumentTrouble({ unmanaged }: Transport, error: unknown): boolean {
  return unmanaged === true && isNoticeboardError(error, 'invalid-data', 'too-large', 'not-found')
}
