import type { ClientReport } from '../contracts/report.js'
import { MAX_NEXT_REPORT_MS } from '../core/limits.js'
import { isLongHeard } from './standing.js'

/**
 * The instances of one client that others came after, of those that are silent. One that is heard
 * says so by naming the instance before it, whose instanceId nobody can guess, and so on back.
 * After an instance without a state that survives nobody can name it: there another one counts that
 * was first heard since its last word, and for three periods, so that one report of a stranger
 * hides nobody who is missing.
 *
 * ```ts
 * const replaced = replacedIn({ heard, silent })
 * ```
 */
export function replacedIn({ heard, silent }: WordsOfClient): ReadonlySet<string> {
  const before = new Map(
    [...silent, ...heard].map(({ instanceId, previous }) => [instanceId, previous?.instanceId]),
  )
  const replaced = new Set<string>()
  for (const { previous } of heard)
    for (let name = previous?.instanceId; name !== undefined && !replaced.has(name); name = before.get(name))
      replaced.add(name)
  for (const { instanceId, protection, receivedAt } of silent)
    if (protection === 'none' && receivedAt !== undefined && heard.some(word => cameAfter(word, receivedAt)))
      replaced.add(instanceId)
  return replaced
}

/**
 * The last words of the instances of one client: those that are heard, and those that are silent.
 */
export interface WordsOfClient {
  readonly heard: readonly ClientReport[]
  readonly silent: readonly ClientReport[]
}

function cameAfter(
  { firstHeardAt, receivedAt, nextReportWithinMs: periodMs = MAX_NEXT_REPORT_MS }: ClientReport,
  lastWordAt: string,
): boolean {
  if (firstHeardAt === undefined || receivedAt === undefined || firstHeardAt < lastWordAt) return false
  return isLongHeard({ heardForMs: Date.parse(receivedAt) - Date.parse(firstHeardAt), periodMs })
}
