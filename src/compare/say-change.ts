import type { ComparedRow, Comparison } from './result.js'
import { count, figure, sayAfter, sayBytes } from './words.js'

/**
 * What a change takes with each model, what an hour without one does, and whether anybody misses
 * it.
 *
 * ```ts
 * sayChange(result) // ['push: 99 % have it after 536 ms, with 3,822 requests and 65 MB; 473 MB in an hour without one']
 * ```
 */
export function sayChange({ rows, depth }: Pick<Comparison, 'rows' | 'depth'>): readonly string[] {
  return [...rows.map(sayRow), sayMissed(rows, depth)]
}

function sayRow({ model, keepsUp, stalenessMs, requests, bytes }: ComparedRow): string {
  const reached = keepsUp ? `99 % have it ${sayAfter(stalenessMs.p99)}, with ` : ''
  return `${model}: ${reached}${figure(requests.perChange)} requests and ${sayBytes(bytes.perChange)}; ${sayBytes(bytes.perIdleHour)} in an hour without one`
}

function sayMissed(rows: readonly ComparedRow[], depth: Comparison['depth']): string {
  if (depth === 'formula') return 'nobody misses a change by the formula; a simulation counts those that do'
  const seen = rows.filter(row => row.depth !== 'formula')
  const missing = seen.filter(({ missed }) => missed > 0)
  if (missing.length === 0)
    return `nobody missed a change: ${seen.map(({ model }) => model).join('; ') || 'no model was looked at'}`
  return missing
    .map(({ model, missed }) => `${model}: ${count(missed)} clients never got a change`)
    .join('; ')
}
