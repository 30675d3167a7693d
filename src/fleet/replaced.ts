import type { ClientReport } from '../contracts/report.js'
import { MAX_NEXT_REPORT_MS } from '../core/limits.js'
import { isLongHeard } from './standing.js'

/**
 * The instances of one client that others came after. One that names the instance before it, whose
 * instanceId nobody can guess, says that it has ended: that holds whether or not it is still heard,
 * and whatever becomes of the one that names it. Only an instance that goes on to speak beside the
 * one that names it is still there, as where two machines share a state folder. After an instance
 * without a state that survives nobody can name it: once it is silent another one counts that was
 * first heard since its last word, for three periods, and has not stopped, so that one report of a
 * stranger hides nobody who is missing.
 *
 * ```ts
 * const replaced = replacedIn({ words, silent })
 * ```
 */
export function replacedIn({ words, silent }: WordsOfClient): ReadonlySet<string> {
  const replaced = new Set<string>()
  const byInstance = new Map(words.map(word => [word.instanceId, word]))
  for (const word of words) {
    const before = word.previous && byInstance.get(word.previous.instanceId)
    if (before !== undefined && before !== word && !speaksBeside(before, word))
      replaced.add(before.instanceId)
  }
  const latest = latestComer(words)
  for (const { instanceId, protection, receivedAt } of silent)
    if (protection === 'none' && receivedAt !== undefined && latest !== undefined && latest >= receivedAt)
      replaced.add(instanceId)
  return replaced
}

/** The last words of the instances of one client: all of them, and those that are silent. */
export interface WordsOfClient {
  readonly words: readonly ClientReport[]
  readonly silent: readonly ClientReport[]
}

/**
 * Whether an instance was heard for more than its period since the one that names it came: no word
 * of it was on the way for so long.
 */
function speaksBeside(
  { receivedAt, nextReportWithinMs: periodMs = MAX_NEXT_REPORT_MS }: ClientReport,
  { firstHeardAt }: ClientReport,
): boolean {
  if (receivedAt === undefined || firstHeardAt === undefined) return false
  return Date.parse(receivedAt) - Date.parse(firstHeardAt) > periodMs
}

/**
 * When the last of the instances was first heard that was heard for long and has not stopped;
 * undefined where none was. One walk: a stranger may name thousands of one client.
 */
function latestComer(words: readonly ClientReport[]): string | undefined {
  let latest: string | undefined
  for (const word of words) {
    const { firstHeardAt } = word
    if (firstHeardAt === undefined || (latest !== undefined && firstHeardAt <= latest)) continue
    if (staysOn(word, firstHeardAt)) latest = firstHeardAt
  }
  return latest
}

function staysOn(
  { phase, receivedAt, nextReportWithinMs: periodMs = MAX_NEXT_REPORT_MS }: ClientReport,
  firstHeardAt: string,
): boolean {
  if (phase === 'stopped' || receivedAt === undefined) return false
  return isLongHeard({ heardForMs: Date.parse(receivedAt) - Date.parse(firstHeardAt), periodMs })
}
