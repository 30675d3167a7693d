import type { Namespace } from '../../contracts/names.js'
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

/** Topics whose release stands, and those that have to be looked at. */
export interface Standing {
  readonly standing: readonly Topic[]
  readonly others: readonly Topic[]
}

/** What a store said of a question. `moves` grows with each newest release that is taken. */
interface Said {
  readonly question: Question
  readonly names: ReadonlySet<Namespace>
  readonly moves: number
}

/** What followed from that. */
export interface Sides extends Said, Standing {}

/**
 * Tells which topics stand by what a store said of them.
 *
 * ```ts
 * const { standing, others } = sidesOf({ question, names, moves })
 * ```
 */
export function sidesOf(said: Said): Sides {
  const { topics, versions } = said.question
  const standing: Topic[] = []
  const others: Topic[] = []
  for (const [at, topic] of topics.entries()) {
    // What was superseded meanwhile was asked about as it was.
    const stands = topic.version === versions[at] && said.names.has(topic.namespace)
    ;(stands ? standing : others).push(topic)
  }
  return { ...said, standing, others }
}

/**
 * What followed the last time, where the store said the very same and nothing moved: of a board at
 * rest no name is looked up. Undefined where not.
 */
export function sidedBefore(last: Sides | undefined, { question, names, moves }: Said): Sides | undefined {
  return last?.question === question && last.names === names && last.moves === moves ? last : undefined
}
