import { createLane } from '../../async/lane.js'
import { createSharedRuns } from '../../async/shared-runs.js'
import type { Namespace } from '../../contracts/names.js'
import type { Clock } from '../../contracts/system.js'
import type { EventsQuery } from '../routes/events-query.js'
import type { FanOut } from './fan-out.js'
import type { Newest } from './newest-release.js'
import type { Topics } from './topics.js'
import type { Unpublished } from './unpublished.js'

/**
 * How many namespaces are looked up at the same time for streams that open: whoever asks for one
 * release does not wait for them.
 */
const LOOK_UPS = 8

/**
 * After how long a lookup no longer keeps others waiting, in milliseconds: it is the store behind
 * it that hangs.
 */
const PATIENCE_MS = 100

/** Brings into memory what a stream begins with. */
export interface Admission {
  /**
   * Undefined where all of it is there, as in a fleet that comes back at once. Rejects with
   * `unavailable` when there is no room for a namespace without a release, and with what the store
   * throws.
   */
  gather(query: EventsQuery): Promise<void> | undefined
}

export function createAdmission({ topics, unpublished, fanOut, clock }: AdmissionOptions): Admission {
  const inLane = createLane({ inFlight: LOOK_UPS, patienceMs: PATIENCE_MS, clock })
  /** Lookups that wait for their place or are under way: many streams of one namespace ask once. */
  const shared = createSharedRuns<Namespace, Newest | undefined>()
  const lookUp = (namespace: Namespace): Promise<Newest | undefined> =>
    shared(namespace, () => inLane(async () => topics.newest(namespace)))

  const isAtHand = (query: EventsQuery, namespace: Namespace): boolean => {
    const newest = topics.fresh(namespace)
    return newest !== undefined && fanOut.isPrepared(newest, query, query.have.get(namespace))
  }

  const gatherAll = async (query: EventsQuery): Promise<void> => {
    // One after the other, so that a stream of many names takes no more turns than one of few.
    let unknown = 0
    for (const namespace of query.namespaces) {
      const newest = topics.fresh(namespace) ?? (await lookUp(namespace))
      if (newest === undefined && topics.find(namespace) === undefined) unknown += 1
    }
    unpublished.requireRoom(unknown)
    await Promise.all(
      query.namespaces.map(async namespace => {
        const topic = topics.find(namespace)
        if (topic !== undefined) await fanOut.prepare(topic, query, query.have.get(namespace))
      }),
    )
  }

  return {
    gather: query =>
      query.namespaces.every(namespace => isAtHand(query, namespace)) ? undefined : gatherAll(query),
  }
}

export interface AdmissionOptions {
  readonly topics: Topics
  readonly unpublished: Unpublished
  readonly fanOut: FanOut
  readonly clock: Clock
}
