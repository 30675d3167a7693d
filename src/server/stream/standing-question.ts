import type { StandingQuery } from '../../contracts/transport.js'
import type { Topic } from './subscriptions.js'

/** Which releases of which topics a store is asked about. */
export interface Question {
  readonly topics: readonly Topic[]
  readonly versions: readonly number[]
  readonly queries: readonly StandingQuery[]
}

/**
 * Asks whether the newest release of each topic stands.
 *
 * ```ts
 * const names = await store.standing?.(questionOf(topics).queries, signal)
 * ```
 */
export function questionOf(topics: readonly Topic[]): Question {
  const queries: StandingQuery[] = []
  for (const { namespace, newest } of topics)
    if (newest?.read !== undefined) queries.push({ namespace, position: newest.read.position })
  return { topics, versions: topics.map(({ version }) => version), queries }
}

/**
 * The last question where these topics make the same one, so that the store may remember its
 * answer; undefined where not.
 */
export function askedBefore(last: Question | undefined, topics: readonly Topic[]): Question | undefined {
  if (last?.topics.length !== topics.length) return undefined
  return topics.every((topic, at) => topic === last.topics[at] && topic.version === last.versions[at])
    ? last
    : undefined
}
