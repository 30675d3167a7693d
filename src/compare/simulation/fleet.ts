import { createClient, type Client } from '../../client/index.js'
import type { Json } from '../../contracts/json.js'
import type { StateStorage } from '../../contracts/state.js'
import type { Fetch } from '../../contracts/system.js'
import { createPublisher } from '../../publisher/index.js'
import { everyone } from '../../rollouts/index.js'
import { createHandler } from '../../server/index.js'
import {
  seededDice,
  simFetch,
  soundLink,
  startProcess,
  virtualClock,
  type SimProcess,
  type SimServer,
  type Trace,
} from '../../sim/index.js'
import { http, httpStore } from '../../transports/http/index.js'
import { memory } from '../../transports/memory.js'
import { ANY_DOCUMENT, documentOf, NAMESPACE, roundOf } from '../board.js'
import type { Costs } from '../costs/costs.js'
import { REQUEST_TRIPS, sendsDeltas } from '../formula/counts.js'
import { busiestSecond, eachSecond } from '../formula/return.js'
import { serviceOf } from '../formula/service.js'
import { processesOf, serversOf } from '../formula/processes.js'
import type { RunnableModel } from '../models.js'
import type { Workload } from '../workload.js'
import { isOneIn, type Population } from './population.js'
import {
  createServerQueue,
  createSharingQueue,
  createTally,
  type ServerQueue,
  type SharingQueue,
} from './server-queue.js'
import { simulatedDeltas } from './simulated-deltas.js'
import { stateInMemory } from './state-in-memory.js'
import { createCache, timedServer } from './timed-server.js'

/** What a fleet is made of. */
export interface FleetOptions {
  readonly model: RunnableModel
  readonly workload: Workload
  readonly costs: Costs
  /** How many clients are simulated. */
  readonly simulated: number
  /** For how many clients each of them stands. */
  readonly weight: number
  readonly seed: number
}

const TOKEN = 'a-token-for-comparisons'

/**
 * Nothing of a comparison is replayed, and folding every byte would take as long as all the rest.
 */
const NO_TRACE: Trace = {
  add: () => {},
  traffic: () => ({ add: () => {}, bytes: () => {} }),
  hash: () => '',
  lines: [],
  length: 0,
}

/**
 * Makes a fleet in virtual time: real clients with the model's strategy, before servers that take
 * time. No client runs yet, and nothing was published.
 */
export function openFleet({ model, workload, costs, simulated, weight, seed }: FleetOptions): Population {
  const clock = virtualClock({ turns: 1 })
  const tally = createTally()
  const service = serviceOf(model.shape, { workload, costs })
  const { rttMs, documentBytes, keepsState } = workload
  const deltas = sendsDeltas(model.shape, workload) && simulatedDeltas
  const store = memory({ system: { clock } })
  // Published through the first server, as people do, which so knows of it at once.
  let throughFirst: Fetch = () => Promise.reject(new TypeError('fetch failed'))
  const publisher = createPublisher({
    namespace: NAMESPACE,
    schema: ANY_DOCUMENT,
    keepSchema: false,
    store: httpStore('http://server', {
      token: TOKEN,
      fetch: (url, init) => throughFirst(url, init),
      system: { clock },
    }),
    system: { clock, random: seededDice(seed, 'publisher') },
  })
  const heartbeatMs = model.shape?.type === 'stream' ? model.shape.heartbeatMs : undefined
  const count = processesOf(model.shape, workload)
  const places = Math.min(count, simulated)
  const queues: readonly ServerQueue[] = Array.from({ length: places }, () =>
    // Servers that are not simulated are those of clients that are not.
    createServerQueue({ clock, service, weight: (weight * places) / count, tally }),
  )
  const workers = model.shape?.workers ?? 0
  /** Which of the workers of its server a place is, from 0. */
  const workerOf = (index: number): number => (workers === 0 ? 0 : index % workers)
  /** What shares the connections of each server out among its workers. */
  const sharing: readonly SharingQueue[] = Array.from(
    { length: workers === 0 ? 0 : Math.ceil(places / workers) },
    (_, server) => {
      const own = Math.min(workers, places - server * workers)
      const ofAll = serversOf(model.shape, workload) * own
      return createSharingQueue({ clock, service, weight: (weight * places) / ofAll })
    },
  )
  const cache =
    model.shape?.snapshots === 'cache' ? createCache({ clock, fillMs: service.fillMs }) : undefined
  let servers: readonly SimServer[] = []
  let life = 0
  let round = 0

  const startServers = (): void => {
    life += 1
    servers = queues.map((queue, index): SimServer => {
      const process = startProcess(`server-${index}.${life}`, { clock, seed })
      const { fetch } = createHandler(store, {
        system: process.system,
        write: { token: TOKEN },
        deltas,
        ...(heartbeatMs !== undefined && { heartbeatMs }),
      })
      if (index === 0)
        throughFirst = (url, init) => fetch(new Request(url, { ...init, duplex: 'half' } as RequestInit))
      void standBy(fetch)
      // The last of the trips is the one that the simulated network takes.
      const openingMs = (REQUEST_TRIPS - 1) * rttMs
      const shared = sharing[Math.floor(index / Math.max(1, workers))]
      return { process, fetch: timedServer(fetch, { queue, shared, cache, clock, openingMs }) }
    })
  }

  const memberOf = (index: number) => {
    const link = soundLink()
    // A way takes a millisecond, and up to so much more.
    link.slowestMs = Math.max(0, rttMs - 2)
    const ranAtMs = new Map<number, number>()
    const state: StateStorage | undefined = keepsState ? stateInMemory() : undefined
    let lives = 0
    let process: SimProcess | undefined
    const start = (): void => {
      if (process?.alive === true) return
      lives += 1
      process = startProcess(`client-${index}.${lives}`, { clock, seed })
      const fetch = simFetch({
        world: clock,
        trace: NO_TRACE,
        dice: seededDice(seed, `way of ${process.name}`),
        client: process,
        host: () => servers[index % servers.length],
        link,
      })
      const client: Client<Json> = createClient({
        namespace: NAMESPACE,
        schema: ANY_DOCUMENT,
        strategy: model.strategy(http('http://server', { fetch, system: process.system })),
        system: process.system,
        clientId: `client-${index}`,
        deltas,
        ...(state !== undefined && { state }),
      })
      client.on('change', ({ current }) => {
        const own = roundOf(current as Json)
        if (!ranAtMs.has(own)) ranAtMs.set(own, clock.monotonic())
      })
      // Whether it is ready in time is seen by when it runs what.
      client.ready().catch(() => {})
    }
    return { link, ranAtMs, start, kill: () => process?.kill() }
  }
  const members = Array.from({ length: simulated }, (_, index) => memberOf(index))

  const oneIn = (every: number): typeof members => members.filter((_, index) => isOneIn(every, index))

  let cutOff: typeof members = []

  startServers()
  return {
    size: simulated,
    nowMs: clock.monotonic,
    pass: clock.advance,
    counts: () => Object.fromEntries(tally.counts),
    async publish() {
      round += 1
      let written = false
      const publishing = publisher
        .publish(documentOf(documentBytes, round), { rollout: everyone(), reason: 'compared' })
        .finally(() => void (written = true))
      // Who did not write it reads it once it was written.
      for (const [index, queue] of queues.entries())
        queue.occupy(service.changeMs + (workerOf(index) === 0 ? 0 : service.readMs))
      for (const shared of sharing) shared.occupy(service.readMs)
      while (!written) await clock.advance(1)
      await publishing
      return round
    },
    async startOver(ms, signal) {
      for (const { start } of members) {
        signal.throwIfAborted()
        start()
        await clock.advance(ms / simulated)
      }
    },
    kill(every, forgotten) {
      for (const { kill, ranAtMs } of oneIn(every)) {
        kill()
        ranAtMs.delete(forgotten)
      }
    },
    start(every) {
      for (const { start } of oneIn(every)) start()
    },
    cut(every) {
      cutOff = oneIn(every)
      for (const { link } of cutOff) link.black = true
    },
    mend() {
      for (const { link } of cutOff) link.black = false
    },
    stopServers() {
      for (const { process } of servers) process.kill()
      servers = []
    },
    startServers,
    lacking: asked => members.filter(({ ranAtMs }) => !ranAtMs.has(asked)).length,
    delaysOf: (asked, { sinceMs, every = 1 }) =>
      oneIn(every)
        .flatMap(({ ranAtMs }) => {
          const atMs = ranAtMs.get(asked)
          return atMs === undefined ? [] : [atMs - sinceMs]
        })
        .sort((a, b) => a - b),
    requestsSince(ms) {
      const sinceMs = tally.arrivals
        .filter(atMs => atMs >= ms)
        .map(atMs => atMs - ms)
        .sort((a, b) => a - b)
      return { busiestSecond: busiestSecond(sinceMs), eachSecond: eachSecond(sinceMs) }
    },
    freeAtMs: () => Math.max(...[...queues, ...sharing].map(({ freeAtMs }) => freeAtMs)),
    close() {
      for (const { kill } of members) kill()
      for (const { process } of servers) process.kill()
    },
  }
}

/**
 * Holds a stream that nobody counts for as long as its server lives. A client is started beside
 * others that go on, so it finds a server that makes marks, also where a simulation starts all of
 * them at once.
 */
async function standBy(fetch: (request: Request) => Promise<Response>): Promise<void> {
  const { body } = await fetch(new Request(`http://server/v1/~events?ns=${encodeURIComponent(NAMESPACE)}`))
  const reader = body?.getReader()
  while ((await reader?.read())?.done === false);
}
