import { afterEach } from 'vitest'
import { z } from 'zod'
import type { CompleteStore } from '../../../../src/contracts/transport.js'
import { createController } from '../../../../src/controller/index.js'
import {
  createPublisher,
  everyone,
  type Publisher,
  type RolloutPolicy,
} from '../../../../src/publisher/index.js'
import type { RolloutFloor, StagedOptions } from '../../../../src/rollouts/index.js'
import { seededRandom } from '../../../../src/sim/seeded-random.js'
import { virtualClock, type VirtualClock } from '../../../../src/sim/virtual-clock.js'
import { systemHasher } from '../../../../src/system/system.js'
import { memory } from '../../../../src/transports/memory.js'
import {
  startPaperFleet,
  type Effect,
  type PaperFleet,
  type PaperFleetOptions,
} from '../../../support/rollouts/paper-fleet.js'
import { startRealClients } from './real-clients.js'

const namespace = 'replays/rollouts'
const schema = z.object({ pool: z.number() })
export const MINUTE = 60_000
export const CLIENTS = 60
/** A smaller fleet, of clients that are no model. */
export const REAL = { clients: 12, real: true, waitMs: 30 * MINUTE } as const
/** What goes to everyone has done its harm within minutes. */
export const AT_ONCE = { ...REAL, rollout: everyone(), waitMs: 10 * MINUTE } as const
export const reason = 'an update'
/** How often clients and the controller look: three times in a report period. */
export const LOOK_MS = 10_000
/** The stages that a fleet of that size gets by itself; only the periods are shorter. */
export const DEFAULTS: StagedOptions = { bakeMs: 5 * MINUTE, reportMs: 30_000, watchMs: 15 * MINUTE }

const closing: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close()
})

/** What became of a document that did harm. */
export interface Outcome {
  /** Clients that ever ran it. */
  readonly touched: number
  /** The most of them that began to run it within a minute. */
  readonly most: number
  /** Clients that run it when that is over. */
  readonly left: number
  /** From `publish()` until the last that ran it ran the first version again, in milliseconds. */
  readonly goneMs: number
  readonly state: string | undefined
}

/** A fleet, its controller, and who publishes to it. */
export interface Stand {
  readonly clock: VirtualClock
  readonly publisher: Publisher<{ readonly pool: number }>
  readonly fleet: Pick<PaperFleet, 'everRan' | 'runs'>
  /** Publishes a document, and gives its digest. */
  readonly publish: (pool: number) => Promise<string>
}

export interface Play {
  readonly rollout: RolloutPolicy
  readonly floor?: RolloutFloor
  readonly belowFloor?: string
  /** What a version after the first does to a client; `running` is how many clients run it now. */
  readonly effect: (clientId: string, running: number, digest: string) => Effect
  readonly diesAfterMs?: number
  readonly clients?: number
  /** Whether they are real ones that parse what they are given, over HTTP, and not on paper. */
  readonly real?: true
  /** Real ones that have no state folder. */
  readonly forgetful?: boolean
  readonly labels?: (number: number) => Readonly<Record<string, string>>
  /** Policies that the controller has besides. */
  readonly policies?: readonly RolloutPolicy[]
  /** The store as clients and controller have it. */
  readonly through?: (store: CompleteStore) => CompleteStore
  /** How long is waited after that, in milliseconds. Default an hour and a half. */
  readonly waitMs?: number
  /** What happens once the second version is published, before anybody waits. */
  readonly after?: (stand: Stand) => Promise<void>
}

/**
 * Publishes a harmful second version to a fleet that has run the first for a while, and waits
 * for an hour and a half unless told otherwise.
 */
export async function play(given: Play): Promise<Outcome> {
  const { rollout, floor, belowFloor, effect, diesAfterMs, clients = CLIENTS, labels, policies = [] } = given
  const { through = (store: CompleteStore): CompleteStore => store, after, forgetful = false } = given
  const clock: VirtualClock = virtualClock()
  const system = { clock, random: seededRandom(11), hasher: systemHasher }
  const store = memory({ system })
  const publisher = createPublisher({ namespace, schema, store, system, ...(floor && { floor }) })
  const controller = createController({
    store: through(store),
    system,
    lookMs: LOOK_MS,
    policies,
    namespaces: [namespace],
  })
  await publisher.publish({ pool: 1 }, { rollout: everyone(), reason })
  const first = (await publisher.current())?.digest
  const begun: number[] = []
  let backMs = 0
  const startClients =
    given.real === true
      ? (options: PaperFleetOptions & { readonly store: CompleteStore }) =>
          startRealClients({ ...options, clock, forgetful })
      : startPaperFleet
  const fleet = startClients({
    store: through(store),
    clock,
    namespace,
    clients,
    lookMs: LOOK_MS,
    effect: (digest, clientId) =>
      digest === first ? 'works' : effect(clientId, fleet.runs(digest).length, digest),
    onRun: ({ digest }) => {
      if (digest === first) backMs = clock.monotonic()
      else begun.push(clock.monotonic())
    },
    ...(diesAfterMs !== undefined && { diesAfterMs }),
    ...(labels !== undefined && { labels }),
  })
  closing.push(
    () => publisher.close(),
    () => controller.close(),
    () => fleet.close(),
  )
  await clock.advance(20 * MINUTE)
  const publish = async (pool: number): Promise<string> => {
    const options = { rollout, reason, ...(belowFloor !== undefined && { belowFloor }) }
    return (await publisher.publish({ pool }, options)).digest
  }
  const publishedMs = clock.monotonic()
  const digest = await publish(2)
  await after?.({ clock, publisher, fleet, publish })
  await clock.advance(given.waitMs ?? 90 * MINUTE)
  const state = (await publisher.rollout())?.state
  const most = Math.max(0, ...begun.map(from => begun.filter(at => at >= from && at < from + MINUTE).length))
  const [touched, left] = [fleet.everRan(digest).length, fleet.runs(digest).length]
  return { touched, most, left, goneMs: backMs - publishedMs, state }
}

/** How many of the fleet a number stands for. */
export const indexOf = (clientId: string): number => Number(clientId.slice(clientId.lastIndexOf('-') + 1))
