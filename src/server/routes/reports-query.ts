import { NoticeboardError } from '../../contracts/errors.js'
import type { Namespace } from '../../contracts/names.js'
import type { ReportsQuery } from '../../contracts/transport.js'
import { MAX_LABELS } from '../../core/limits.js'

/**
 * Reads the query of a GET of `~reports`. Unknown parameters are ignored. Throws `invalid-option`
 * for too many labels.
 */
export function parseReportsQuery(namespace: Namespace, query: string): ReportsQuery {
  const asked = new URLSearchParams(query)
  if (asked.get('brief') !== '1') return { namespace }
  const labels = asked.getAll('label')
  if (labels.length <= MAX_LABELS) return { namespace, brief: { labels } }
  throw new NoticeboardError('invalid-option', `"label" is given more than ${MAX_LABELS} times`)
}
