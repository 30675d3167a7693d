import { z } from 'zod'
import { createClient, type Client } from '../../../src/client/index.js'
import { isNoticeboardError } from '../../../src/contracts/errors.js'
import type { Clock } from '../../../src/contracts/system.js'
import type { Mirror, Store } from '../../../src/contracts/transport.js'
import type { Strategy } from '../../../src/contracts/strategy.js'
import { createController } from '../../../src/controller/index.js'
import type { Audience } from '../../../src/core/release/audience.js'
import type { Release } from '../../../src/core/release/release.js'
import {
  createPublisher,
  everyone,
  type Gate,
  type Publisher,
  type RolloutEnd,
} from '../../../src/publisher/index.js'
import { staged } from '../../../src/rollouts/index.js'
import { seededRandom } from '../../../src/sim/seeded-random.js'
import type { VirtualClock } from '../../../src/sim/virtual-clock.js'
import { systemClock, systemHasher } from '../../../src/system/system.js'
import { memoryFolder, testPlatform } from '../client-harness.js'
import { releasesOf } from '../releases-of.js'

export const NAMESPACE = 'checkout/prod'
/** How many clients there are: enough for four stages, and few enough for one process. */
export const CLIENTS = 20
/** What every client's own validator refuses, and the publisher does not. */
export const REFUSED = 666
/** Long enough that a busy machine makes nobody silent: silence is three of them. */
const REPORT_MS = 1_500
export const PERIODS = { bakeMs: 4_500, reportMs: REPORT_MS, spreadMs: 200, watchMs: 3_000 } as const

const schema = z.object({ pool: z.number().int() })
type Document = z.input<typeof schema>
const never = new AbortController().signal

/** A medium that a fleet is rolled out over. */
export interface Medium {
  /** Where releases are appended, as whoever publishes reaches it. */
  readonly store: Store
  /** How one client of the fleet follows it. */
  strategy(periods: { readonly pollIntervalMs: number }): Strategy
  /**
   * Whether this medium moves rollouts on itself, as `serve()` does; else the harness runs a
   * controller over its store.
   */
  readonly hasController?: boolean
  /** What follows each step of whoever publishes or moves on. */
  readonly mirrors?: readonly Mirror[]
  /** What its rollouts ask, where the harness moves them on. */
  readonly gates?: readonly Gate[]
  /**
   * What every client's own validator refuses, after what ran before; {@link REFUSED} unless given.
   */
  readonly refuses?: (pool: number, before: number | undefined) => boolean
  /** Virtual time, where nothing of it is real; the machine's unless given. */
  readonly clock?: VirtualClock
}

/** A release of the log, without what differs from run to run: times, names of controllers, ids. */
export interface StoryStep {
  readonly cause: string
  readonly state: string
  readonly stage: number
  /** How many of how many ran the candidate in that stage. */
  readonly exposed: string
  readonly audience: Audience | undefined
  readonly stable: string
  readonly withdrawn: readonly string[]
}

/** What became of a rollout that works and of one that every client refuses. */
export interface Story {
  readonly ends: readonly RolloutEnd[]
  readonly steps: readonly StoryStep[]
  /** What the clients run at the end. */
  readonly fleet: readonly number[]
  /** Clients that refused the second one. */
  readonly refusals: readonly string[]
}

/** A fleet that follows a board, and who publishes to it. */
export interface Fleet extends AsyncDisposable {
  readonly publisher: Publisher<Document>
  readonly clients: readonly Client<Document>[]
  readonly refusals: Set<string>
  /** Lets time pass until work is done. */
  done<T>(work: Promise<T>): Promise<T>
  /** Lets time pass until it holds. */
  until(what: string, holds: () => boolean | Promise<boolean>): Promise<void>
  releases(): Promise<readonly Release[]>
}

function isBadLuck(pool: number): boolean {
  return pool === REFUSED
}

/** Publishes the first version to everyone, and starts clients and a controller. */
export async function startFleet(medium: Medium): Promise<Fleet> {
  const { store, clock: virtual, gates = [], mirrors = [], refuses = isBadLuck } = medium
  const clock: Clock = virtual ?? systemClock
  const systemOf = (seed: number) => ({
    clock,
    random: seededRandom(seed),
    hasher: systemHasher,
    platform: testPlatform(),
  })
  const publisher = createPublisher({
    namespace: NAMESPACE,
    schema,
    store,
    gates,
    mirrors,
    system: systemOf(1),
  })
  const done = async <T>(work: Promise<T>): Promise<T> => {
    let settled = false
    const settle = (): void => void (settled = true)
    work.then(settle, settle)
    await virtual?.runUntil(() => settled, 600_000)
    return work
  }
  const until = async (what: string, holds: () => boolean | Promise<boolean>): Promise<void> => {
    for (let left = 1_500; !(await done(Promise.resolve(holds()))); left -= 1) {
      if (left === 0) throw new Error(`not yet: ${what}`)
      await done(clock.sleep(100, never))
    }
  }
  await done(publisher.publish({ pool: 1 }, { rollout: everyone(), reason: 'the first' }))
  const refusals = new Set<string>()
  const clients = Array.from({ length: CLIENTS }, (_, index) => {
    const clientId = `client-${index}`
    const client = createClient({
      namespace: NAMESPACE,
      schema,
      clientId,
      strategy: medium.strategy({ pollIntervalMs: 300 }),
      validators: [
        {
          name: 'no bad luck',
          validate: ({ pool }, { previous }) =>
            refuses(pool, (previous as Document | undefined)?.pool)
              ? [{ path: 'pool', message: 'brings bad luck' }]
              : [],
        },
      ],
      state: memoryFolder(),
      soakMs: 500,
      reports: { intervalMs: REPORT_MS, batchMs: 50 },
      system: systemOf(index + 100),
    })
    client.on('rejected', () => refusals.add(clientId))
    return client
  })
  const controller =
    medium.hasController === true
      ? undefined
      : createController({
          store,
          namespaces: [NAMESPACE],
          gates,
          mirrors,
          lookMs: 200,
          system: systemOf(2),
        })
  await done(Promise.all(clients.map(client => client.ready({ timeoutMs: 120_000 }))))
  return {
    publisher,
    clients,
    refusals,
    done,
    until,
    releases: () => releasesOf(store, NAMESPACE),
    async [Symbol.asyncDispose]() {
      await done(Promise.all([controller?.close(), ...clients.map(client => client.close())]))
      await done(publisher.close())
    },
  }
}

/**
 * Waits until a staged rollout would find every client and somebody who moves it on; whoever has
 * only just come is no evidence.
 */
export async function whenHeard({ publisher, until }: Fleet): Promise<void> {
  await until('every client is heard, for a report period', async () => {
    try {
      const { forecast } = await publisher.publish(
        { pool: 0 },
        { rollout: staged(PERIODS), reason: 'would it go?', dryRun: true },
      )
      return forecast[0]?.of === CLIENTS
    } catch (error) {
      // Over a ConfigMap nobody can report until somebody did: `unsupported`.
      if (isNoticeboardError(error, 'fleet-unknown', 'no-controller', 'unsupported')) return false
      throw error
    }
  })
}

/**
 * The same rollout over whatever medium: version 2 to everybody in four stages and a watch, then a
 * version 3 that every client refuses.
 */
export async function sameRollout(medium: Medium): Promise<Story> {
  await using fleet = await startFleet(medium)
  const { publisher, clients, done, until } = fleet
  const ends: RolloutEnd[] = []
  for (const pool of [2, REFUSED]) {
    await whenHeard(fleet)
    const rollout = await done(publisher.publish({ pool }, { rollout: staged(PERIODS), reason: 'more load' }))
    ends.push(await done(rollout.settled))
  }
  await until('everybody runs the second version', () => clients.every(({ current }) => current.pool === 2))
  const releases = await done(fleet.releases())
  return {
    ends,
    steps: stepsIn(releases),
    fleet: clients.map(({ current }) => current.pool),
    refusals: [...fleet.refusals],
  }
}

/** The releases of a log as steps of a story. */
export function stepsIn(releases: readonly Release[]): readonly StoryStep[] {
  return releases.map(stepOf)
}

function stepOf({ cause, rollout, audience, stable, withdrawn = [] }: Release): StoryStep {
  const { live = 0, exposed = 0 } = rollout?.stageStart ?? {}
  return {
    cause,
    state: rollout?.state ?? 'everyone',
    stage: rollout?.stage ?? 0,
    exposed: `${exposed} of ${live}`,
    audience,
    stable: stable.variants[0].digest,
    withdrawn,
  }
}

/** A story in one line a step, for people and for one look. */
export function linesOf({ steps }: Pick<Story, 'steps'>): readonly string[] {
  return steps.map(({ cause, state, stage, exposed }) => `${cause}: ${state}, stage ${stage}, ${exposed}`)
}
